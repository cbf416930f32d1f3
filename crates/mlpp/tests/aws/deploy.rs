//! A deployment by a program that stands in for `sam` and writes down how it was called.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Account, told};
use crate::util::Project;

const TARGET: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:model-tuning";

/// A project on AWS with a template, and `sam` beside it. It fails at what the file `fail` names.
fn project() -> Project {
    let project = Project::titanic();
    project.replace("mlpp.toml", "= \"model-tuning-with-endpoint-deployment\"", &format!("= \"{TARGET}\""));
    let text = project.read("mlpp.toml");
    let buckets =
        "parameters_s3_bucket_name = \"demo-bucket\"\nhyperparameters_s3_bucket_name = \"demo-bucket\"\n";
    project.write("mlpp.toml", format!("{buckets}{text}"));
    for folder in ["bin", "deploy"] {
        std::fs::create_dir(project.path().join(folder)).unwrap();
    }
    project.write("deploy/template.yaml", "Resources: {}\n");
    let sam = "#!/bin/sh\n\
               for word; do printf '%s\\n' \"$word\"; done >> ../called\n\
               echo \"in ${PWD##*/}\" >> ../called\n\
               echo 'sam says so'\n\
               ! grep -qs \"$1\" ../fail\n";
    project.write("bin/sam", sam);
    let file = project.path().join("bin/sam");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    project
}

fn deploy(account: &Account, project: &Project, path: &Path, code: i32, args: &[&str]) -> Output {
    let mut command = account.command(project, &[&["deploy"], args].concat());
    let paths = std::env::join_paths([path, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let output = command.env("PATH", paths).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", project.report(&command, &output));
    output
}

/// What `sam` was called with since the last time this was asked.
fn called(project: &Project) -> Vec<String> {
    let lines =
        project.read("called").lines().skip_while(|line| *line == "--version").map(str::to_owned).collect();
    project.remove("called");
    lines
}

#[test]
fn the_documents_are_uploaded_once_and_the_stack_gets_its_options() {
    let test = "the_documents_are_uploaded_once_and_the_stack_gets_its_options";
    let Some(account) = Account::new(test) else { return };
    let project = project();
    let bin = project.path().join("bin");
    let make = "s3.create_bucket(Bucket='demo-bucket')\n\
                s3.put_bucket_versioning(Bucket='demo-bucket', VersioningConfiguration={'Status': 'Enabled'})";
    account.boto3(make, &Value::Null);
    let args = ["--stack-name", "survival", "--yes", "--option", "ImportOnUpload=true", "--", "--guided"];
    let output = deploy(&account, &project, &bin, 0, &args);
    assert_eq!((output.stdout.as_slice(), project.stderr(&output).contains("sam says so")), (&b""[..], true));

    let calls = called(&project);
    let rest = calls.strip_prefix(["in deploy".to_owned()].as_slice()).unwrap_or(&calls);
    let start = rest.iter().position(|word| word == "build").unwrap();
    assert_eq!(rest[start..start + 3], ["build", "in deploy", "deploy"]);
    let words = &rest[start + 3..];
    assert_eq!(
        words[..5],
        [
            "--stack-name",
            "survival",
            "--no-fail-on-empty-changeset",
            "--no-confirm-changeset",
            "--parameter-overrides"
        ]
    );
    assert_eq!(words[words.len() - 2..], ["--guided", "in deploy"]);
    let option = |name: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(&format!("{name}=")));
        let Some(value) = found else { panic!("no {name} in {words:?}") };
        value.trim_matches('"').to_owned()
    };
    for (name, expected) in [
        ("Environment", "development"),
        ("ParameterStorePath", "/ml-project"),
        ("TargetStateMachineArn", TARGET),
        ("ManifestS3BucketName", "demo-bucket"),
        ("ManifestS3BucketKeyPrefix", "manifests/"),
        ("ParametersS3BucketName", "demo-bucket"),
        ("ParametersS3Key", "ml-parameters.json"),
        ("HyperparametersS3BucketName", "demo-bucket"),
        ("HyperparametersS3Key", "hyperparameters.json"),
        ("Drift", "use"),
        ("KeepReleases", "20"),
        ("ImportOnUpload", "true"),
    ] {
        assert_eq!(option(name), expected, "{name}");
    }
    let newest = "print(json.dumps({k: [s3.get_object(Bucket='demo-bucket', Key=k)[m] for m in ('VersionId',)] +\
                  [json.load(s3.get_object(Bucket='demo-bucket', Key=k)['Body'])] \
                  for k in ('ml-parameters.json', 'hyperparameters.json')}))";
    let objects = account.boto3(newest, &Value::Null);
    assert_eq!(objects["ml-parameters.json"][0], option("ParametersS3ObjectVersion"));
    assert_eq!(objects["hyperparameters.json"][0], option("HyperparametersS3ObjectVersion"));
    let document: Value = serde_json::from_str(&project.read("hyperparameters.json")).unwrap();
    assert_eq!(objects["hyperparameters.json"][1], document);
    let revision = option("ImportRevision");

    // The same again: nothing is uploaded, and the stack gets the same options. An edit changes one document.
    deploy(&account, &project, &bin, 0, &args);
    assert_eq!(
        called(&project).iter().find(|word| word.starts_with("ImportRevision=")),
        Some(&format!("ImportRevision=\"{revision}\""))
    );
    assert_eq!(account.boto3(newest, &Value::Null), objects);
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    deploy(&account, &project, &bin, 0, &args);
    let after = account.boto3(newest, &Value::Null);
    assert_eq!(after["ml-parameters.json"], objects["ml-parameters.json"]);
    assert_ne!(after["hyperparameters.json"][0], objects["hyperparameters.json"][0]);
    assert!(!called(&project).contains(&format!("ImportRevision=\"{revision}\"")));
}

