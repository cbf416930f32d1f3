//! `cargo xtask bench states`: transitions per second and peak memory of the States Language engine, beside the servers of
//! moto and `MiniStack`.
//!
//! `crates/states/benches/machines.rs` knows the cases and measures ours; `xtask/peers/states.py` runs the same definitions in the
//! peers' servers. Here they are brought together.

use std::fmt::Write as _;
use std::process::Command;

use serde::Deserialize;

use super::{bench, collect};
use crate::error::Error;
use crate::peers::{self, BENCHMARKS};
use crate::process::{converse, parse, shown};
use crate::workspace::Workspace;

const PEERS: [&str; 2] = ["moto", "MiniStack"];

/// What we expect of ours: so many times the faster peer for JSONPath, so many transitions per second for JSONata, and at most so
/// many times the cost of a transition at the smallest size. Memory is slower than its caches, which the last one leaves room for.
const TIMES: f64 = 100.0;
const JSONATA: f64 = 100_000.0;
const GROWTH: f64 = 2.0;

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    title: String,
    size: u64,
    transitions: f64,
}

/// A case of ours, measured in one of the benchmark's modes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Ours {
    case: String,
    size: u64,
    mode: String,
    seconds: f64,
    peak_kib: f64,
}

/// A case in a peer's server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Theirs {
    peer: String,
    case: String,
    size: u64,
    /// Absent where it has no result; then `why` tells.
    seconds: Option<f64>,
    why: Option<String>,
    /// Set where it was stopped because it took longer.
    stopped_after: Option<f64>,
    peak_kib: f64,
}

/// Everything that was measured.
#[derive(Debug, Default)]
struct Results {
    cases: Vec<Case>,
    ours: Vec<Ours>,
    theirs: Vec<Theirs>,
}

/// Measures ours, then the peers where this machine can have them, and prints a table.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let peers = peers::prepare(workspace, &BENCHMARKS)?;
    let machines = |argument: &str| {
        let mut command = bench(workspace, "mlpp-states", "machines");
        command.args(["--", argument]);
        command
    };
    let mut cases = String::new();
    let mut results = Results::default();
    let mut command = machines("--cases");
    let program = shown(&command);
    converse(&mut command, "", |line| {
        cases.push_str(line);
        cases.push('\n');
        results.cases.push(parse(&program, line)?);
        Ok(())
    })?;
    results.ours = collect(&mut machines("--json"), "", |ours: &Ours| {
        format!("{} {} {}: {:.4} s", ours.case, ours.size, ours.mode, ours.seconds)
    })?;
    if let Some(python) = &peers.python {
        let mut script = Command::new(python);
        script.args(["-I"]).arg(workspace.root.join("xtask/peers/states.py"));
        // An empty line ends the cases.
        results.theirs = collect(&mut script, &format!("{cases}\n"), |theirs: &Theirs| {
            let outcome = theirs.seconds.map_or_else(|| theirs.why(), |seconds| format!("{seconds:.3} s"));
            format!("{} {} {}: {outcome}", theirs.case, theirs.size, theirs.peer)
        })?;
    }
    let missing: Vec<String> = peers.missing.iter().map(ToString::to_string).collect();
    print!("{}", report(&results, &missing));
    Ok(())
}

impl Theirs {
    fn why(&self) -> String {
        self.why.clone().unwrap_or_else(|| String::from("no result"))
    }
}

impl Results {
    fn ours(&self, case: &Case, mode: &str) -> Option<&Ours> {
        self.ours.iter().find(|ours| ours.case == case.name && ours.size == case.size && ours.mode == mode)
    }

    fn theirs(&self, case: &Case, peer: &str) -> Option<&Theirs> {
        self.theirs
            .iter()
            .find(|theirs| theirs.case == case.name && theirs.size == case.size && theirs.peer == peer)
    }

    /// Transitions per second of ours.
    fn rate(&self, case: &Case, mode: &str) -> Option<f64> {
        self.ours(case, mode).map(|ours| case.transitions / ours.seconds)
    }

