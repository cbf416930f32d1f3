//! Launches: the first one of a process, and those that follow.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::import::{import, put_documents};
use super::lambda::Function;
use super::stub::{BUCKET, STATE_MACHINE, Stub};
use super::{Bench, PATH, least, median, peak_memory};

const MANIFEST: &str = "manifests/manifest.json";
/// Processes of each side.
const STARTS: usize = 25;
/// What we expect of a cold start: so many times faster, and so many times less memory.
const FASTER: f64 = 20.0;
const SMALLER: f64 = 4.0;
/// The most calls and milliseconds for 5,000 parameters that are read from the record, when a call takes 10 ms.
const RECORD_CALLS: f64 = 8.0;
const RECORD_MS: f64 = 60.0;

/// The event of the writing with the number.
fn event(number: usize) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "eventTime": "2020-07-17T10:20:30.123Z",
        "s3": {"bucket": {"name": BUCKET}, "object": {
            "key": MANIFEST, "eTag": "e", "versionId": format!("v{number}"), "sequencer": "0055AED6DCD90281E5",
        }},
    }]})
}

async fn start(bench: &Bench, stub: &Stub, policy: &str) -> Function {
    let variables = [
        ("PARAM_STORE_PATH", PATH),
        ("TARGET_STATE_MACHINE_ARN", STATE_MACHINE),
        ("MANIFEST_S3_BUCKET_KEY_PREFIX", "manifests/"),
        ("FAILURE_QUEUE_URL", "http://127.0.0.1:1/queue"),
        ("DRIFT", policy),
    ];
    bench.function("launch-workflow", stub, &variables).await
}

async fn launch(function: &Function, number: usize) {
    let told = function.invoke(&event(number)).await.unwrap();
    assert_eq!(told["Started"], 1, "{told}");
}

/// Services with so many parameters, imported by our own function, and a manifest.
async fn prepared(bench: &Bench, leaves: usize, digits: usize) -> Stub {
    let stub = Stub::start().await;
    put_documents(&stub, leaves, digits);
    import(bench, &stub).await;
    let manifest = json!({"channels": [{"channelName": "train", "s3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": format!("s3://{BUCKET}/data/"),
        "S3DataDistributionType": "FullyReplicated", "AttributeNames": [],
    }}]});
    stub.services().put_object(MANIFEST, &manifest.to_string());
    stub
}

/// From the start of a process until its first execution is started, with 56 parameters.
pub(crate) async fn cold(bench: &mut Bench) {
    let stub = prepared(bench, 56, 20).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_memory, mut their_memory) = (0.0_f64, 0.0_f64);
    let started = |begin: Instant| stub.services().take_started().unwrap() - begin;
    for number in 0..STARTS {
        let begin = Instant::now();
        let function = start(bench, &stub, "use").await;
        launch(&function, number).await;
        ours.push(started(begin));
        our_memory = our_memory.max(peak_memory(function.process_id()));
        drop(function);
        if let Some(peer) = &bench.peer {
            let begin = Instant::now();
            let mut running = peer.start(&stub, &["launch", PATH, BUCKET, MANIFEST, STATE_MACHINE]);
            running.launch();
            theirs.push(started(begin));
            their_memory = their_memory.max(peak_memory(running.process_id()));
            running.end();
        }
    }
    println!(
        "| cold start, 56 parameters, {STARTS} processes each | ms | (least) | peak MiB |\n|---|---:|---:|---:|"
    );
    let (our_least, ours) = (least(&ours), median(ours));
    println!("| launch-workflow | {ours:.1} | {our_least:.1} | {our_memory:.1} |");
    if !theirs.is_empty() {
        let (their_least, theirs) = (least(&theirs), median(theirs));
        println!("| boto3 | {theirs:.1} | {their_least:.1} | {their_memory:.1} |");
        let (faster, smaller) = (theirs / ours, their_memory / our_memory);
        println!("| times | {faster:.1} | {:.1} | {smaller:.1} |", their_least / our_least);
        bench.expect(faster >= FASTER, format!("a cold start is {faster:.1} times faster, not {FASTER}"));
        bench.expect(smaller >= SMALLER, format!("memory is {smaller:.1} times smaller, not {SMALLER}"));
    }
}

/// One launch after the other in one process.
pub(crate) async fn warm(bench: &mut Bench) {
    println!(
        "\n| warm launch | parameters | digits | calls | ms at 0 ms a call | ms at 10 ms a call |\n|---|---:|---:|---:|---:|---:|"
    );
    for (leaves, digits) in [(56, 20), (1_000, 20), (1_000, 60), (3_000, 60), (5_000, 20)] {
        let stub = prepared(bench, leaves, digits).await;
        let times = if leaves > 1_000 { 10 } else { 20 };
        // Each launch is of another writing of the manifest.
        let mut number = 0;
        for policy in ["use", "ignore", "fail"] {
            let function = start(bench, &stub, policy).await;
            let mut measured = Vec::new();
            let mut calls = 0.0;
            for latency in [0, 10] {
                stub.services().set_latency(Duration::from_millis(latency));
                let mut taken = Vec::new();
                for round in 0..times + 2 {
                    number += 1;
                    stub.services().take_calls();
                    let begin = Instant::now();
                    launch(&function, number).await;
                    // The first two are not measured.
                    if round > 1 {
                        taken.push(begin.elapsed());
                        calls = count(&stub);
                    }
                }
                measured.push(median(taken));
            }
            stub.services().set_latency(Duration::ZERO);
            row(&format!("launch-workflow, `{policy}`"), leaves, digits, calls, &measured);
            if policy == "ignore" && leaves == 5_000 {
                let ms = measured[1];
                bench.expect(
                    calls <= RECORD_CALLS,
                    format!("5,000 parameters of the record took {calls} calls"),
                );
                bench.expect(ms <= RECORD_MS, format!("5,000 parameters of the record took {ms:.1} ms"));
            }
        }
        if let Some(peer) = &bench.peer {
            let mut running = peer.start(&stub, &["launch", PATH, BUCKET, MANIFEST, STATE_MACHINE]);
            let mut measured = Vec::new();
            let mut calls = 0.0;
            for latency in [0, 10] {
                stub.services().set_latency(Duration::from_millis(latency));
                running.launch();
                let mut taken = Vec::new();
                for _ in 0..times {
                    stub.services().take_calls();
                    taken.push(running.launch());
                    calls = count(&stub);
                }
                measured.push(median(taken));
            }
            stub.services().set_latency(Duration::ZERO);
            row("boto3", leaves, digits, calls, &measured);
            running.end();
        }
    }
}

fn count(stub: &Stub) -> f64 {
    let calls: usize = stub.services().take_calls().0.values().sum();
    f64::from(u32::try_from(calls).unwrap())
}

fn row(who: &str, leaves: usize, digits: usize, calls: f64, measured: &[f64]) {
    println!("| {who} | {leaves} | {digits} | {calls} | {:.1} | {:.1} |", measured[0], measured[1]);
}
