//! A store that cannot be used, a plan or a release that is not there, documents that are wrong: each has its code and its
//! exit code, and leaves the local folder byte for byte as it was.

#![allow(clippy::unwrap_used)]

mod util;

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use mlpp_local::SystemClock;
use mlpp_parameters::release::Action;
use mlpp_parameters::{
    Content, Documents, FingerprintKey, ProjectRules, SecretSource, SecretValue, validate,
};
use mlpp_provider::{ApplyRequest, PlanRequest, SecretReader, Secrets, apply, plan};
use util::{Project, runtime};

/// What is done to a project, the command that is run then, its exit code, and the code that it tells.
type Row = (&'static str, fn(&Project), &'static [&'static str], i32, &'static str);

const PLAN: &[&str] = &["plan"];
const APPLY: &[&str] = &["apply", "--yes"];
const RENDER: &[&str] = &["render", "--documents"];

/// Runs each row in a project of its own, one that was never applied or one that has a release.
#[track_caller]
fn refused(applied: bool, rows: &[Row]) {
    for (what, change, command, exit_code, code) in rows {
        let project = Project::titanic();
        if applied {
            project.expect(0, ["apply"]);
            project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
        }
        change(&project);
        let folder = project.path().join(".mlpp");
        let (before, there) = (project.state(".mlpp"), folder.exists());
        let output = project.expect(*exit_code, *command);
        let told = project.stderr(&output);
        assert!(told.lines().any(|line| line.trim() == *code), "{what}: no {code} in\n{told}");
        assert!(told.contains("help: "), "{what}: nothing is said of what to do\n{told}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{what}");
        assert!(project.state(".mlpp") == before, "{what}: {command:?} wrote something");
        assert_eq!(folder.exists(), there, "{what}: {command:?} made a folder");
    }
}

fn own(project: &Project, member: &str) {
    project.replace("ml-parameters.json", "\"tuningJobName\"", &format!("{member}, \"tuningJobName\""));
}

#[test]
fn a_store_that_is_damaged() {
    let damage =
        |project: &Project| project.write(".mlpp/mlpp.db", b"this is no database, and never was one");
    let cut = |project: &Project| {
        let bytes = std::fs::read(project.path().join(".mlpp/mlpp.db")).unwrap();
        project.write(".mlpp/mlpp.db", [&bytes[..5000], &[0xa5; 9000][..]].concat());
    };
    let future = |project: &Project| {
        let mut bytes = std::fs::read(project.path().join(".mlpp/mlpp.db")).unwrap();
        // The user version of an SQLite file is in bytes 60 to 63 of its header.
        bytes[63] = 9;
        project.write(".mlpp/mlpp.db", bytes);
    };
    let commands: [&[&str]; 10] = [
        PLAN,
        APPLY,
        &["show", "--live"],
        &["diff"],
        &["diff", "--live"],
        &["history"],
        &["rollback", "1", "--yes"],
        &["pin", "1"],
        &["render"],
        &["destroy", "--yes"],
    ];
    for command in commands {
        refused(
            true,
            &[
                ("no database", damage, command, 1, "store/corrupt"),
                ("a database that was overwritten in part", cut, command, 1, "store/corrupt"),
                ("a database of a later version", future, command, 1, "store/unavailable"),
            ],
        );
    }
}

#[test]
fn a_folder_that_cannot_be_one() {
    let file = |project: &Project| {
        let _ = std::fs::remove_dir_all(project.path().join(".mlpp"));
        project.write(".mlpp", "a file in its place");
    };
    let database = |project: &Project| std::fs::create_dir_all(project.path().join(".mlpp/mlpp.db")).unwrap();
    let commands: [&[&str]; 8] = [
        PLAN,
        APPLY,
        &["show", "--live"],
        &["diff"],
        &["history"],
        &["rollback", "--yes"],
        &["pin", "1"],
        &["destroy", "--yes"],
    ];
    for command in commands {
        refused(false, &[("a file for the folder", file, command, 1, "store/unavailable")]);
    }
    let project = Project::titanic();
    database(&project);
    for command in [PLAN, &["show", "--live"], &["history"]] {
        project.refused(1, "store/unavailable", command);
    }
}

#[test]
fn a_store_that_another_writer_holds() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    project.expect(0, ["plan", "--out", "saved.plan"]);
    let lock = File::options().write(true).open(project.path().join(".mlpp/writer.lock")).unwrap();
    lock.lock().unwrap();
    let before = project.state(".mlpp");
    let writers: [&[&str]; 5] =
        [APPLY, &["apply", "saved.plan"], &["rollback", "1", "--yes"], &["pin", "1"], &["destroy", "--yes"]];
    for command in writers {
        let told = project.refused(5, "store/busy", command);
        assert!(told.contains("another mlpp is applying a release"), "{told}");
    }
    assert!(project.state(".mlpp") == before, "something was written");
    // Who reads need not wait.
    let readers: [&[&str]; 5] = [PLAN, &["show", "--live"], &["diff"], &["history"], &["render"]];
    for command in readers {
        project.expect(0, command);
    }
    drop(lock);
    project.expect(0, APPLY);
}

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, source: &SecretSource) -> Result<SecretValue, String> {
        Err(format!("{source} is not to be read"))
    }
}

