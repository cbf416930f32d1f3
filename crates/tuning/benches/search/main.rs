//! How good the best of so many trials is, for `cargo xtask bench tuning`.
//!
//! - `search ours [SERVER …]` searches every function, and what each server trains, with 20 seeds, one trial at a time and
//!   in batches of 4; then it measures how long it takes to be asked. One result to a line, as JSON.
//! - `search serve NAME` is such a server, for other programs: its first line describes the objective; then it answers
//!   each line, an object of names and texts, with the objective of these values.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark ends at the first thing that is wrong"
)]

mod objectives;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mlpp_tuning::{Candidate, Direction, Outcome, Search, Strategy, Trial};
use objectives::{Description, Function};
use serde_json::{Map, Value, json};

const SEEDS: u64 = 20;
const TRIALS: usize = 100;
const EARLY: usize = 30;
const BATCH: usize = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["ours", ref servers @ ..] => ours(servers),
        ["serve", name] => serve(name),
        _ => println!("run `cargo xtask bench tuning`"),
    }
}

/// Searches everything on as many threads as there are processors.
fn ours(servers: &[&str]) {
    let functions = Function::ALL.map(|function| Target::Function(function));
    let targets: Vec<Target<'_>> =
        functions.into_iter().chain(servers.iter().map(|&server| Target::Server(server))).collect();
    let jobs: Vec<(Target<'_>, u64, usize)> = targets
        .iter()
        .flat_map(|&target| (0..SEEDS).flat_map(move |seed| [1, BATCH].map(|batch| (target, seed, batch))))
        .collect();
    let next = AtomicUsize::new(0);
    let out = Mutex::new(std::io::stdout());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&(target, seed, batch)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = search(target, seed, batch);
                    writeln!(out.lock().unwrap(), "{result}").unwrap();
                }
            });
        }
    });
    for trials in [TRIALS, 5 * TRIALS] {
        println!("{}", json!({ "trials": trials, "milliseconds_per_ask": milliseconds_per_ask(trials) }));
    }
}

/// The best values of one search.
fn search(target: Target<'_>, seed: u64, batch: usize) -> Value {
    let mut running = Running::start(target);
    let direction = if running.description.maximize { Direction::Maximize } else { Direction::Minimize };
    let search = Search::new(Strategy::Bayesian, direction, running.description.ranges(), seed).unwrap();
    let mut trials: Vec<Trial> = Vec::new();
    while trials.len() < TRIALS {
        let first = trials.len();
        for index in first..TRIALS.min(first + batch) {
            let candidate = search.ask(&trials).unwrap();
            trials.push(Trial { index, candidate, outcome: Outcome::Pending });
        }
        for trial in &mut trials[first..] {
            trial.outcome = Outcome::Completed(running.value(&trial.candidate));
        }
    }
    let best = |count: usize| {
        let values = trials[..count].iter().map(|trial| match trial.outcome {
            Outcome::Completed(value) => value,
            _ => unreachable!("each was completed"),
        });
        values.reduce(|best, value| if direction.improves(value, best) { value } else { best }).unwrap()
    };
    json!({
        "sampler": "ours",
        "objective": running.description.objective,
        "batch": batch,
        "seed": seed,
        "early": best(EARLY),
        "late": best(TRIALS),
    })
}

/// The time to be asked after so many trials.
fn milliseconds_per_ask(count: usize) -> f64 {
    let function = Function::Hartmann6;
    let ranges = function.description().ranges();
    let random = Search::new(Strategy::Random, Direction::Minimize, ranges.clone(), 1).unwrap();
    let mut trials = Vec::new();
    for index in 0..count {
        let candidate = random.ask(&trials).unwrap();
        let outcome = Outcome::Completed(function.value(&candidate));
        trials.push(Trial { index, candidate, outcome });
    }
    let took = |seed| {
        let search = Search::new(Strategy::Bayesian, Direction::Minimize, ranges.clone(), seed).unwrap();
        let start = Instant::now();
        search.ask(&trials).unwrap();
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..11).map(took).collect();
    times.sort();
    times[5].as_secs_f64() * 1e3
}

/// Answers as a server until its input ends.
fn serve(name: &str) {
    let function =
        Function::ALL.into_iter().find(|function| function.description().objective == name).unwrap();
    println!("{}", serde_json::to_string(&function.description()).unwrap());
    for line in std::io::stdin().lines() {
        let values: Map<String, Value> = serde_json::from_str(&line.unwrap()).unwrap();
        let values =
            values.into_iter().map(|(name, text)| (name, text.as_str().unwrap().to_owned())).collect();
        println!("{:?}", function.value(&Candidate { values }));
    }
}

/// What is searched.
#[derive(Clone, Copy)]
enum Target<'a> {
    Function(Function),
    /// A program that answers.
    Server(&'a str),
}

/// A target that can be asked.
struct Running {
    description: Description,
    source: Source,
}

enum Source {
    Function(Function),
    Server { child: Child, questions: Option<ChildStdin>, answers: BufReader<ChildStdout> },
}

impl Running {
    fn start(target: Target<'_>) -> Self {
        match target {
            Target::Function(function) => {
                Self { description: function.description(), source: Source::Function(function) }
            }
            Target::Server(program) => {
                let mut child = Command::new(program)
                    .arg("serve")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let questions = child.stdin.take();
                let mut answers = BufReader::new(child.stdout.take().unwrap());
                let mut line = String::new();
                answers.read_line(&mut line).unwrap();
                let description = serde_json::from_str(&line).unwrap();
                Self { description, source: Source::Server { child, questions, answers } }
            }
        }
    }

    fn value(&mut self, candidate: &Candidate) -> f64 {
        match &mut self.source {
            Source::Function(function) => function.value(candidate),
            Source::Server { questions, answers, .. } => {
                let values: Map<String, Value> =
                    candidate.values.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
                writeln!(questions.as_mut().unwrap(), "{}", Value::Object(values)).unwrap();
                let mut line = String::new();
                answers.read_line(&mut line).unwrap();
                line.trim().parse().unwrap()
            }
        }
    }
}

impl Drop for Running {
    /// A server ends with its input.
    fn drop(&mut self) {
        if let Source::Server { child, questions, .. } = &mut self.source {
            drop(questions.take());
            child.wait().unwrap();
        }
    }
}
