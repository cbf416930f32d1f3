//! The functions beside the calls of the system that they replace, over services that cost next to nothing:
//! `cargo xtask bench aws` builds the functions as they are deployed, and runs this.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../../tests/programs/support/cloudformation.rs"]
mod cloudformation;
#[path = "../../tests/programs/support/http.rs"]
mod http;
mod import;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../../tests/programs/support/lambda.rs"]
mod lambda;
mod launch;
mod peer;
mod stub;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value};

use lambda::Function;
use peer::Peer;
use stub::Stub;

/// The project's path.
const PATH: &str = "/bench";
const DOCUMENTS: [&str; 2] = ["ml-parameters.json", "hyperparameters.json"];

/// What is measured, and what did not come out as it is expected.
pub(crate) struct Bench {
    functions: PathBuf,
    peer: Option<Peer>,
    failures: Vec<String>,
}

impl Bench {
    /// Starts a function's program with the services and `variables`.
    async fn function(&self, name: &str, stub: &Stub, variables: &[(&str, &str)]) -> Function {
        let environment = stub.environment();
        let mut all: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend_from_slice(variables);
        Function::start(self.functions.join(name).to_str().unwrap(), &all).await
    }

    fn expect(&mut self, is_met: bool, what: impl Into<String>) {
        if !is_met {
            self.failures.push(what.into());
        }
    }
}

/// A document with so many leaves, whose values have so many hexadecimal digits and are all different.
fn document(leaves: usize, digits: usize) -> String {
    let value = |number: usize| {
        // Digits of a hash, so that nothing can be packed but by the digits themselves.
        let mut state =
            u64::try_from(number).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
        let mut text = String::new();
        while text.len() < digits {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let _ = write!(text, "{state:016x}");
        }
        text.truncate(digits);
        text
    };
    let leaves: Map<_, _> = (0..leaves).map(|n| (format!("p{n:04}"), Value::from(value(n)))).collect();
    Value::from(Map::from_iter([("own".to_owned(), Value::from(leaves))])).to_string()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    milliseconds(times[times.len() / 2])
}

fn least(times: &[Duration]) -> f64 {
    milliseconds(times.iter().copied().min().unwrap())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The most memory that a process has had, in MiB.
fn peak_memory(process_id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let functions = std::env::var_os("MLPP_FUNCTIONS").map(PathBuf::from);
    let Some(functions) = functions else {
        eprintln!("MLPP_FUNCTIONS does not say where the functions are: run `cargo xtask bench aws`");
        return ExitCode::FAILURE;
    };
    let mut bench = Bench { functions, peer: Peer::find(), failures: Vec::new() };
    launch::cold(&mut bench).await;
    launch::warm(&mut bench).await;
    import::changes(&mut bench).await;
    import::quotas(&mut bench).await;
    for failure in &bench.failures {
        println!("\nnot as expected: {failure}");
    }
    if bench.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
