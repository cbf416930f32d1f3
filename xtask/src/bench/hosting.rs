//! `cargo xtask bench hosting`: an endpoint of `mlpp up` under load by wrk.
//!
//! Three things are measured: what it answers, beside gradient boosting by scikit-learn behind `FastAPI` on the same rows
//! (`xtask/peers/hosting.py`), each with one process for the model; whether a request fails while the endpoint is
//! updated; and how many instances it has while the load rises and falls.

mod load;
mod served;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::Error;
use crate::peers::{self, BENCHMARKS};
use crate::project::{self, Project};
use crate::workspace::Workspace;
use load::{Answers, Load};
use served::Served;

/// Both sides are asked in turn, so many times each; the median counts.
const ROUNDS: usize = 3;
const CONNECTIONS: [u32; 3] = [1, 8, 64];
const ROUND: Duration = Duration::from_secs(10);
const WARM_UP: Duration = Duration::from_secs(2);

/// Updates under load.
const UPDATES: usize = 5;

/// Invocations per second and for how long, of the load that rises and falls.
const RISE_AND_FALL: [(u32, Duration); 3] =
    [(4, Duration::from_secs(90)), (50, Duration::from_secs(210)), (4, Duration::from_mins(5))];
const BOUNDS: (u64, u64) = (1, 3);
/// Invocations of an instance in a minute that scaling aims at.
const TARGET: u64 = 600;
const SAMPLE: Duration = Duration::from_secs(30);

/// One side at one number of connections.
struct Row {
    connections: u32,
    who: &'static str,
    answers: Answers,
}

/// Measures, and prints tables in Markdown.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let peers = peers::prepare(workspace, &BENCHMARKS)?;
    let project = Project::example(workspace, &project::build(workspace)?)?;
    let mut parameters = project.document("ml-parameters.json")?;
    parameters["autoscalingMinCapacity"] = json!(BOUNDS.0);
    parameters["autoscalingMaxCapacity"] = json!(BOUNDS.1);
    let tracking = &mut parameters["targetTrackingScalingPolicyConfiguration"];
    tracking["DisableScaleIn"] = json!(false);
    tracking["ScaleInCooldown"] = json!(60);
    // What is measured first is one process.
    tracking["TargetValue"] = json!(100_000_000);
    project.write("ml-parameters.json", &parameters.to_string())?;
    project.json(&["apply", "--yes", "--quiet", "--json"])?;
    let ours = Served::up(&project)?;
    served::deploy(&project, "first.json")?;
    let best = project.json(&["trials", "--json"])?["trials"][0].clone();

    let mut out = String::new();
    let mut rows = Vec::new();
    let mut memory = vec![("mlpp up and its model", ours.memory()?)];
    let theirs = match &peers.python {
        Some(python) => {
            let script = workspace.root.join("xtask/peers/hosting.py");
            let (served, peer) = Served::peer(python, &script, &project, &best["hyperparameters"])?;
            let _ = writeln!(out, "{}\n", models(&best, peer.auc));
            memory.push(("FastAPI and its model", served.memory()?));
            Some(served)
        }
        None => None,
    };
    for connections in CONNECTIONS {
        let mut sides = vec![("mlpp up", ours.endpoint(), Vec::new())];
        if let Some(theirs) = &theirs {
            sides.push(("FastAPI + scikit-learn", theirs.container(), Vec::new()));
        }
        for (_, url, _) in &sides {
            Load::full(connections, WARM_UP).put(workspace, &project, url)?;
        }
        for _ in 0..ROUNDS {
            for (who, url, rounds) in &mut sides {
                let answers = Load::full(connections, ROUND).put(workspace, &project, url)?;
                eprintln!("{who}, {connections} connections: {:.0} per second", answers.rate());
                rounds.push(answers);
            }
        }
        rows.extend(sides.into_iter().map(|(who, _, rounds)| Row {
            connections,
            who,
            answers: median(rounds),
        }));
    }
    memory.push(("mlpp up and its model, after the load", ours.memory()?));
    if let Some(theirs) = &theirs {
        memory.push(("FastAPI and its model, after the load", theirs.memory()?));
    }
    drop(theirs);
    write_answers(&rows, &memory, &mut out);
    let update = update(workspace, &project, &ours)?;
    let _ = writeln!(
        out,
        "\n{UPDATES} updates of the endpoint under the load of 8 connections: {} requests, {} failed, p99 {:.2} ms, \
         longest {:.2} ms.\n",
        update.requests,
        update.failed(),
        update.p99_ms,
        update.max_ms
    );
    parameters["targetTrackingScalingPolicyConfiguration"]["TargetValue"] = json!(TARGET);
    project.write("ml-parameters.json", &parameters.to_string())?;
    project.json(&["apply", "--yes", "--quiet", "--json"])?;
    served::deploy(&project, "scaled.json")?;
    let scaling = rise_and_fall(workspace, &project, &ours)?;
    write_scaling(&scaling, &mut out);
    for missing in &peers.missing {
        let _ = writeln!(out, "{missing}");
    }
    print!("{out}");
    let failed = update.failed() + scaling.failed + rows.iter().map(|row| row.answers.failed()).sum::<u64>();
    if failed > 0 {
        return Err(Error::Check(format!("{failed} requests failed")));
    }
    scaling.check()
}

fn models(best: &Value, auc: f64) -> String {
    let ours = best["value"].as_f64().unwrap_or_default();
    let of = |name: &str| best["hyperparameters"][name].as_str().unwrap_or("-").to_owned();
    format!(
        "Both models: gradient boosting of {} trees of depth {}; validation AUC {ours:.3} and {auc:.3}. \
         A request is CSV with three rows, the answer JSON.",
        of("ntrees"),
        of("max_depth")
    )
}

