//! A program that panics ends, and CloudFormation is answered before.

use std::process::Command;
use std::time::Duration;

use mlpp_lambdas::custom_resource::{Envelope, Failure, Resource};
use mlpp_lambdas::program::{HttpResponder, answer_panics, answer_request, serve};
use serde_json::{Map, Value, json};

use super::support::{CloudFormation, Function};

/// Says when to panic, and that this process is the program.
const VARIABLE: &str = "MLPP_PANICS_WHEN";

struct Panicking;

impl Resource for Panicking {
    fn physical_id(&self, _: &Envelope) -> Result<String, Failure> {
        assert_ne!(std::env::var(VARIABLE).unwrap(), "named");
        Ok("the-id".to_owned())
    }

    async fn make(&self, _: &Envelope) -> Result<Map<String, Value>, Failure> {
        // Where somebody else goes on at the same time.
        tokio::task::yield_now().await;
        assert_eq!(std::env::var(VARIABLE).unwrap(), "named", "out of luck");
        Ok(Map::new())
    }

    async fn delete(&self, _: &Envelope) -> Result<(), Failure> {
        Ok(())
    }
}

/// The program, for the process that [`start`] makes of this very file; of no use among the tests.
#[test]
fn the_program_itself() {
    if std::env::var_os(VARIABLE).is_some() {
        answer_panics();
        let responder = HttpResponder::default();
        serve(|invocation| {
            let responder = &responder;
            async move { answer_request(&Panicking, responder, &invocation).await }
        })
        .unwrap();
    }
}

async fn start(when: &str) -> Function {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "panics::the_program_itself", "--nocapture"]);
    Function::spawn(command, &[(VARIABLE, when)]).await
}

// DEFECTS A17
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_with_its_reason_and_the_process_ends() {
    for (when, id, reason) in [
        ("made", "the-id", "the function panicked: assertion `left == right` failed: out of luck"),
        ("named", "s/Parameters", "the function panicked: "),
    ] {
        let stack = CloudFormation::new("s").await;
        let function = start(when).await;
        let outcome = function.send(&stack.request("Create", None, &json!({})), Duration::from_mins(1));
        assert!(!function.wait());
        drop(outcome);
        let told = stack.answer();
        assert_eq!((&told["Status"], &told["PhysicalResourceId"]), (&json!("FAILED"), &json!(id)));
        let told = told["Reason"].as_str().unwrap();
        assert!(told.starts_with(reason), "{told}");
    }
}
