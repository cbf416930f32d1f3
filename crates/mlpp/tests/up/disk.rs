//! The disk is full.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::running::{Up, arrivals, executions, manifest, unapplied, until};
use crate::util::{Project, skip};

/// Set where this program runs with file systems of its own.
const OWN_MOUNTS: &str = "MLPP_TEST_OWN_MOUNTS";

/// Runs the test `name` of this program, which is the one that calls, where it may mount a disk: with file systems of its own, which
/// go with it. Whether it is there already.
fn may_mount(name: &str) -> bool {
    if std::env::var_os(OWN_MOUNTS).is_some() {
        return true;
    }
    let unshare = |program: &Path, args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user"]).arg(program).args(args).env(OWN_MOUNTS, "1");
        command.stdin(Stdio::null()).output()
    };
    let probe = unshare(Path::new("mount"), &["-t", "tmpfs", "-o", "size=64k", "tmpfs", "/tmp"]);
    if !probe.is_ok_and(|probe| probe.status.success()) {
        skip("mount", name, "no disk can be mounted here");
        return false;
    }
    let output = unshare(&std::env::current_exe().unwrap(), &[name, "--exact", "--nocapture"]).unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    false
}

/// A disk of a few megabytes at a project's local folder.
struct Disk(PathBuf);

impl Disk {
    fn mount(project: &Project) -> Self {
        let folder = project.path().join(".mlpp");
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(&folder);
        assert!(mount.status().unwrap().success());
        Self(folder)
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.0.join("filling")).unwrap();
        for size in [65_536, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filling")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A workflow that takes a moment.
const WAITS: &str = r#"{"StartAt": "Wait", "States": {
    "Wait": {"Type": "Wait", "Seconds": 2, "Next": "Done"}, "Done": {"Type": "Pass", "End": true}}}"#;

/// A command that needs room, and what it says: that there is none. Nothing is left of it.
#[track_caller]
fn refused(project: &Project, args: &[&str]) {
    let output = project.command(args).output().unwrap();
    let told = project.stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
    assert!(told.lines().any(|line| line.trim() == "disk/full"), "{args:?}: {told}");
    assert!(told.contains("the disk is full: ") && told.contains("make room"), "{args:?}: {told}");
    let left = project.bytes(".mlpp/buckets").into_keys().find(|file| file.contains("partial"));
    assert_eq!(left, None, "{args:?}");
}