/// The round with the rate in the middle.
fn median(mut rounds: Vec<Answers>) -> Answers {
    rounds.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
    rounds.swap_remove(rounds.len() / 2)
}

fn write_answers(rows: &[Row], memory: &[(&str, f64)], out: &mut String) {
    let _ = writeln!(out, "| connections | | requests per second | p50 ms | p99 ms | failed |");
    let _ = writeln!(out, "|---:|---|---:|---:|---:|---:|");
    for Row { connections, who, answers } in rows {
        let _ = writeln!(
            out,
            "| {connections} | {who} | {:.0} | {:.2} | {:.2} | {} |",
            answers.rate(),
            answers.p50_ms,
            answers.p99_ms,
            answers.failed()
        );
    }
    let _ = writeln!(out, "\n| memory | MiB |\n|---|---:|");
    for (who, mib) in memory {
        let _ = writeln!(out, "| {who} | {mib:.0} |");
    }
}

/// Updates the endpoint by manifests that are dropped, while it is asked all the time.
fn update(workspace: &Workspace, project: &Project, ours: &Served) -> Result<Answers, Error> {
    let configuration = |described: &Value| described["EndpointConfigName"].clone();
    // Ended by hand, once the updates are through.
    let mut load = Load::full(8, Duration::from_mins(1)).start(workspace, project, &ours.endpoint())?;
    let mut before = configuration(&served::describe(project)?);
    for number in 0..UPDATES {
        served::deploy(project, &format!("update-{number}.json"))?;
        let after = configuration(&served::describe(project)?);
        if after == before {
            return Err(Error::Check("a manifest did not update the endpoint".to_owned()));
        }
        before = after;
    }
    if !load.is_alive()? {
        return Err(Error::Check("the updates took longer than the load".to_owned()));
    }
    load.finish()
}

/// The endpoint at one moment.
struct Sample {
    after: Duration,
    per_second: u32,
    desired: u64,
    current: u64,
}

/// An endpoint under a load that rises and falls.
struct Scaling {
    samples: Vec<Sample>,
    requests: u64,
    failed: u64,
}

impl Scaling {
    /// Up and down again, and never out of bounds.
    fn check(&self) -> Result<(), Error> {
        let counts: Vec<u64> = self.samples.iter().map(|sample| sample.current).collect();
        let (low, high) = BOUNDS;
        let is_within = counts.iter().all(|count| (low..=high).contains(count));
        let rose = counts.contains(&high);
        if is_within && rose && counts.first() == Some(&low) && counts.last() == Some(&low) {
            return Ok(());
        }
        Err(Error::Check(format!(
            "the instances did not follow their traffic within {low} to {high}: {counts:?}"
        )))
    }
}

fn rise_and_fall(workspace: &Workspace, project: &Project, ours: &Served) -> Result<Scaling, Error> {
    let start = Instant::now();
    let mut all = Scaling { samples: Vec::new(), requests: 0, failed: 0 };
    for (per_second, duration) in RISE_AND_FALL {
        let mut load = Load::paced(per_second, duration).start(workspace, project, &ours.endpoint())?;
        while load.is_alive()? {
            let next = SAMPLE * u32::try_from(all.samples.len()).unwrap_or(u32::MAX);
            if start.elapsed() < next {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
            let described = served::describe(project)?;
            let count =
                |member: &str| described["ProductionVariants"][0][member].as_u64().unwrap_or_default();
            let sample = Sample {
                after: start.elapsed(),
                per_second,
                desired: count("DesiredInstanceCount"),
                current: count("CurrentInstanceCount"),
            };
            eprintln!(
                "{:>4} s: {per_second} per second, {} instances",
                sample.after.as_secs(),
                sample.current
            );
            all.samples.push(sample);
        }
        let answers = load.finish()?;
        all.requests += answers.requests;
        all.failed += answers.failed();
    }
    Ok(all)
}

fn write_scaling(all: &Scaling, out: &mut String) {
    let (low, high) = BOUNDS;
    let _ = writeln!(
        out,
        "Instances under a load that rises and falls; {TARGET} invocations per instance and minute are aimed at, \
         {low} to {high} instances allowed: {} requests, {} failed.\n",
        all.requests, all.failed
    );
    let _ = writeln!(out, "| time | invocations per minute | instances | desired |\n|---:|---:|---:|---:|");
    for Sample { after, per_second, desired, current } in &all.samples {
        let seconds = after.as_secs();
        let _ = writeln!(
            out,
            "| {}:{:02} | {} | {current} | {desired} |",
            seconds / 60,
            seconds % 60,
            per_second * 60
        );
    }
    let _ = writeln!(out);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Sample, Scaling};

    fn samples(counts: &[u64]) -> Scaling {
        let sample = |current: &u64| Sample {
            after: Duration::ZERO,
            per_second: 1,
            desired: *current,
            current: *current,
        };
        Scaling { samples: counts.iter().map(sample).collect(), requests: 0, failed: 0 }
    }

    #[test]
    fn instances_must_rise_to_the_most_and_fall_to_the_least() {
        assert!(samples(&[1, 2, 3, 2, 1]).check().is_ok());
        for counts in [&[][..], &[1], &[1, 2, 1], &[1, 3], &[1, 3, 4, 1], &[1, 0, 3, 1], &[3, 1]] {
            assert!(samples(counts).check().is_err(), "{counts:?}");
        }
    }
}