    /// Ours by JSONPath as a multiple of the faster peer; the flag says that it is at least so much, as every peer was stopped.
    fn ratio(&self, case: &Case) -> Option<(f64, bool)> {
        let ours = self.ours(case, "jsonpath")?.seconds;
        let of = |time: fn(&Theirs) -> Option<f64>| {
            let times = PEERS.iter().filter_map(|peer| self.theirs(case, peer)).filter_map(time);
            times.min_by(f64::total_cmp).map(|theirs| theirs / ours)
        };
        match of(|theirs| theirs.seconds) {
            Some(ratio) => Some((ratio, false)),
            None => of(|theirs| theirs.stopped_after).map(|ratio| (ratio, true)),
        }
    }
}

fn report(results: &Results, missing: &[String]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(results, missing, &mut out);
    out
}

fn write_report(results: &Results, missing: &[String], out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "Transitions per second (a transition is a state that is entered). Ours is called in this process, with the"
    )?;
    writeln!(
        out,
        "limits lifted and the history dropped, or with each event kept as JSON text. The peers are servers that answer"
    )?;
    writeln!(
        out,
        "over HTTP on the loopback interface, from StartExecution to the end that DescribeExecution tells of.\n"
    )?;
    writeln!(
        out,
        "{:<29} {:>10} {:>12} {:>10} {:>10} {:>10} {:>10}",
        "", "JSONPath", "with history", "JSONata", PEERS[0], PEERS[1], "x faster"
    )?;
    let number = |value: Option<f64>| value.map_or_else(|| String::from("-"), grouped);
    for case in &results.cases {
        write!(out, "{:<29}", title(case))?;
        write!(out, " {:>10}", number(results.rate(case, "jsonpath")))?;
        write!(out, " {:>12}", number(results.rate(case, "jsonpath-history")))?;
        write!(out, " {:>10}", number(results.rate(case, "jsonata")))?;
        for peer in PEERS {
            write!(out, " {:>10}", rate_of_peer(case, results.theirs(case, peer)))?;
        }
        let ratio = results.ratio(case).map_or_else(
            || String::from("-"),
            |(ratio, at_least)| format!("{}{}", if at_least { ">" } else { "" }, grouped(ratio)),
        );
        writeln!(out, " {ratio:>10}")?;
    }
    writeln!(out, "\nPeak memory in MiB, of a process of its own for each case.\n")?;
    writeln!(
        out,
        "{:<29} {:>10} {:>12} {:>10} {:>10} {:>10}",
        "", "JSONPath", "with history", "JSONata", PEERS[0], PEERS[1]
    )?;
    let mib = |kib: Option<f64>| kib.map_or_else(|| String::from("-"), |kib| format!("{:.1}", kib / 1024.0));
    for case in &results.cases {
        let ours = |mode| mib(results.ours(case, mode).map(|ours| ours.peak_kib));
        let theirs = |peer| mib(results.theirs(case, peer).map(|theirs| theirs.peak_kib));
        writeln!(
            out,
            "{:<29} {:>10} {:>12} {:>10} {:>10} {:>10}",
            title(case),
            ours("jsonpath"),
            ours("jsonpath-history"),
            ours("jsonata"),
            theirs(PEERS[0]),
            theirs(PEERS[1]),
        )?;
    }
    writeln!(out)?;
    for (case, theirs) in
        results.cases.iter().flat_map(|case| PEERS.map(|peer| (case, results.theirs(case, peer)))).filter_map(
            |(case, theirs)| theirs.filter(|theirs| theirs.seconds.is_none()).map(|theirs| (case, theirs)),
        )
    {
        writeln!(out, "{}, {}: {}", theirs.peer, title(case), theirs.why())?;
    }
    missing.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    let below = shortfalls(results);
    if below.is_empty() {
        writeln!(out, "Everything is as expected: {}", expected())
    } else {
        writeln!(out, "Not as expected ({}):", expected())?;
        below.iter().try_for_each(|line| writeln!(out, "  {line}"))
    }
}

fn expected() -> String {
    format!(
        "JSONPath {TIMES} x the faster peer, JSONata {} transitions per second, \
         a transition at any size at most {GROWTH} x the cost at the smallest",
        grouped(JSONATA)
    )
}

