//! What a transition costs: chains, loops, Maps, branches and small executions, with the limits lifted.
//! `cargo xtask bench states` runs it, beside the servers of other implementations.
//!
//! Each case runs in a process of its own, so that its peak memory is its own: that of the whole process.
//!
//! Without arguments it prints a table. `--cases` prints the cases as lines of JSON, with the definitions and inputs that go to
//! the other implementations; `--json` prints the results as lines of JSON.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark is a program for people"
)]

use std::convert::Infallible;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mlpp_states::{
    DefinitionLimits, HistoryEvent, Json, Limits, Outcome, Simulation, StartParameters, StateMachine,
    TaskRequest, Timestamp, WorkflowType,
};
use serde_json::{Map, Value, json};

/// The cases with their sizes.
const CASES: [(Case, &[usize]); 6] = [
    (Case::Plain, &[300, 3_000, 30_000]),
    (Case::Chain, &[300, 3_000, 30_000]),
    (Case::Loop, &[500, 5_000, 50_000]),
    (Case::Map, &[500, 5_000, 50_000]),
    (Case::Parallel, &[100]),
    (Case::Small, &[1_000]),
];

/// What is measured of each case.
const MODES: [&str; 3] = ["jsonpath", "jsonata", "jsonpath-history"];

/// How long a case is measured: at least so many samples, and for so long, after one that only warms up.
const SAMPLES: usize = 5;
const ENOUGH: Duration = Duration::from_secs(1);
/// A sample is as many runs as take so long: a clock says little about less.
const SAMPLE: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// Pass states in a row that do nothing.
    Plain,
    /// Pass states in a row, each of which adds one.
    Chain,
    /// A Pass state that adds one, and a Choice state that goes back to it.
    Loop,
    /// A Map whose iterations are one Pass state.
    Map,
    /// A Parallel state whose branches are one Pass state.
    Parallel,
    /// Executions of a Pass, a Choice and a Succeed state, one after the other.
    Small,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    JsonPath,
    Jsonata,
}

impl Case {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Chain => "chain",
            Self::Loop => "loop",
            Self::Map => "map",
            Self::Parallel => "parallel",
            Self::Small => "small",
        }
    }

    /// What the size counts.
    fn title(self) -> &'static str {
        match self {
            Self::Plain => "Pass states",
            Self::Chain => "Pass states that count",
            Self::Loop => "turns of a Choice loop",
            Self::Map => "items of a Map",
            Self::Parallel => "branches of a Parallel",
            Self::Small => "small executions",
        }
    }

    fn named(name: &str) -> Self {
        CASES.iter().map(|(case, _)| *case).find(|case| case.name() == name).unwrap()
    }

    /// The states that one run of the case enters.
    fn transitions(self, size: usize) -> usize {
        match self {
            Self::Plain | Self::Chain => size,
            // Each turn is two states; the last one leads to a Succeed state.
            Self::Loop => 2 * size + 1,
            Self::Map | Self::Parallel => size + 1,
            Self::Small => 3 * size,
        }
    }

    /// Executions of one run.
    fn executions(self, size: usize) -> usize {
        if self == Self::Small { size } else { 1 }
    }

    fn definition(self, size: usize, language: Language) -> Value {
        let states = match self {
            Self::Plain => row(size, |next| ended(json!({"Type": "Pass"}), next)),
            Self::Chain => row(size, |next| add_one(language, next)),
            Self::Loop => members([
                ("S1", add_one(language, Some("Again"))),
                ("Again", choice(language, size, "S1", "Done")),
                ("Done", json!({"Type": "Succeed"})),
            ]),
            Self::Map => {
                let processor = json!({
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "S",
                    "States": {"S": add_one(language, None)},
                });
                let mut map = json!({"Type": "Map", "ItemProcessor": processor, "End": true});
                match language {
                    Language::JsonPath => map["ItemsPath"] = json!("$.items"),
                    Language::Jsonata => map["Items"] = json!("{% $states.input.items %}"),
                }
                members([("S1", map)])
            }
            Self::Parallel => {
                let branches: Vec<Value> = (0..size)
                    .map(|branch| {
                        let name = format!("B{branch}");
                        json!({"StartAt": name, "States": {name: add_one(language, None)}})
                    })
                    .collect();
                members([("S1", json!({"Type": "Parallel", "Branches": branches, "End": true}))])
            }
            Self::Small => members([
                ("S1", add_one(language, Some("Enough"))),
                ("Enough", choice(language, 1, "Wrong", "Done")),
                ("Done", json!({"Type": "Succeed"})),
                ("Wrong", json!({"Type": "Fail"})),
            ]),
        };
        let name = match language {
            Language::JsonPath => "JSONPath",
            Language::Jsonata => "JSONata",
        };
        json!({"QueryLanguage": name, "StartAt": "S1", "States": states})
    }

    fn input(self, size: usize) -> Value {
        match self {
            Self::Map => json!({"items": (0..size).map(|n| json!({"n": n})).collect::<Vec<_>>()}),
            _ => json!({"n": 0}),
        }
    }

    fn output(self, size: usize) -> Value {
        match self {
            Self::Plain => self.input(size),
            Self::Chain | Self::Loop => json!({"n": size}),
            Self::Map => (1..=size).map(|n| json!({"n": n})).collect(),
            Self::Parallel => (0..size).map(|_| json!({"n": 1})).collect(),
            Self::Small => json!({"n": 1}),
        }
    }
}