#[test]
fn nothing_is_half_done_on_a_full_disk() {
    if !may_mount("disk::nothing_is_half_done_on_a_full_disk") {
        return;
    }
    let project = unapplied(WAITS);
    let disk = Disk::mount(&project);
    project.write("one.json", manifest(1).replace("data/1/", "present"));
    project.write("present", "data");
    // Nothing was ever applied.
    disk.fill();
    refused(&project, &["apply", "--yes"]);
    refused(&project, &["put", "present", "s3://demo-bucket/present"]);
    disk.free();
    project.expect(0, ["put", "present", "s3://demo-bucket/present"]);
    project.expect(0, ["apply", "--quiet"]);
    let shown = project.stdout(0, ["show", "--live", "--json"]);
    project.write("own.json", format!(r#"{{"own": "{}"}}"#, "2".repeat(4000)));
    disk.fill();
    for args in [
        &["apply", "--yes"][..],
        &["launch", "one.json"],
        &["put", "one.json", "s3://demo-bucket/manifests/"],
        &["up", "--listen", "127.0.0.1:0"],
    ] {
        refused(&project, args);
    }
    disk.free();
    assert_eq!(project.stdout(0, ["show", "--live", "--json"]), shown);
    assert_eq!(executions(&project).len(), 0);
    project.expect(0, ["apply", "--yes"]);
    assert_ne!(project.stdout(0, ["show", "--live", "--json"]), shown);
    project.expect(0, ["launch", "one.json", "--wait", "--quiet"]);
    assert_eq!(executions(&project).len(), 1);
}

#[test]
fn up_waits_for_room_and_goes_on() {
    const COUNT: usize = 12;
    if !may_mount("disk::up_waits_for_room_and_goes_on") {
        return;
    }
    let project = unapplied(WAITS);
    let disk = Disk::mount(&project);
    project.expect(0, ["apply", "--quiet"]);
    let folder = arrivals(&project);
    // They are there before the disk is full, under names that are none of manifests.
    for number in 1..COUNT {
        std::fs::write(folder.join(format!("{number}.new")), manifest(number)).unwrap();
    }
    let mut up = Up::start(&project);
    std::fs::write(folder.join("0.json"), manifest(0)).unwrap();
    until(&project, || project.read("up.log").contains("  launch  "));
    // One execution is under way, its state waits; nothing that it does next can be recorded.
    disk.fill();
    for number in 1..COUNT {
        std::fs::rename(folder.join(format!("{number}.new")), folder.join(format!("{number}.json"))).unwrap();
    }
    let told = |what: &str| {
        let log = project.read("up.log");
        log.lines().filter(|line| line.contains("  wait  ") && line.contains(what)).count()
    };
    until(&project, || told("manifests: ") == 1 && told("execution ") == 1);
    assert!(project.read("up.log").contains("disk is full"), "{}", project.read("up.log"));
    assert!(up.is_running());
    disk.free();
    until(&project, || {
        let all = executions(&project);
        all.len() >= COUNT && all.iter().all(|one| one["status"] == "SUCCEEDED")
    });
    assert!(up.is_running());
    up.stop();
    let all = executions(&project);
    let manifests: std::collections::BTreeSet<_> =
        all.iter().map(|one| one["manifest"].to_string()).collect();
    assert_eq!((all.len(), manifests.len()), (COUNT, COUNT));
    // Each was told once, when it began and when it ended.
    for what in ["  launch  ", "  ended  "] {
        let log = project.read("up.log");
        assert_eq!(log.lines().filter(|line| line.contains(what)).count(), COUNT, "{log}");
    }
}

#[test]
fn jobs_that_end_on_a_full_disk_have_ended() {
    if !may_mount("disk::jobs_that_end_on_a_full_disk_have_ended") {
        return;
    }
    let project = Project::titanic();
    let here = project.path().display().to_string();
    let script = format!(
        "echo validation:auc=0.9; echo x > $SM_MODEL_DIR/m; echo > {here}/ready; \
         while ! test -e {here}/go; do sleep 0.05; done"
    );
    project.replace(
        "algorithm.toml",
        r#"command = ["mlpp", "algorithm", "gbm", "train"]"#,
        &format!("command = [\"/bin/sh\", \"-c\", \"{script}\"]"),
    );
    project.replace("mlpp.toml", "\"model-tuning-with-endpoint-deployment\"", "\"model-tuning\"");
    for limit in ["maxNumberOfTrainingJobs", "maxParallelTrainingJobs"] {
        project.replace("ml-parameters.json", &format!("\"{limit}\": 3"), &format!("\"{limit}\": 1"));
    }
    let disk = Disk::mount(&project);
    project.expect(0, ["apply", "--quiet"]);
    let up = Up::start(&project);
    let folder = arrivals(&project);
    std::fs::copy(project.path().join("manifest.json"), folder.join("manifest.json")).unwrap();
    until(&project, || project.path().join("ready").exists());
    disk.fill();
    project.write("go", "");
    until(&project, || project.read("up.log").contains("disk is full"));
    disk.free();
    until(&project, || executions(&project)[0]["status"] != "RUNNING");
    let ended = &executions(&project)[0];
    let trials = project.json_beside(["trials", "--json"]);
    up.stop();
    // The program ended well, as is known though the disk was full; for the archive of its model there was no room.
    assert_eq!(ended["status"], "FAILED", "{ended:#}");
    let told = project.stdout(0, ["describe", ended["name"].as_str().unwrap(), "--json"]);
    let reason = "ClientError: model.tar.gz cannot be made: No space left on device";
    assert!(told.contains(reason), "{told}");
    assert!(trials.to_string().contains(reason), "{trials:#}");
    project.expect(0, ["launch", "s3://demo-bucket/manifests/manifest.json", "--again", "--wait", "--quiet"]);
    let statuses: Vec<_> = executions(&project).iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["SUCCEEDED", "FAILED"]);
}
