//! Imports: how long behind a quota, how many writes, and how many of them for nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cloudformation::CloudFormation;
use super::stub::{BUCKET, Stub};
use super::{Bench, DOCUMENTS, PATH, document};

/// Puts the documents there, with so many leaves.
pub(crate) fn put_documents(stub: &Stub, leaves: usize, digits: usize) {
    stub.services().put_object(DOCUMENTS[0], &document(leaves, digits));
    stub.services().put_object(DOCUMENTS[1], "{}");
}

/// Imports the documents as a stack does that is made.
pub(crate) async fn import(bench: &Bench, stub: &Stub) -> Duration {
    let stack = CloudFormation::new("bench").await;
    let function = bench.function("import-parameters", stub, &[]).await;
    let properties = json!({
        "ParameterStorePath": PATH,
        "Parameters": {"Bucket": BUCKET, "Key": DOCUMENTS[0]},
        "Hyperparameters": {"Bucket": BUCKET, "Key": DOCUMENTS[1]},
    });
    let event = stack.request("Update", Some("bench/bench"), &properties);
    let start = Instant::now();
    function.invoke_for(&event, Duration::from_mins(15)).await.unwrap();
    let took = start.elapsed();
    let told: Value = stack.answer();
    assert_eq!(told["Status"], "SUCCESS", "{told}");
    took
}

/// What an import that has little to do writes.
pub(crate) async fn changes(bench: &mut Bench) {
    println!("\n| import | leaves | writes | calls |\n|---|---:|---:|---:|");
    let stub = Stub::start().await;
    for leaves in [56, 5_000] {
        stub.services().delete_parameters();
        put_documents(&stub, leaves, 20);
        for what in ["all is new", "nothing is changed", "one value is changed"] {
            if what == "one value is changed" {
                let text = document(leaves, 20).replacen("\"p0001\":\"", "\"p0001\":\"0", 1);
                stub.services().put_object(DOCUMENTS[0], &text);
            }
            stub.services().take_calls();
            import(bench, &stub).await;
            let (calls, _) = stub.services().take_calls();
            let writes = calls.get("PutParameter").copied().unwrap_or_default();
            println!("| {what} | {leaves} | {writes} | {} |", calls.values().sum::<usize>());
            let most = match what {
                "nothing is changed" => 0,
                "one value is changed" => 5,
                _ if leaves == 56 => leaves + 3,
                // More chunks of the record: at most one in fifty.
                _ => leaves + leaves / 50,
            };
            bench.expect(
                writes <= most,
                format!("{leaves} leaves, {what}: {writes} writes, not at most {most}"),
            );
        }
    }
}

/// Imports behind a quota of writes.
pub(crate) async fn quotas(bench: &mut Bench) {
    println!(
        "\n| import behind a quota | leaves | puts per second | s | ideal s | writes | throttled |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let stub = Stub::start().await;
    for (leaves, rate) in [(56, 3.0), (56, 10.0), (500, 10.0), (500, 3.0)] {
        put_documents(&stub, leaves, 20);
        for who in ["mlpp", "boto3"] {
            if who == "boto3" && bench.peer.is_none() {
                continue;
            }
            stub.services().delete_parameters();
            stub.services().set_quota(Some(rate));
            stub.services().take_calls();
            let took = if who == "mlpp" {
                import(bench, &stub).await
            } else {
                let start = Instant::now();
                let arguments = ["import", PATH, BUCKET, DOCUMENTS[0], DOCUMENTS[1]];
                bench.peer.as_ref().unwrap().start(&stub, &arguments).end();
                start.elapsed()
            };
            stub.services().set_quota(None);
            let (calls, throttled) = stub.services().take_calls();
            let sent = calls["PutParameter"];
            let writes = u32::try_from(sent - throttled).unwrap();
            let (seconds, ideal) = (took.as_secs_f64(), (f64::from(writes) - rate) / rate);
            println!(
                "| {who} | {leaves} | {rate} | {seconds:.1} | {ideal:.1} | {writes} | {throttled} of {sent} |"
            );
            assert!(stub.services().leaves(PATH) >= leaves);
            if who == "mlpp" {
                let of = format!("an import of {leaves} at {rate} puts per second");
                bench.expect(
                    seconds <= ideal * 1.03,
                    format!("{of} took {seconds:.2} s, ideal is {ideal:.2} s"),
                );
                bench
                    .expect(throttled * 50 < sent, format!("{of} had {throttled} of {sent} calls throttled"));
            }
        }
    }
}
