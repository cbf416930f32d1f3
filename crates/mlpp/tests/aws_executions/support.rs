//! A project of the example that is at work in an account of moto.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

#[path = "../../../aws/tests/moto/support/server.rs"]
mod server;

use crate::util::Project;

/// Names that tests of one server must not share.
static NAMES: AtomicU32 = AtomicU32::new(1);

/// What waits for an hour where it is told to, and fails where it is told to.
pub(crate) const MACHINE: &str = r#"{
  "StartAt": "Prepare",
  "States": {
    "Prepare": {"Type": "Pass", "Next": "Decide"},
    "Decide": {
      "Type": "Choice",
      "Choices": [
        {"Variable": "$.staticHyperParameters.seed", "StringEquals": "101", "Next": "Linger"},
        {"Variable": "$.staticHyperParameters.seed", "StringEquals": "102", "Next": "Refuse"}
      ],
      "Default": "Finish"
    },
    "Linger": {"Type": "Wait", "Seconds": 3600, "Next": "Finish"},
    "Refuse": {"Type": "Fail", "Error": "Own.Refused", "Cause": "it was asked to fail"},
    "Finish": {"Type": "Succeed"}
  }
}"#;

/// A project on AWS.
pub(crate) struct OnMoto {
    pub(crate) project: Project,
    pub(crate) bucket: String,
    pub(crate) target: String,
    endpoint: String,
}

impl OnMoto {
    /// The example with a bucket of its own and a state machine; `None` where moto is not installed.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let address = server::address(test)?;
        let name = format!("own-{}", NAMES.fetch_add(1, Ordering::Relaxed));
        let mut new = Self {
            project: Project::titanic(),
            bucket: format!("bucket-{name}"),
            target: String::new(),
            endpoint: format!("http://{address}"),
        };
        let made = new.boto3(&format!(
            "
import json, urllib.request
config = json.dumps({{'stepfunctions': {{'execute_state_machine': True}}}}).encode()
urllib.request.urlopen(urllib.request.Request('{}/moto-api/config', data=config, method='POST')).read()
s3 = boto3.client('s3')
for bucket in ('{}', 'demo-bucket'):
    s3.create_bucket(Bucket=bucket)
s3.put_bucket_versioning(Bucket='{}', VersioningConfiguration={{'Status': 'Enabled'}})
sfn = boto3.client('stepfunctions')
role = 'arn:aws:iam::123456789012:role/any'
print(sfn.create_state_machine(name='{name}', definition='''{MACHINE}''', roleArn=role)['stateMachineArn'])
",
            new.endpoint, new.bucket, new.bucket
        ));
        made.trim().clone_into(&mut new.target);
        new.project.replace("mlpp.toml", "\"/ml-project\"", &format!("\"/{name}\""));
        new.project.replace(
            "mlpp.toml",
            "manifest_s3_bucket_name = \"demo-bucket\"",
            &format!("backend = \"aws\"\nmanifest_s3_bucket_name = \"{}\"", new.bucket),
        );
        let target = format!("target_state_machine_arn = \"{}\"", new.target);
        new.project.replace(
            "mlpp.toml",
            "target_state_machine_arn = \"model-tuning-with-endpoint-deployment\"",
            &target,
        );
        Some(new)
    }

    /// Has the manifest set the seed, which decides what the state machine does: 101 waits for an hour, 102 fails.
    pub(crate) fn seed(&self, seed: &str) {
        let text = self.project.read("manifest.json");
        let mut manifest: Value = serde_json::from_str(&text).unwrap();
        manifest["parameters"] = serde_json::json!({"staticHyperParameters": {"seed": seed}});
        self.project.write("manifest.json", manifest.to_string());
    }

    /// The command with the environment of somebody who has an account.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.project.command(args);
        self.account(&mut command);
        command
    }

    fn account(&self, command: &mut Command) {
        account(command, &self.endpoint);
    }

    /// Runs it, and expects `code`.
    #[track_caller]
    pub(crate) fn expect<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> Output {
        let mut command = self.command(args);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", self.project.report(&command, &output));
        output
    }

    #[track_caller]
    pub(crate) fn stdout<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> String {
        String::from_utf8(self.expect(code, args).stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn json<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> Value {
        serde_json::from_str(&self.stdout(code, args)).unwrap()
    }

    /// What it says on standard error, without the breaks of long lines.
    #[track_caller]
    pub(crate) fn stderr<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> String {
        words(&self.expect(code, args))
    }

    /// Runs a script of boto3; gives back what it prints.
    #[track_caller]
    pub(crate) fn boto3(&self, script: &str) -> String {
        let mut command = Command::new(std::env::var_os("MLPP_PEERS_PYTHON").unwrap());
        command.args(["-I", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.account(&mut command);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("import boto3\n{script}").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The environment of somebody who has an account at `endpoint`, and no files of the AWS command line.
pub(crate) fn account(command: &mut Command, endpoint: &str) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
}

/// Standard error without the breaks of long lines.
pub(crate) fn words(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}
