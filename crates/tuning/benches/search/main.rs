//! How good the best of so many trials is, for `cargo xtask bench tuning`.
//!
//! - `search jobs` reads searches, one to a line as JSON until an empty line, and carries them out on as many threads as there are
//!   processors: `{"sampler", "objective", "seed", "batch", "checkpoints", "server"}`. It answers each with a line, the
//!   same with `best`, the best objective after as many trials as each checkpoint says, `held_out`, the second number of the best
//!   trial, and `ask_seconds`, the mean time to be asked.
//! - `search ask` measures how long it takes to be asked after many trials, one result to a line.
//! - `search serve NAME` is a server, for itself and for other programs: its first line describes the objective; then it answers
//!   each line, an object of names and texts, with the objective of these values. Another server may add a second number, of data
//!   that the search does not see.

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

use mlpp_tuning::{Candidate, Direction, Outcome, Range, Scaling, Search, Strategy, Trial};
use objectives::{Description, Function};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["jobs"] => jobs(),
        ["ask"] => ask(),
        ["serve", name] => serve(name),
        _ => println!("run `cargo xtask bench tuning`"),
    }
}

/// A search to be carried out.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Job {
    sampler: String,
    objective: String,
    seed: u64,
    batch: usize,
    checkpoints: Vec<usize>,
    server: Vec<String>,
}

fn jobs() {
    let lines = std::io::stdin().lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let jobs: Vec<Job> = lines.map(|line| serde_json::from_str(&line).unwrap()).collect();
    let next = AtomicUsize::new(0);
    let out = Mutex::new(std::io::stdout());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = search(job);
                    writeln!(out.lock().unwrap(), "{result}").unwrap();
                }
            });
        }
    });
}

/// Carries out one search.
fn search(job: &Job) -> Value {
    let mut server = Server::start(&job.server);
    let direction = if server.description.maximize { Direction::Maximize } else { Direction::Minimize };
    let search = Search::new(Strategy::Bayesian, direction, server.description.ranges(), job.seed).unwrap();
    let count = job.checkpoints.iter().copied().max().unwrap();
    let mut trials: Vec<Trial> = Vec::new();
    let mut answers: Vec<Vec<f64>> = Vec::new();
    let mut asked = Duration::ZERO;
    while trials.len() < count {
        let first = trials.len();
        for index in first..count.min(first + job.batch) {
            let start = Instant::now();
            let candidate = search.ask(&trials).unwrap();
            asked += start.elapsed();
            trials.push(Trial { index, candidate, outcome: Outcome::Pending });
        }
        for trial in &mut trials[first..] {
            let answer = server.answer(&trial.candidate);
            trial.outcome = Outcome::Completed(answer[0]);
            answers.push(answer);
        }
    }
    let best = |count: usize| {
        let better = |best: usize, next: usize| {
            if direction.improves(answers[next][0], answers[best][0]) { next } else { best }
        };
        (0..count).reduce(better).unwrap()
    };
    let mut result = serde_json::to_value(job).unwrap();
    let bests: Vec<f64> = job.checkpoints.iter().map(|&count| answers[best(count)][0]).collect();
    result["best"] = json!(bests);
    result["held_out"] = json!(answers[best(count)].get(1));
    #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
    let each = asked.as_secs_f64() / count as f64;
    result["ask_seconds"] = json!(each);
    result
}

/// The time to be asked after many trials, and over many axes.
fn ask() {
    for (trials, axes) in [(100, 6), (500, 6), (1000, 6), (100, 30), (500, 30)] {
        let milliseconds = milliseconds_per_ask(trials, axes);
        println!("{}", json!({ "trials": trials, "axes": axes, "milliseconds": milliseconds }));
    }
}

/// The median of 11 seeds.
fn milliseconds_per_ask(count: usize, axes: usize) -> f64 {
    let ranges: Vec<Range> = (0..axes)
        .map(|axis| Range::continuous(&format!("x{axis}"), "0", "1", Scaling::Linear).unwrap())
        .collect();
    let random = Search::new(Strategy::Random, Direction::Minimize, ranges.clone(), 1).unwrap();
    let mut trials = Vec::new();
    for index in 0..count {
        let candidate = random.ask(&trials).unwrap();
        let number = |(_, text): &(String, String)| text.parse::<f64>().unwrap();
        let value = candidate.values.iter().map(number).map(|it| (3.0 * it).sin() * it).sum();
        trials.push(Trial { index, candidate, outcome: Outcome::Completed(value) });
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

/// A program that knows an objective.
struct Server {
    description: Description,
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(command: &[String]) -> Self {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        let description = serde_json::from_str(&line).unwrap();
        Self { description, child, questions, answers }
    }

    fn answer(&mut self, candidate: &Candidate) -> Vec<f64> {
        let values: Map<String, Value> =
            candidate.values.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
        writeln!(self.questions.as_mut().unwrap(), "{}", Value::Object(values)).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.split_whitespace().map(|number| number.parse().unwrap()).collect()
    }
}

impl Drop for Server {
    /// A server ends with its input.
    fn drop(&mut self) {
        drop(self.questions.take());
        self.child.wait().unwrap();
    }
}
