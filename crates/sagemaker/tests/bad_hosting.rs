//! Programs and archives that are no good to an endpoint: what is told, and that everything else goes on.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use mlpp_sagemaker::{InvokeEndpoint, JobEvent, SageMaker, ServiceError};
use serde_json::{Value, json};
use support::{Lab, processes_below};
use tar::{EntryType, Header};

async fn invoke(platform: &SageMaker, body: &str, target: Option<&str>) -> Result<String, ServiceError> {
    let request = InvokeEndpoint {
        endpoint_name: "e".to_owned(),
        target_variant: target.map(str::to_owned),
        body: body.as_bytes().to_vec().into(),
        ..InvokeEndpoint::default()
    };
    let answer = platform.invoke_endpoint(request).await?;
    Ok(String::from_utf8(answer.body.to_vec()).unwrap())
}

fn endpoint(config: &str) -> Value {
    json!({"EndpointName": "e", "EndpointConfigName": config})
}

/// Puts an endpoint `e` with these models into service.
async fn serve(lab: &Lab, models: &[&str]) {
    for model in models {
        lab.model(model, "text", json!({})).await;
    }
    let variants: Vec<_> = models.iter().map(|model| (*model, 1.0)).collect();
    lab.config("c", &variants).await;
    lab.must("CreateEndpoint", endpoint("c")).await;
    let described = lab.settled("e").await;
    assert_eq!(described["EndpointStatus"], "InService", "{described:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_invocation_fails_while_an_update_does() {
    let lab = Lab::with(|config| config.startup_timeout = Duration::from_millis(700));
    serve(&lab, &["one"]).await;
    lab.model("sick", "x", json!({"PING_STATUS": "503", "SAY": "still loading\nno weights"})).await;
    lab.config("sick", &[("sick", 1.0)]).await;
    let over = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let (platform, over) = (lab.platform.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut answered = 0_usize;
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(invoke(&platform, "1", None).await.unwrap(), "one text  1");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    lab.must("UpdateEndpoint", endpoint("sick")).await;
    let described = lab.settled("e").await;
    over.store(true, Ordering::Relaxed);
    for asked in asking {
        assert!(asked.await.unwrap() > 0);
    }
    assert_eq!(
        (&described["EndpointStatus"], &described["EndpointConfigName"]),
        (&json!("InService"), &json!("c"))
    );
    assert_eq!(
        described["FailureReason"],
        "The primary container for production variant sick did not pass the ping health check within 0.7 seconds. \
         Its log ends with: still loading\nno weights"
    );
    assert_eq!(described["ProductionVariants"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_dies_under_load() {
    const LOAD: usize = 20;
    let lab = Lab::with(|config| config.restart_delay = Duration::from_millis(10));
    serve(&lab, &["one", "two"]).await;
    let mut events = lab.platform.subscribe();
    let slow: Vec<_> = (0..LOAD)
        .map(|_| {
            let platform = lab.platform.clone();
            tokio::spawn(async move { invoke(&platform, "wait", Some("one")).await })
        })
        .collect();
    let at_work = || lab.platform_files("asked").len();
    support::eventually("all invocations are under way", || at_work() == LOAD).await;
    let killer = invoke(&lab.platform, "die", Some("one")).await.unwrap_err();
    let mut errors = vec![killer];
    for asked in slow {
        errors.push(asked.await.unwrap().unwrap_err());
    }
    for error in errors {
        assert_eq!((error.code.as_str(), error.http_status), ("ModelError", 424), "{error}");
        assert_eq!(error.model.unwrap().original_status_code, 0);
        // Meanwhile the other variant answers.
        assert_eq!(invoke(&lab.platform, "1", Some("two")).await.unwrap(), "two text  1");
    }
    let told = loop {
        if let JobEvent::InstanceEnded { variant, reason, .. } = events.recv().await.unwrap() {
            break (variant, reason);
        }
    };
    let reason = "The primary container for production variant one ended, exit code: 7. Its log is empty.";
    assert_eq!(told, ("one".to_owned(), reason.to_owned()));
    while invoke(&lab.platform, "1", Some("one")).await.is_err() {
        tokio::task::yield_now().await;
    }
    let described = lab.must("DescribeEndpoint", json!({"EndpointName": "e"})).await;
    assert_eq!(described["EndpointStatus"], "InService");
    // What the dead one had unpacked is gone, so that a disk does not fill with models; its log is not.
    support::eventually("its model is gone", || lab.platform_files("model.txt").len() == 2).await;
    assert_eq!(lab.platform_files("log").len(), 3);
    lab.platform.shutdown().await;
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_hangs() {
    let lab = Lab::with(|config| config.invocation_timeout = Duration::from_millis(300));
    serve(&lab, &["one"]).await;
    let error = invoke(&lab.platform, "wait", None).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.http_status), ("ModelError", 424));
    let start = "Received server error (0) from primary with message \"Your invocation timed out while waiting for a \
                 response from container primary.\". See /";
    assert!(error.message.starts_with(start), "{error}");
    assert_eq!(error.model.unwrap().original_status_code, 0);
    assert_eq!(invoke(&lab.platform, "1", None).await.unwrap(), "one text  1");
}

/// Writes an archive with one entry, by whatever name.
fn archive_of(path: &Path, name: &str, kind: EntryType, link: Option<&str>) {
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(path).unwrap(), Compression::fast()));
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    // The name goes in as bytes: `set_path` refuses what is tried here.
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    if let Some(link) = link {
        header.set_link_name(link).unwrap();
    }
    header.set_cksum();
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
}

/// An archive that is damaged: where it goes.
type Damage = fn(&Path);

#[tokio::test(flavor = "multi_thread")]
async fn archives_that_are_none() {
    let lab = Lab::new("unused");
    let damages: [(&str, Damage, &str); 8] = [
        ("text", |path| std::fs::write(path, "no archive").unwrap(), "not a readable tar.gz"),
        ("empty", |path| std::fs::write(path, "").unwrap(), "not a readable tar.gz"),
        (
            "cut",
            |path| {
                let bytes = std::fs::read(path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            },
            "not a readable tar.gz",
        ),
        (
            "cut-at-its-end",
            |path| {
                let bytes = std::fs::read(path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() - 4]).unwrap();
            },
            "not a readable tar.gz",
        ),
        (
            "up",
            |path| archive_of(path, "../escaped", EntryType::Regular, None),
            "\"../escaped\" lies outside",
        ),
        (
            "symlink",
            |path| archive_of(path, "link", EntryType::Symlink, Some("/etc")),
            "\"link\" is neither a file nor a folder",
        ),
        (
            "hard-link",
            |path| archive_of(path, "link", EntryType::Link, Some("../../../../etc/passwd")),
            "\"link\" is neither a file nor a folder",
        ),
        (
            "fifo",
            |path| archive_of(path, "pipe", EntryType::Fifo, None),
            "\"pipe\" is neither a file nor a folder",
        ),
    ];
    for (name, damage, _) in &damages {
        lab.model(name, "x", json!({})).await;
        damage(&lab.path("buckets/artifacts").join(format!("{name}.tar.gz")));
        lab.config(name, &[(name, 1.0)]).await;
        lab.must("CreateEndpoint", json!({"EndpointName": name, "EndpointConfigName": name})).await;
    }
    for (name, _, expected) in damages {
        let described = lab.settled(name).await;
        assert_eq!(described["EndpointStatus"], "Failed", "{described:#}");
        let reason = described["FailureReason"].as_str().unwrap();
        let start = format!("Failed to extract the model data archive for production variant {name}: ");
        assert!(reason.starts_with(&start) && reason.contains(expected), "{reason}");
    }
    assert_eq!(lab.platform_files("escaped"), Vec::<std::path::PathBuf>::new());
    assert_eq!(lab.platform_files("model.tar.gz"), Vec::<std::path::PathBuf>::new());
    // The way out is the one of the service: delete it, make it again.
    lab.model("good", "text", json!({})).await;
    std::fs::copy(lab.path("buckets/artifacts/good.tar.gz"), lab.path("buckets/artifacts/cut.tar.gz"))
        .unwrap();
    lab.must("DeleteEndpoint", json!({"EndpointName": "cut"})).await;
    while lab.call("DescribeEndpoint", json!({"EndpointName": "cut"})).await.is_ok() {
        tokio::task::yield_now().await;
    }
    lab.must("CreateEndpoint", json!({"EndpointName": "cut", "EndpointConfigName": "cut"})).await;
    assert_eq!(lab.settled("cut").await["EndpointStatus"], "InService");
}
