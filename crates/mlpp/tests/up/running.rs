//! A `mlpp up` at work, and what the tests ask of it.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::util::Project;

/// A command at work; ended with the test.
pub(crate) struct Up(Child);

impl Up {
    pub(crate) fn start(project: &Project) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(project.path().join("up.log"));
        let mut command = project.command(["up", "--listen", "127.0.0.1:0"]);
        Self(command.stdout(Stdio::null()).stderr(log.unwrap()).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Ends it once it is at work.
    pub(crate) fn stop_once_at_work(self, project: &Project) {
        until(project, || {
            project.read("up.log").lines().filter(|line| line.contains("  watch  ")).count() > 1
        });
        self.stop();
    }

    /// Ends it as a person would; it must end well.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so, as long as it takes; the test runner has the patience that there is.
pub(crate) fn until(project: &Project, is: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is() {
        assert!(start.elapsed().as_secs() < 120, "it never came:\n{}", project.read("up.log"));
        std::thread::yield_now();
    }
}

/// Where the running `mlpp up` answers.
pub(crate) fn address(project: &Project) -> String {
    until(project, || project.read("up.log").contains("http://"));
    let log = project.read("up.log");
    log.lines().rev().find_map(|line| line.split_once("http://")).unwrap().1.to_owned()
}

/// Head and body of an answer of the running `mlpp up`.
pub(crate) fn http(project: &Project, method: &str, path: &str, body: &str) -> (String, String) {
    let address = address(project);
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/csv\r\nAccept: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

pub(crate) fn executions(project: &Project) -> Vec<Value> {
    project.json_beside(["executions", "--json"]).as_array().unwrap().clone()
}

/// The example, applied, with `mlpp up` at work and an endpoint in service.
pub(crate) fn served() -> (Project, Up) {
    let project = Project::titanic();
    project.expect(0, ["apply", "--quiet"]);
    let up = Up::start(&project);
    deploy(&project, "manifest.json");
    (project, up)
}

/// Puts the example's manifest under a name of its own, and waits until every execution has succeeded.
pub(crate) fn deploy(project: &Project, name: &str) {
    let before = executions(project).len();
    let target = format!("s3://demo-bucket/manifests/{name}");
    let put = project.command(["put", "manifest.json", &target]).output().unwrap();
    assert!(put.status.success(), "{}", project.stderr(&put));
    until(project, || {
        let all = executions(project);
        all.len() > before && all.iter().all(|one| one["status"] == "SUCCEEDED")
    });
}

/// A project whose workflow does nothing, with parameters that say nothing.
pub(crate) fn idle() -> Project {
    let project = unapplied(r#"{"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": true}}}"#);
    project.expect(0, ["apply", "--quiet"]);
    project
}

/// A project with this workflow, of which nothing is applied yet.
pub(crate) fn unapplied(workflow: &str) -> Project {
    let project = Project::titanic();
    project.write("own.asl.json", workflow);
    project.write("own.json", r#"{"own": 1}"#);
    project.write("hyperparameters.json", "{}");
    let settings = "target_state_machine_arn = \"own\"\nparameters_s3_key = \"own.json\"\n\
                    manifest_s3_bucket_name = \"demo-bucket\"\nmanifest_s3_bucket_key_prefix = \"manifests/\"\n\
                    [state_machines]\nown = \"own.asl.json\"\n";
    project.write("mlpp.toml", settings);
    project
}

/// Where manifests arrive; the folder is made.
pub(crate) fn arrivals(project: &Project) -> PathBuf {
    let folder = project.path().join(".mlpp/buckets/demo-bucket/manifests");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What `mlpp why-not` has of manifests that were rejected: their keys, in order.
pub(crate) fn rejected(project: &Project) -> Vec<String> {
    let told = project.json_beside(["why-not", "--json"]);
    let mut keys: Vec<_> =
        told.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect();
    keys.sort_unstable();
    keys
}

pub(crate) fn manifest(number: usize) -> String {
    json!({"channels": [{"channelName": format!("channel-{number}"), "s3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": format!("s3://demo-bucket/data/{number}/"),
        "S3DataDistributionType": "FullyReplicated", "AttributeNames": [],
    }}]})
    .to_string()
}