/// What falls short of what we expect.
fn shortfalls(results: &Results) -> Vec<String> {
    let mut below = Vec::new();
    for case in &results.cases {
        match results.ratio(case) {
            Some((ratio, _)) if ratio >= TIMES => {}
            Some((ratio, _)) => below.push(format!("{}: {ratio:.0} x the faster peer", title(case))),
            None => below.push(format!("{}: no peer to compare with", title(case))),
        }
        if let Some(rate) = results.rate(case, "jsonata").filter(|rate| *rate < JSONATA) {
            below.push(format!("{}: {} transitions per second by JSONata", title(case), grouped(rate)));
        }
        let smallest = results.cases.iter().find(|other| other.name == case.name);
        for mode in ["jsonpath", "jsonata"] {
            let at = |case: Option<&Case>| results.rate(case?, mode);
            if let (Some(small), Some(large)) = (at(smallest), at(Some(case)))
                && small / large > GROWTH
            {
                let times = small / large;
                below.push(format!("{}: a transition costs {times:.1} x as much by {mode}", title(case)));
            }
        }
    }
    below
}

fn rate_of_peer(case: &Case, theirs: Option<&Theirs>) -> String {
    match theirs {
        Some(Theirs { seconds: Some(seconds), .. }) => grouped(case.transitions / seconds),
        Some(Theirs { stopped_after: Some(seconds), .. }) => {
            format!("<{}", grouped(case.transitions / seconds))
        }
        Some(_) => String::from("failed"),
        None => String::from("-"),
    }
}

fn title(case: &Case) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let size = grouped(case.size as f64);
    format!("{size} {}", case.title)
}

/// A whole number with its digits in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(theirs: Vec<Theirs>) -> Results {
        let case = |size, transitions| Case {
            name: String::from("chain"),
            title: String::from("Pass states"),
            size,
            transitions,
        };
        let ours = |size, mode: &str, seconds| Ours {
            case: String::from("chain"),
            size,
            mode: mode.to_owned(),
            seconds,
            peak_kib: 2048.0,
        };
        Results {
            cases: vec![case(300, 300.0), case(3_000, 3_000.0)],
            ours: vec![
                ours(300, "jsonpath", 0.0001),
                ours(3_000, "jsonpath", 0.003),
                ours(300, "jsonata", 0.01),
                ours(3_000, "jsonata", 0.01),
            ],
            theirs,
        }
    }

    fn theirs(peer: &str, size: u64, seconds: Option<f64>, stopped_after: Option<f64>) -> Theirs {
        let why = stopped_after.map(|seconds| format!("more than {seconds} s"));
        Theirs {
            peer: peer.to_owned(),
            case: String::from("chain"),
            size,
            seconds,
            why,
            stopped_after,
            peak_kib: 1024.0,
        }
    }

    #[test]
    fn the_faster_peer_counts_or_else_the_time_at_which_they_were_stopped() {
        let results = results(vec![
            theirs("moto", 300, Some(1.0), None),
            theirs("MiniStack", 300, Some(0.5), None),
            theirs("moto", 3_000, None, Some(60.0)),
        ]);
        let ratio =
            |index: usize| results.ratio(&results.cases[index]).map(|(ratio, least)| (ratio.round(), least));
        assert_eq!(ratio(0), Some((5_000.0, false)));
        assert_eq!(ratio(1), Some((20_000.0, true)));
        let text = report(&results, &[]);
        assert!(text.contains("3,000,000"), "{text}");
        assert!(text.contains(">20,000") && text.contains("<50"), "{text}");
        assert!(text.contains("moto, 3,000 Pass states: more than 60 s"), "{text}");
    }

    #[test]
    fn what_falls_short_is_told() {
        let results = results(vec![theirs("moto", 300, Some(0.005), None)]);
        let expected = [
            "300 Pass states: 50 x the faster peer",
            "300 Pass states: 30,000 transitions per second by JSONata",
            "3,000 Pass states: no peer to compare with",
            "3,000 Pass states: a transition costs 3.0 x as much by jsonpath",
        ];
        assert_eq!(shortfalls(&results), expected);
    }

    #[test]
    fn without_peers_their_columns_are_empty_and_the_reason_is_told() {
        let text = report(&results(Vec::new()), &[String::from("moto: skipped, no Python")]);
        let row = text.lines().find(|line| line.starts_with("300 Pass")).unwrap();
        assert_eq!(
            row.split_whitespace().skip(3).collect::<Vec<_>>(),
            ["3,000,000", "-", "30,000", "-", "-", "-"]
        );
        assert!(text.contains("moto: skipped, no Python"));
    }
}
