//! What a stack has around its functions: an account at moto, CloudFormation that waits for answers, and Lambda.

mod cloudformation;
pub(crate) mod http;
mod lambda;
#[path = "../../../../aws/tests/moto/support/server.rs"]
mod server;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mlpp_aws::{AwsParameterStore, Clients, StoreOptions, SystemClock};
use serde_json::{Value, json};

pub(crate) use cloudformation::CloudFormation;
pub(crate) use lambda::{Function, TRACE};

pub(crate) const IMPORT: &str = env!("CARGO_BIN_EXE_import-parameters");
pub(crate) const NOTIFICATION: &str = env!("CARGO_BIN_EXE_manifest-notification");
pub(crate) const LAUNCH: &str = env!("CARGO_BIN_EXE_launch-workflow");

/// The account that both servers take for the caller's: moto by itself, and `MiniStack` by the id of the key.
const ACCOUNT: &str = "123456789012";

/// The account of a test. Tests share it, so that each has a bucket and a path of its own: those with its name.
pub(crate) struct Account {
    address: SocketAddr,
    /// Name of the test, with hyphens.
    pub(crate) name: String,
    pub(crate) clients: Clients,
}

impl Account {
    /// `None` where moto is not installed.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let address = server::address(name)?;
        Some(Self { address, name: name.to_owned(), clients: clients_at(&format!("http://{address}")) })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The project's path.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.name)
    }

    pub(crate) fn store(&self) -> AwsParameterStore<SystemClock> {
        AwsParameterStore::new(&self.clients, SystemClock.into(), 1, StoreOptions::default()).unwrap()
    }

    /// Calls an action that the ports do not have.
    pub(crate) async fn call(&self, service: &str, target: &str, request: &Value) -> Value {
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/{service}/aws4_request");
        let request = hyper::Request::post(self.endpoint())
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization)
            .body(Full::<Bytes>::from(request.to_string()))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{target}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Makes the bucket, with versions.
    pub(crate) async fn make_bucket(&self) {
        let s3 = self.clients.s3();
        s3.create_bucket().bucket(&self.name).send().await.unwrap();
        let versions = aws_sdk_s3::types::VersioningConfiguration::builder()
            .status(aws_sdk_s3::types::BucketVersioningStatus::Enabled)
            .build();
        let put = s3.put_bucket_versioning().bucket(&self.name).versioning_configuration(versions);
        put.send().await.unwrap();
    }

    /// Writes an object; the record that S3 sends about it.
    pub(crate) async fn put(&self, key: &str, text: &str) -> Value {
        let body = text.as_bytes().to_vec().into();
        let put = self.clients.s3().put_object().bucket(&self.name).key(key).body(body).send().await.unwrap();
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "eventTime": "2020-07-17T10:20:30.123Z", "awsRegion": "us-east-1",
            "s3": {"bucket": {"name": self.name}, "object": {
                "key": key, "size": text.len(), "eTag": put.e_tag.unwrap().trim_matches('"'),
                "versionId": put.version_id, "sequencer": "0055AED6DCD90281E5",
            }},
        })
    }

    /// Makes a state machine; its ARN.
    pub(crate) async fn make_state_machine(&self) -> String {
        let definition = json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Pass", "End": true}}});
        let request = json!({
            "name": self.name, "definition": definition.to_string(),
            "roleArn": "arn:aws:iam::123456789012:role/any",
        });
        let made = self.call("states", "AWSStepFunctions.CreateStateMachine", &request).await;
        made["stateMachineArn"].as_str().unwrap().to_owned()
    }

    /// Names and inputs of the executions of a state machine, in the order of names.
    pub(crate) async fn executions(&self, state_machine: &str) -> Vec<(String, Value)> {
        let request = json!({"stateMachineArn": state_machine});
        let listed = self.call("states", "AWSStepFunctions.ListExecutions", &request).await;
        let mut executions = Vec::new();
        for execution in listed["executions"].as_array().unwrap() {
            let request = json!({"executionArn": execution["executionArn"]});
            let told = self.call("states", "AWSStepFunctions.DescribeExecution", &request).await;
            let name = told["name"].as_str().unwrap().to_owned();
            executions.push((name, serde_json::from_str(told["input"].as_str().unwrap()).unwrap()));
        }
        executions.sort_by(|(one, _), (other, _)| one.cmp(other));
        executions
    }

    /// Makes the failure queue; its URL.
    pub(crate) async fn make_queue(&self) -> String {
        let made = self.call("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": self.name})).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Takes the messages out of the failure queue.
    pub(crate) async fn failures(&self, queue: &str) -> Vec<Value> {
        let request = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10});
        let received = self.call("sqs", "AmazonSQS.ReceiveMessage", &request).await;
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        messages
            .iter()
            .map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap())
            .collect()
    }

    /// Starts a function's program with the account's services, and with `variables`.
    pub(crate) async fn function(&self, program: &str, variables: &[(&str, &str)]) -> Function {
        let endpoint = self.endpoint();
        let mut all = vec![
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", ACCOUNT),
            ("AWS_SECRET_ACCESS_KEY", "any"),
            ("AWS_ENDPOINT_URL", &endpoint),
        ];
        all.extend_from_slice(variables);
        Function::start(program, &all).await
    }

    /// Runs `aws` with the arguments, and gives what it printed.
    pub(crate) fn aws(&self, arguments: &[&str]) -> String {
        let python = std::env::var_os("MLPP_PEERS_PYTHON").unwrap();
        let output = Command::new(python)
            .args(["-I", "-m", "awscli"])
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_PAGER", "")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Clients of the services at an address.
pub(crate) fn clients_at(endpoint: &str) -> Clients {
    let variable = |name: &str| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some(ACCOUNT.to_owned()),
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        _ => None,
    };
    Clients::from_variables(variable).unwrap()
}

/// The folder with the golden files, or `None` with a word about it.
pub(crate) fn golden() -> Option<PathBuf> {
    let shared = std::env::var_os("MLPP_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let golden = shared.join("golden");
    if golden.is_dir() {
        return Some(golden);
    }
    let _ = writeln!(std::io::stderr(), "skipped: golden files ({} is not there)", golden.display());
    if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
        let mut file = std::fs::File::options().append(true).create(true).open(list).unwrap();
        writeln!(file, "golden files: crates/lambdas/tests/programs").unwrap();
    }
    None
}
