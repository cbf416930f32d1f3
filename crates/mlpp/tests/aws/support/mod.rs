//! An AWS account for one test, and a project that is at work in it.

mod server;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::util::Project;

/// Accounts that were given to tests.
static ACCOUNTS: AtomicU64 = AtomicU64::new(200_000_000_001);

/// The region of every test.
pub(crate) const REGION: &str = "us-east-1";

/// An account at moto, empty at first.
pub(crate) struct Account {
    /// Its number, which is the access key as well: by that the server tells the accounts apart.
    pub(crate) id: String,
    pub(crate) address: SocketAddr,
    python: PathBuf,
}

impl Account {
    /// An empty account; `None` where moto is not installed.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let (address, python) = server::address(test)?;
        let id = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string();
        Some(Self { id, address, python })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The variables of who works with the account, and none of who runs the tests.
    pub(crate) fn as_user(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
                command.env_remove(name);
            }
        }
        command
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", &self.id)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.endpoint());
    }

    /// `mlpp --backend aws <args>` in a project's folder.
    pub(crate) fn command(&self, project: &Project, args: &[&str]) -> Command {
        let mut command = project.command(["--backend", "aws"].iter().chain(args));
        self.as_user(&mut command);
        command
    }

    /// Runs it to its end and expects `code`.
    #[track_caller]
    pub(crate) fn expect(&self, project: &Project, code: i32, args: &[&str]) -> Output {
        let mut command = self.command(project, args);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", project.report(&command, &output));
        output
    }

    /// What it prints on standard output.
    #[track_caller]
    pub(crate) fn stdout(&self, project: &Project, code: i32, args: &[&str]) -> String {
        String::from_utf8(self.expect(project, code, args).stdout).unwrap()
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(&self, project: &Project, code: i32, args: &[&str]) -> Value {
        serde_json::from_str(&self.stdout(project, code, args)).unwrap()
    }

    /// Runs it, expects `code` and the error `name`; what it says of that, without the breaks of long lines.
    #[track_caller]
    pub(crate) fn refused(&self, project: &Project, code: i32, name: &str, args: &[&str]) -> String {
        told(project, &self.expect(project, code, args), name)
    }

    /// What Python prints of `code`, as JSON, with `boto3` at hand and clients for this account.
    #[track_caller]
    pub(crate) fn boto3(&self, code: &str, input: &Value) -> Value {
        let script = format!(
            "import boto3, json, sys\ngiven = json.load(sys.stdin)\nssm, s3 = boto3.client('ssm'), boto3.client('s3')\n{code}\n"
        );
        let mut command = Command::new(&self.python);
        self.as_user(&mut command);
        let mut child = command
            .args(["-I", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Everything that is in Parameter Store: name, type, value and version by boto3.
    pub(crate) fn parameters(&self) -> Vec<Value> {
        let code = "found = [p for page in ssm.get_paginator('get_parameters_by_path').paginate(Path='/', Recursive=True)\n\
                    for p in page['Parameters']]\n\
                    print(json.dumps([{k: p[k] for k in ('Name', 'Type', 'Value', 'Version')} for p in found]))";
        self.boto3(code, &Value::Null).as_array().unwrap().clone()
    }

    /// The parameters of a project, without the records of its releases.
    pub(crate) fn leaves(&self) -> Vec<Value> {
        let mut found = self.parameters();
        found.retain(|parameter| !parameter["Name"].as_str().unwrap().contains(".releases/"));
        found
    }

    /// Writes a parameter as somebody does who knows nothing of releases.
    pub(crate) fn put(&self, name: &str, parameter_type: &str, value: &str) {
        self.boto3(
            "ssm.put_parameter(Overwrite=True, **given)",
            &json!({"Name": name, "Type": parameter_type, "Value": value}),
        );
    }

    /// The actions of Systems Manager that were called since the last time this was asked.
    pub(crate) fn calls(&self) -> Vec<String> {
        let answer = server::get(self.address, &format!("/test/calls/{}", self.id));
        serde_json::from_str(&answer).unwrap()
    }

    /// From now on the account's calls of that action fail with that code and status.
    pub(crate) fn refuse(&self, action: &str, code: &str, status: u16) {
        server::get(self.address, &format!("/test/refuse/{}/{action}/{code}/{status}", self.id));
    }
}

/// What standard error says of the error `name`, which must be there.
#[track_caller]
pub(crate) fn told(project: &Project, output: &Output, name: &str) -> String {
    let stderr = project.stderr(output);
    assert!(stderr.lines().any(|line| line.trim() == name), "no {name}:\n{stderr}");
    stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}
