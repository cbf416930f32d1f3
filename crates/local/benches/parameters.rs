//! What 10,000 parameters cost: validate, plan, apply and read, beside the time that `serde_json` needs to parse the same
//! bytes. `cargo xtask bench parameters` runs it.
//!
//! Each phase runs in a process of its own, so that its peak memory is its own: that of the whole process.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark is a program for people"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mlpp_local::{LocalStore, SystemClock};
use mlpp_parameters::release::Action;
use mlpp_parameters::{
    Content, Documents, DriftPolicy, FingerprintKey, ProjectRules, SecretSource, SecretValue, StorePath,
    validate,
};
use mlpp_provider::{ApplyRequest, PlanRequest, SecretReader, Secrets, apply, plan, read_parameters};

const LEAVES: usize = 10_000;
const GROUP: usize = 100;

const PHASES: [(&str, &str, usize); 7] = [
    ("parse", "serde_json parses the documents", 50),
    ("validate", "validate", 30),
    ("plan", "plan (unchanged, with the store opened and read)", 30),
    ("validate-plan", "validate + plan", 30),
    ("apply", "apply (every parameter new, durable)", 3),
    ("use", "resolve, policy use", 30),
    ("ignore", "resolve, policy ignore", 30),
];

/// A document of 10,000 leaves with distinct values, in groups, that fits an execution's input.
fn document() -> String {
    let mut text = String::from("{");
    for group in 0..LEAVES / GROUP {
        let comma = if group == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\n  \"g{group}\": {{");
        for leaf in 0..GROUP {
            let comma = if leaf == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\"k{leaf}\":\"v{group}-{leaf}\"");
        }
        text.push('}');
    }
    text.push_str("\n}\n");
    text
}

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, source: &SecretSource) -> Result<SecretValue, String> {
        Err(format!("{source} is not part of the benchmark"))
    }
}

fn path() -> StorePath {
    "/ml-project".parse().unwrap()
}

fn validated(text: &str) -> Content {
    let documents = Documents::merge([("own.json", text)]).unwrap();
    validate(&documents, &path(), &ProjectRules::default()).unwrap().content
}

async fn apply_to(file: &Path, content: &Content) {
    let store = LocalStore::open(file).unwrap();
    let (path, key) = (path(), FingerprintKey::new([0; 32]));
    let secrets = Secrets { reader: &NoSecrets, key: &key };
    let request = PlanRequest { path: &path, content, keep_drift: false, secrets };
    let planned = plan(&store, &request).await.unwrap();
    let request = ApplyRequest {
        path: &path,
        documents: &[],
        action: Action::Apply,
        owner: "bench",
        author: "bench",
        writer: "bench",
        tool: "bench",
        adopt: false,
        exclusive: true,
        keep_releases: 20,
    };
    let outcome = apply(&store, &SystemClock, &planned, &request, &mut |_| {}).await.unwrap();
    assert_eq!(outcome.created, LEAVES);
}

async fn plan_unchanged(file: &Path, content: &Content) {
    let store = LocalStore::open(file).unwrap();
    let (path, key) = (path(), FingerprintKey::new([0; 32]));
    let secrets = Secrets { reader: &NoSecrets, key: &key };
    let request = PlanRequest { path: &path, content, keep_drift: false, secrets };
    let planned = plan(&store, &request).await.unwrap();
    assert!(planned.is_empty() && planned.plan.parameters.len() == LEAVES);
}

async fn resolve(file: &Path, policy: DriftPolicy) {
    let store = LocalStore::open(file).unwrap();
    let read = read_parameters(&store, &path(), policy, None).await.unwrap();
    assert_eq!((read.release, read.drift.len()), (Some(1), 0));
}

/// Runs one phase so many times; the median, and the process's peak memory in KiB.
async fn run(phase: &str, times: usize, folder: &Path) -> (Duration, u64) {
    let (text, file) = (document(), folder.join("applied.db"));
    let content = if phase == "plan" { validated(&text) } else { Content::default() };
    let mut took = Vec::with_capacity(times);
    for index in 0..times {
        let fresh = folder.join(format!("fresh-{index}.db"));
        let content_to_apply = if phase == "apply" { validated(&text) } else { Content::default() };
        let start = Instant::now();
        match phase {
            "parse" => {
                let value: serde_json::Value = serde_json::from_slice(text.as_bytes()).unwrap();
                assert!(value.is_object());
            }
            "validate" => drop(validated(&text)),
            "plan" => plan_unchanged(&file, &content).await,
            "validate-plan" => plan_unchanged(&file, &validated(&text)).await,
            "apply" => apply_to(&fresh, &content_to_apply).await,
            "use" => resolve(&file, DriftPolicy::Use).await,
            "ignore" => resolve(&file, DriftPolicy::Ignore).await,
            other => panic!("no phase {other}"),
        }
        took.push(start.elapsed());
    }
    took.sort_unstable();
    (took[times / 2], peak_kib())
}

/// The process's peak resident memory, where the system tells it; else 0.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    if let (Some(phase), Some(times), Some(folder)) = (arguments.next(), arguments.next(), arguments.next()) {
        let (median, peak) = runtime.block_on(run(&phase, times.parse().unwrap(), Path::new(&folder)));
        println!("{} {peak}", median.as_nanos());
        return;
    }
    let text = document();
    let content = validated(&text);
    println!("{LEAVES} leaves with distinct values, {} bytes of JSON", text.len());
    println!("{:<52} {:>10} {:>12} {:>10}", "", "median", "x the parse", "peak MiB");
    let mut parse = 0.0;
    for (phase, title, times) in PHASES {
        let folder = tempfile::tempdir().unwrap();
        if !matches!(phase, "parse" | "validate" | "apply") {
            runtime.block_on(apply_to(&folder.path().join("applied.db"), &content));
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args([phase, &times.to_string(), folder.path().to_str().unwrap()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{phase}: {}", String::from_utf8_lossy(&output.stderr));
        let answer = String::from_utf8(output.stdout).unwrap();
        let mut numbers = answer.split_whitespace().map(|number| number.parse::<u64>().unwrap());
        let (nanoseconds, kib) = (numbers.next().unwrap(), numbers.next().unwrap());
        let milliseconds = Duration::from_nanos(nanoseconds).as_secs_f64() * 1000.0;
        if phase == "parse" {
            parse = milliseconds;
        }
        let mib = Duration::from_millis(kib).as_secs_f64() * 1000.0 / 1024.0;
        println!("{title:<52} {milliseconds:>7.2} ms {:>12.1} {mib:>10.1}", milliseconds / parse);
    }
}