/// Begins to apply the documents as they are, and stops after `writes` writes as a process does that is killed.
fn leave_half_done(project: &Project, writes: usize) {
    let path = "/ml-project".parse().unwrap();
    let documents = Documents::merge([
        ("ml-parameters.json", project.read("ml-parameters.json")),
        ("hyperparameters.json", project.read("hyperparameters.json")),
    ])
    .unwrap();
    let content: Content = validate(&documents, &path, &ProjectRules::default()).unwrap().content;
    let store = project.store();
    let key = FingerprintKey::new([0; 32]);
    let secrets = Secrets { reader: &NoSecrets, key: &key };
    let request = ApplyRequest {
        path: &path,
        documents: &[],
        action: Action::Apply,
        owner: "mlpp",
        author: "somebody",
        writer: "a writer that ends early",
        tool: "mlpp test",
        adopt: false,
        exclusive: true,
        keep_releases: 20,
    };
    runtime().block_on(async {
        let planned = PlanRequest { path: &path, content: &content, keep_drift: false, secrets };
        let planned = plan(&store, &planned).await.unwrap();
        let stop = AtomicBool::new(false);
        let mut progress = |step: mlpp_provider::Progress| {
            if step.done >= writes {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let mut applying = std::pin::pin!(apply(&store, &SystemClock, &planned, &request, &mut progress));
        std::future::poll_fn(|context| {
            let done = applying.as_mut().poll(context).is_ready();
            if done || stop.load(Ordering::Relaxed) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    });
}

#[test]
fn a_claim_that_a_killed_process_left_is_made_good() {
    for writes in 1..=6 {
        let project = Project::titanic();
        project.expect(0, ["apply"]);
        let before = project.stdout(0, ["show", "--live", "--json"]);
        for (from, to) in
            [("\"seed\": \"1\"", "\"seed\": \"2\""), ("\"stopping_rounds\": \"10\"", "\"x\": \"10\"")]
        {
            project.replace("hyperparameters.json", from, to);
        }
        leave_half_done(&project, writes);
        // What was in force is in force, or the new release once its mark may have been written.
        let shown = project.stdout(0, ["show", "--live", "--json"]);
        let new = project.stdout(0, ["show", "--json"]);
        assert!(shown == before || writes > 3 && shown == new, "after {writes} writes:\n{shown}");
        assert_eq!(project.stdout(0, ["show", "--live", "--json", "--drift", "fail"]), shown);
        assert_eq!(project.stdout(0, ["show", "--live", "--json", "--drift", "ignore"]), shown);
        assert_eq!(project.stdout(0, ["diff", "--live", "--exit-code"]), "");
        let releases = project.json(0, ["history", "--json"]);
        if releases.as_array().unwrap().len() == 2 && releases[0]["committed"] == false {
            let told = project.stderr(&project.expect(0, PLAN));
            assert!(told.contains("release 2 was claimed by somebody at "), "{told}");
        }
        project.expect(0, APPLY);
        project.expect(0, ["plan", "--exit-code"]);
        let after = project.json(0, ["show", "--live", "--json"]);
        assert_eq!(after, project.json(0, ["show", "--json"]));
    }
}

#[test]
fn going_back_to_the_old_documents_undoes_what_a_killed_process_left() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    let documents = project.read("hyperparameters.json");
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    leave_half_done(&project, 3);
    project.write("hyperparameters.json", documents);
    project.expect(6, ["plan", "--exit-code"]);
    project.expect(0, APPLY);
    project.expect(0, ["plan", "--exit-code"]);
    assert_eq!(project.json(0, ["show", "--live", "--json"])["staticHyperParameters"]["seed"], "1");
}

#[test]
fn plans_and_releases_that_are_not_there() {
    let nothing = |_: &Project| {};
    let none = |project: &Project| project.write("none.plan", "{}");
    let stale = |project: &Project| {
        project.expect(0, ["plan", "--out", "stale.plan"]);
        project.edit(
            "/ml-project/staticHyperParameters/seed",
            mlpp_parameters::ParameterType::String,
            "edited",
        );
    };
    let pruned = |project: &Project| {
        project.expect(0, ["apply", "--keep-releases", "1"]);
        project.replace("hyperparameters.json", "\"seed\": \"2\"", "\"seed\": \"3\"");
        project.expect(0, ["apply", "--keep-releases", "1"]);
    };
    refused(
        true,
        &[
            ("no plan", none, &["apply", "none.plan"], 3, "plan/not-valid"),
            ("an absent plan", nothing, &["apply", "absent.plan"], 3, "plan/not-valid"),
            ("a stale plan", stale, &["apply", "stale.plan"], 3, "plan/stale"),
            ("a pruned release", pruned, &["rollback", "1", "--yes"], 3, "release/pruned"),
            ("a pruned release", pruned, &["diff", "1"], 3, "release/pruned"),
            ("an absent release", nothing, &["rollback", "7", "--yes"], 3, "release/absent"),
            ("an absent release", nothing, &["show", "--release", "7"], 3, "release/absent"),
            ("no release before", nothing, &["rollback", "--yes"], 3, "release/absent"),
            ("a parameter of no release", nothing, &["history", "own"], 3, "release/no-parameter"),
        ],
    );
    refused(
        false,
        &[
            ("no release", nothing, &["rollback", "1", "--yes"], 3, "release/absent"),
            ("no release", nothing, &["diff"], 3, "release/absent"),
            ("no release", nothing, &["diff", "--live"], 3, "release/absent"),
            ("no release", nothing, &["show", "--release", "1"], 3, "release/absent"),
            ("no release", nothing, &["show", "--live", "--drift", "fail"], 3, "release/absent"),
            ("no release", nothing, &["render"], 3, "release/absent"),
            ("no release", nothing, &["pin", "1"], 3, "release/absent"),
            ("no release", nothing, &["history", "model/name"], 3, "release/no-parameter"),
        ],
    );
}

/// What is wrong with the documents of a project, how it comes to be, and the code that it gets.
type Mistake = (&'static str, fn(&Project), &'static str);

/// Documents that are wrong, by every command that reads them.
const DOCUMENTS: &[Mistake] = &[
    ("a key that is no name", |project| own(project, "\"a b\": 1"), "name/level"),
    (
        "too many levels",
        |project| {
            own(project, &format!("\"a\": {}1{}", "{\"a\":".repeat(15), "}".repeat(15)));
        },
        "name/path",
    ),
    (
        "a value too large",
        |project| own(project, &format!("\"own\": \"{}\"", "x".repeat(8193))),
        "value/size",
    ),
    ("a number that is not finite", |project| own(project, "\"own\": 1e999"), "value/number"),
    ("NaN", |project| own(project, "\"own\": NaN"), "document/not-json"),
    (
        "a byte order mark",
        |project| {
            project.write("ml-parameters.json", format!("\u{feff}{}", project.read("ml-parameters.json")));
        },
        "document/not-json",
    ),
    (
        "UTF-16",
        |project| {
            let text = project.read("ml-parameters.json");
            let bytes: Vec<u8> =
                std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
            project.write("ml-parameters.json", bytes);
        },
        "document/not-utf8",
    ),
    (
        "Latin-1",
        |project| project.write("ml-parameters.json", b"{\"own\": \"caf\xe9\"}"),
        "document/not-utf8",
    ),
    ("a key twice", |project| own(project, "\"own\": 1, \"own\": 2"), "document/duplicate-key"),
    (
        "a placeholder",
        |project| project.replace("ml-parameters.json", "us-east-1:123456789012", "<region>:<account>"),
        "value/placeholder",
    ),
    (
        "Min over Max",
        |project| project.replace("hyperparameters.json", "\"MinValue\": \"10\"", "\"MinValue\": \"2000\""),
        "range/bounds",
    ),
    (
        "Min equal to Max",
        |project| project.replace("hyperparameters.json", "\"MinValue\": \"10\"", "\"MinValue\": \"20\""),
        "range/bounds",
    ),
    (
        "an S3 URI that is none",
        |project| {
            project.replace(
                "ml-parameters.json",
                "s3://demo-bucket/model-artifacts/",
                "demo-bucket/model-artifacts/",
            );
        },
        "value/s3-uri",
    ),
    ("a name that two keys come to", |project| own(project, "\"own/key\": 1"), "name/level"),
    ("no object", |project| project.write("ml-parameters.json", "[1]"), "document/shape"),
    ("nothing", |project| project.write("ml-parameters.json", ""), "document/not-json"),
    ("no file", |project| project.remove("ml-parameters.json"), "project/file-absent"),
    (
        "an overlay that is not there",
        |project| project.write("mlpp.toml", "[environments.development]\noverlays = [\"absent.json\"]\n"),
        "config/file-absent",
    ),
    (
        "an environment that is none",
        |project| project.write("mlpp.toml", "environment = \"prod\"\n[environments.production]\n"),
        "config/environment",
    ),
];

#[test]
fn documents_that_are_wrong() {
    for (what, change, code) in DOCUMENTS {
        refused(false, &[(what, *change, PLAN, 3, code), (what, *change, &["package"], 3, code)]);
        refused(true, &[(what, *change, APPLY, 3, code), (what, *change, &["diff"], 3, code)]);
    }
}

#[test]
fn manifests_that_are_wrong() {
    let rows: &[Row] = &[
        (
            "no channels",
            |p| p.replace("manifest.json", "\"channels\"", "\"chanels\""),
            RENDER,
            3,
            "manifest/channels",
        ),
        (
            "two of one name",
            |p| {
                p.replace(
                    "manifest.json",
                    "\"channelName\": \"validation\"",
                    "\"channelName\": \"training\"",
                );
            },
            RENDER,
            3,
            "manifest/duplicate-channel",
        ),
        (
            "a URI that is none",
            |p| {
                p.replace(
                    "manifest.json",
                    "s3://demo-bucket/titanic/training",
                    "demo-bucket/titanic/training",
                );
            },
            RENDER,
            3,
            "manifest/s3-uri",
        ),
        (
            "a release that is none",
            |p| p.replace("manifest.json", "\"channels\"", "\"release\": 0, \"channels\""),
            RENDER,
            3,
            "manifest/release",
        ),
        (
            "no JSON",
            |p| p.replace("manifest.json", "\"channels\":", "\"channels\""),
            RENDER,
            3,
            "document/not-json",
        ),
        ("no file", |p| p.remove("manifest.json"), RENDER, 3, "project/file-absent"),
    ];
    refused(false, rows);
    refused(true, rows);
}
