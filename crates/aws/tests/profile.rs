//! Clients by the files of the AWS command line.
//!
//! The SDK reads the environment of its process, so what is tested runs in a child.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use mlpp_aws::{AwsParameterStore, Clients, ClientsError, Profile, StoreOptions, SystemClock};
use mlpp_provider::ParameterStore as _;

/// Set in the child.
const CHILD: &str = "MLPP_TEST_PROFILE";

#[test]
fn region_endpoint_and_credentials_come_from_the_profile() {
    if let Ok(name) = std::env::var(CHILD) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(child(&name));
    }
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let keys = r#"{"Version": 1, "AccessKeyId": "FROM-A-PROCESS", "SecretAccessKey": "any"}"#;
    let (process, config) = (folder.path().join("keys.json"), folder.path().join("config"));
    std::fs::write(&process, keys).unwrap();
    let port = listener.local_addr().unwrap().port();
    let program = if cfg!(windows) { "cmd /c type" } else { "cat" };
    let text = format!(
        "[profile ml]\nregion = eu-west-3\nendpoint_url = http://127.0.0.1:{port}\n\
         credential_process = {program} {}\n[profile nowhere]\naws_access_key_id = any\n",
        process.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    let this = "region_endpoint_and_credentials_come_from_the_profile";
    child.args(["--exact", this, "--nocapture"]).env_clear().env(CHILD, "ml");
    // What it says of itself is no result of this program's.
    child.stdout(Stdio::null());
    child.env("AWS_CONFIG_FILE", &config).env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("none"));
    child.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let mut child = child.spawn().unwrap();

    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        reader.read_line(&mut head).unwrap();
        if let Some(value) = head[from..].to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 18\r\n\r\n\
                  {\"Parameters\": []}";
    stream.write_all(answer.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(head.contains("Credential=FROM-A-PROCESS/") && head.contains("/eu-west-3/ssm/"), "{head}");
}

/// What the child does, in an environment of its own.
async fn child(name: &str) {
    let profile = |name: &str| Profile { name: Some(name.to_owned()), ..Profile::default() };
    let clients = Clients::from_profile(&profile(name)).await.unwrap();
    let options = StoreOptions::default();
    let store = AwsParameterStore::new(&clients, SystemClock.into(), 1, options).unwrap();
    assert_eq!(store.list(&"/p".parse().unwrap()).await.unwrap(), []);
    let nowhere = Clients::from_profile(&Profile { region: None, ..profile("nowhere") }).await;
    assert_eq!(nowhere.err(), Some(ClientsError::NoRegion));
}
