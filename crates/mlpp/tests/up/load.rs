//! Endpoints of `mlpp up` under load by wrk, a program that nobody here wrote.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::running::{address, deploy, served};
use crate::util::skip;

const UPDATES: usize = 3;

#[test]
fn no_request_fails_while_an_endpoint_is_updated() {
    if Command::new("wrk").arg("-v").stdout(Stdio::null()).status().is_err() {
        return skip("wrk", "no_request_fails_while_an_endpoint_is_updated", "it is not installed");
    }
    let (project, up) = served();
    let mut configurations = HashSet::new();
    let mut see = || {
        let endpoint = &project.json_beside(["endpoints", "--json"])[0];
        configurations.insert(endpoint["EndpointConfigName"].to_string());
    };
    see();
    let url = format!("http://{}/endpoints/survival-endpoint/invocations", address(&project));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/peers/invoke.lua");
    let load = Command::new("wrk")
        .args(["-t", "1", "-c", "4", "-d", "10s", "-s"])
        .arg(script)
        .arg(url)
        .env("INVOKE_BODY", project.path().join("data/rows.csv"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for number in 1..=UPDATES {
        deploy(&project, &format!("{number}.json"));
        see();
    }
    let output = load.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let told: Value = serde_json::from_str(text.lines().next_back().unwrap()).unwrap();
    for failed in ["refused", "connect", "read", "write", "timeout"] {
        assert_eq!(told[failed], 0, "{told:#}\n{}", project.read("up.log"));
    }
    assert!(told["requests"].as_u64().unwrap() > 100, "{told:#}");
    assert_eq!(configurations.len(), UPDATES + 1);
    up.stop();
    project.expect_nothing_left_running();
}
