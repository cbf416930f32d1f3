//! An apply that is killed at any moment leaves the old release in force or the new one, and the next apply ends well;
//! readers in other processes see one of the two whenever they look.

#![allow(clippy::unwrap_used)]

mod util;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use mlpp_local::{DATABASE, LocalStore};
use mlpp_parameters::StorePath;
use mlpp_provider::ParameterStore as _;
use serde_json::{Value, json};
use util::{Project, runtime};

/// How many applies are killed.
const ROUNDS: u64 = 48;
/// After how many of them one is left to end.
const MADE_GOOD: u64 = 4;
/// About how many writes an apply makes: one is killed after some number of them below this.
const WRITES: u64 = 40;

/// A document of which every leaf is another one in the other version: values and types differ, and some are only in one.
fn document(version: &str) -> Value {
    let (first, other) = if version == "a" { (true, "b") } else { (false, "a") };
    let mut own = serde_json::Map::new();
    for index in 0..20 {
        own.insert(format!("text{index}"), json!(format!("{version} {index}")));
        let list = json!([version, index.to_string()]);
        let text = json!(format!("not a list in {version}"));
        let (even, odd) = if first { (list, text) } else { (text, list) };
        own.insert(format!("type{index}"), if index % 2 == 0 { even } else { odd });
        if index < 10 {
            own.insert(format!("only_in_{version}{index}"), json!(index));
            own.insert(format!("kind{index}"), if first { json!(index) } else { json!(index.to_string()) });
        }
    }
    own.insert("empty".to_owned(), if first { Value::Null } else { json!("") });
    own.insert("other".to_owned(), json!(other));
    json!({ "own": own })
}

/// Numbers that look random and are the same in every run (a linear congruential generator; constants of MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What is in the store, every parameter by its name and version.
fn stored(store: &LocalStore) -> HashSet<(String, u64)> {
    let list = |path: &str| {
        let path: StorePath = path.parse().unwrap();
        // A store that is busy is asked again: applies and readers use it at the same time.
        loop {
            match runtime().block_on(store.list(&path)) {
                Err(mlpp_provider::StoreError::Busy(_)) => {}
                listed => break listed.unwrap(),
            }
        }
    };
    let all = list("/ml-project").into_iter().chain(list("/ml-project.releases"));
    all.map(|parameter| (parameter.name.to_string(), parameter.version)).collect()
}

/// Shows the live parameters by a policy until it is told to stop; how often each version was seen, or what was wrong.
fn read(
    project: &Project,
    policy: &str,
    versions: &[Value; 2],
    stop: &AtomicBool,
) -> Result<[u32; 2], String> {
    let mut seen = [0, 0];
    while !stop.load(Ordering::Relaxed) {
        let mut command = project.command(["show", "--live", "--json"]);
        let output = command.env("MLPP_DRIFT", policy).output().unwrap();
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        match versions.iter().position(|version| *version == shown) {
            Some(at) if output.status.success() => seen[at] += 1,
            _ if seen == [0, 0] && is_nothing(policy, &output, &shown) => {}
            _ => return Err(format!("by {policy}: {}", project.report(&command, &output))),
        }
    }
    Ok(seen)
}

/// Whether it is what a reader sees before the first release.
fn is_nothing(policy: &str, output: &Output, shown: &Value) -> bool {
    match policy {
        "use" => output.status.success() && *shown == json!({}),
        _ => {
            output.status.code() == Some(3)
                && String::from_utf8_lossy(&output.stderr).contains("release/absent")
        }
    }
}

/// Runs a command to its end, which must be a good one.
fn succeeds(project: &Project, args: &[&str]) -> Result<Output, String> {
    let mut command = project.command(args);
    let output = command.output().unwrap();
    if output.status.success() { Ok(output) } else { Err(project.report(&command, &output)) }
}

/// When the applies were killed.
#[derive(Debug, Default)]
struct Kills {
    before: u32,
    within: u32,
    after: u32,
}

/// Applies the versions by turns and kills most applies.
fn kill(project: &Project, versions: &[Value; 2]) -> Result<Kills, String> {
    let mut numbers = Numbers(20);
    let mut kills = Kills::default();
    let store = LocalStore::open(&project.path().join(".mlpp").join(DATABASE)).unwrap();
    for round in 0..ROUNDS {
        let version = &versions[usize::from(numbers.below(2) == 1)];
        project.write("own.json", version.to_string());
        let before = stored(&store);
        let limit = numbers.below(WRITES);
        let mut child = project.command(["apply", "--yes", "--quiet"]).stdout(Stdio::null()).spawn().unwrap();
        let mut writes = 0;
        // It is killed once it has come so far, or after its end.
        let ended = loop {
            let ended = child.try_wait().unwrap().is_some();
            let now = stored(&store);
            writes = writes.max(now.symmetric_difference(&before).count() as u64);
            if ended || writes >= limit {
                break ended;
            }
        };
        child.kill().unwrap();
        child.wait().unwrap();
        match (ended, writes) {
            (true, _) => kills.after += 1,
            (false, 0) => kills.before += 1,
            (false, _) => kills.within += 1,
        }
        if round % MADE_GOOD == MADE_GOOD - 1 {
            succeeds(project, &["apply", "--yes", "--quiet"])?;
            succeeds(project, &["plan", "--exit-code"])?;
            let shown = succeeds(project, &["show", "--live", "--json"])?;
            let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
            if shown != *version {
                return Err(format!("round {round}: not what was applied:\n{shown:#}"));
            }
        }
    }
    Ok(kills)
}

#[test]
fn an_apply_that_is_killed_leaves_one_release_or_the_other() {
    let project = Project::titanic();
    project.write(
        "mlpp.toml",
        "target_state_machine_arn = \"own\"\nparameters_s3_key = \"own.json\"\nkeep_releases = 3\n",
    );
    project.write("hyperparameters.json", "{}");
    let versions = ["a", "b"].map(document);
    // The folder is there, and the store is empty.
    std::fs::create_dir(project.path().join(".mlpp")).unwrap();
    let stop = AtomicBool::new(false);
    let (kills, read) = std::thread::scope(|scope| {
        let readers =
            ["use", "ignore", "fail"].map(|policy| scope.spawn(|| read(&project, policy, &versions, &stop)));
        // The readers stop also when this panics: the scope waits for them.
        let kills = std::panic::catch_unwind(|| kill(&project, &versions));
        stop.store(true, Ordering::Relaxed);
        let kills = kills.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (kills, readers.map(|reader| reader.join().unwrap()))
    });
    let mut wrong = String::new();
    for error in read.iter().filter_map(|read| read.as_ref().err()).chain(kills.as_ref().err()) {
        writeln!(wrong, "{error}").unwrap();
    }
    assert!(wrong.is_empty(), "{wrong}");
    let kills = kills.unwrap();
    assert!(kills.before > 0 && kills.within > 0 && kills.after > 0, "{kills:?}");
    for seen in read {
        let seen = seen.unwrap();
        assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    }
    project.expect_nothing_left_running();
}