/// States one after the other; `state` makes one, given the name of the next.
fn row(size: usize, state: impl Fn(Option<&str>) -> Value) -> Map<String, Value> {
    let next = |step| (step < size).then(|| format!("S{}", step + 1));
    (1..=size).map(|step| (format!("S{step}"), state(next(step).as_deref()))).collect()
}

fn members<const N: usize>(states: [(&str, Value); N]) -> Map<String, Value> {
    states.into_iter().map(|(name, state)| (name.to_owned(), state)).collect()
}

/// A Pass state from `{"n": n}` to `{"n": n + 1}`.
fn add_one(language: Language, next: Option<&str>) -> Value {
    let state = match language {
        Language::JsonPath => json!({"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}}),
        Language::Jsonata => json!({"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}}),
    };
    ended(state, next)
}

/// The state with `Next` or `End`.
fn ended(mut state: Value, next: Option<&str>) -> Value {
    match next {
        Some(next) => state["Next"] = json!(next),
        None => state["End"] = json!(true),
    }
    state
}

/// A Choice state that goes to `less` while `n` is less than `bound`.
fn choice(language: Language, bound: usize, less: &str, otherwise: &str) -> Value {
    let rule = match language {
        Language::JsonPath => json!({"Variable": "$.n", "NumericLessThan": bound, "Next": less}),
        Language::Jsonata => {
            json!({"Condition": format!("{{% $states.input.n < {bound} %}}"), "Next": less})
        }
    };
    json!({"Type": "Choice", "Choices": [rule], "Default": otherwise})
}

/// One run of a case: its executions, one after the other.
fn run(
    machine: &StateMachine,
    input: &Json,
    (executions, expected): (usize, &Value),
    mut history: impl FnMut(Vec<HistoryEvent>),
) {
    for _ in 0..executions {
        let mut parameters = StartParameters::named("bench", "execution", Arc::clone(input));
        parameters.limits = Limits::lifted();
        let mut simulation = Simulation::new(machine, parameters, Timestamp(1_700_000_000_000));
        let outcome = simulation.run(|_: &TaskRequest| Ok::<_, Infallible>(Vec::new()), &mut history);
        let Ok(Some(Outcome::Succeeded { output })) = outcome else { panic!("{outcome:?}") };
        assert!(*output == *expected, "an execution ended with the wrong output");
    }
}

/// Measures a case: seconds of one run, by the median of the samples, and the process's peak memory in KiB.
fn measure(case: Case, size: usize, mode: &str) -> (f64, u64) {
    let language = if mode == "jsonata" { Language::Jsonata } else { Language::JsonPath };
    let text = case.definition(size, language).to_string();
    let machine =
        StateMachine::parse_within(&text, WorkflowType::Standard, DefinitionLimits::lifted()).unwrap();
    let input = Arc::new(case.input(size));
    let output = case.output(size);
    let what = (case.executions(size), &output);
    let once = || match mode {
        "jsonpath-history" => {
            let mut texts = Vec::new();
            run(&machine, &input, what, |events| {
                texts.extend(events.iter().map(|event| event.to_json().to_string()));
            });
            assert!(texts.len() >= 2 * case.transitions(size) - what.0);
        }
        _ => run(&machine, &input, what, drop),
    };
    let mut entered = 0;
    run(&machine, &input, what, |events| {
        entered += events.iter().filter(|event| event.event_type.as_str().ends_with("StateEntered")).count();
    });
    assert_eq!(entered, case.transitions(size), "states entered");

    let start = Instant::now();
    once();
    let mut runs = 1_u32;
    while start.elapsed() * runs < SAMPLE {
        runs *= 2;
    }
    let (begin, mut took) = (Instant::now(), Vec::new());
    while took.len() < SAMPLES || begin.elapsed() < ENOUGH {
        let start = Instant::now();
        (0..runs).for_each(|_| once());
        took.push(start.elapsed().as_secs_f64() / f64::from(runs));
    }
    took.sort_unstable_by(f64::total_cmp);
    (took[took.len() / 2], peak_kib())
}

/// The process's peak resident memory, where the system tells it; else 0.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Measures in a process of its own.
fn measure_apart(case: Case, size: usize, mode: &str) -> (f64, u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([case.name(), &size.to_string(), mode])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{} {size} {mode}: {}",
        case.name(),
        String::from_utf8_lossy(&output.stderr)
    );
    let answer = String::from_utf8(output.stdout).unwrap();
    let (seconds, kib) = answer.trim().split_once(' ').unwrap();
    (seconds.parse().unwrap(), kib.parse().unwrap())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [case, size, mode] => {
            let (seconds, kib) = measure(Case::named(case), size.parse().unwrap(), mode);
            println!("{seconds} {kib}");
        }
        ["--cases"] => each(|case, size| {
            println!(
                "{}",
                json!({
                    "case": case.name(),
                    "title": case.title(),
                    "size": size,
                    "transitions": case.transitions(size),
                    "executions": case.executions(size),
                    "definition": case.definition(size, Language::JsonPath),
                    "input": case.input(size),
                    "output": case.output(size),
                })
            );
        }),
        ["--json"] => each(|case, size| {
            for mode in MODES {
                let (seconds, kib) = measure_apart(case, size, mode);
                println!(
                    "{}",
                    json!({"case": case.name(), "size": size, "mode": mode, "seconds": seconds, "peak_kib": kib})
                );
            }
        }),
        [] => table(),
        _ => panic!("arguments: [--cases | --json | CASE SIZE MODE]"),
    }
}

fn each(mut show: impl FnMut(Case, usize)) {
    for (case, sizes) in CASES {
        for size in sizes {
            show(case, *size);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and sizes of a benchmark")]
fn table() {
    println!("{:<32} {:<18} {:>16} {:>10}", "", "", "transitions/s", "peak MiB");
    each(|case, size| {
        for mode in MODES {
            let (seconds, kib) = measure_apart(case, size, mode);
            let rate = case.transitions(size) as f64 / seconds;
            let title = format!("{size} {}", case.title());
            println!("{title:<32} {mode:<18} {rate:>16.0} {:>10.1}", kib as f64 / 1024.0);
        }
    });
}