#[test]
fn a_dry_run_prints_what_would_be_done_and_does_nothing() {
    let test = "a_dry_run_prints_what_would_be_done_and_does_nothing";
    let Some(account) = Account::new(test) else { return };
    let project = project();
    let output = deploy(
        &account,
        &project,
        &project.path().join("bin"),
        0,
        &["--dry-run", "--region", "eu-central-1"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("put s3://demo-bucket/ml-parameters.json ("), "{text}");
    assert_eq!(lines[2], "(cd deploy && sam build --region eu-central-1)");
    assert!(
        lines[3].starts_with("(cd deploy && sam deploy --region eu-central-1 --no-fail-on-empty-changeset "),
        "{text}"
    );
    assert!(lines[3].contains(&format!("'TargetStateMachineArn=\"{TARGET}\"'")), "{text}");
    assert!(!project.path().join("called").exists());
    assert_eq!(account.boto3("print(json.dumps(s3.list_buckets()['Buckets']))", &Value::Null), json!([]));
}

#[test]
fn what_is_in_the_way_of_a_deployment_is_told_before_anything_is_done() {
    let test = "what_is_in_the_way_of_a_deployment_is_told_before_anything_is_done";
    let Some(account) = Account::new(test) else { return };
    let project = project();
    let bin = project.path().join("bin");
    let refused = |code: i32, name: &str, path: &Path, args: &[&str]| {
        told(&project, &deploy(&account, &project, path, code, args), name)
    };
    let nowhere = project.path().join("nowhere");
    assert!(refused(1, "deploy/sam-absent", &nowhere, &[]).contains("pip install aws-sam-cli"));
    assert!(
        refused(3, "deploy/template-absent", &bin, &["--template", "nowhere"])
            .contains("nowhere/template.yaml")
    );
    refused(3, "deploy/option", &bin, &["--option", "ImportOnUpload"]);
    refused(3, "config/target-arn", &bin, &["--target-state-machine-arn", "model-tuning"]);
    refused(3, "deploy/option", &bin, &["--kms-key-id", "alias/project"]);
    let text = project.refused(3, "backend/not-here", ["deploy"]);
    assert!(text.contains("--backend aws"), "{text}");

    project.write("fail", "build");
    assert!(refused(1, "deploy/sam-failed", &bin, &[]).contains("sam build failed"));
    project.replace("ml-parameters.json", "{", "{\n  \"apiToken\": {\"$secret\": \"env:TOKEN\"},");
    assert!(refused(3, "deploy/secret", &bin, &[]).contains("apiToken (env:TOKEN)"));
    assert_eq!(account.boto3("print(json.dumps(s3.list_buckets()['Buckets']))", &Value::Null), json!([]));
}
