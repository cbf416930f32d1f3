//! Manifests that come in pieces, are written again while they are read, come all at once, or are none.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;

use mlpp_parameters::Digest;
use serde_json::Value;

use crate::running::{Up, arrivals, executions, idle, manifest, rejected, until};
use crate::util::Project;

/// The number of the manifest that each execution was started for, by the name of its only channel.
fn launched(project: &Project) -> Vec<String> {
    let mut channels: Vec<_> = executions(project)
        .iter()
        .map(|execution| {
            let described = project.json_beside(["describe", execution["name"].as_str().unwrap(), "--json"]);
            let input: Value = match &described["input"] {
                Value::String(text) => serde_json::from_str(text).unwrap(),
                input => input.clone(),
            };
            input["channels"][0]["channelName"].as_str().unwrap().to_owned()
        })
        .collect();
    channels.sort();
    channels
}

/// Writes over a file as many programs do: emptied, and then filled in pieces.
fn in_place(file: &Path, text: &str, mut between: impl FnMut()) {
    let mut file = File::options().create(true).truncate(true).write(true).open(file).unwrap();
    between();
    for piece in text.as_bytes().chunks(text.len().div_ceil(3)) {
        file.write_all(piece).unwrap();
        between();
    }
}

#[test]
fn a_manifest_is_written_again_while_it_is_read() {
    const ROUNDS: usize = 4;
    const VERSIONS: usize = 25;
    let project = idle();
    let folder = arrivals(&project);
    let up = Up::start(&project);
    // What the object is now was launched.
    let is_launched = |name: &str| {
        let told = project.command(["why-not", name, "--json"]).output().unwrap();
        let told: Vec<Value> = serde_json::from_slice(&told.stdout).unwrap_or_default();
        let now = Digest::of(std::fs::read(folder.join(name)).unwrap()).to_string();
        told.iter().any(|one| one["verdict"] == "launched" && one["version"] == now)
    };
    for round in 0..ROUNDS {
        std::thread::scope(|scope| {
            let numbers = round * VERSIONS..(round + 1) * VERSIONS;
            // In place, and by another file that takes its place.
            let renamed = numbers.clone();
            scope.spawn(|| {
                for number in numbers {
                    in_place(&folder.join("in-place.json"), &manifest(number), std::thread::yield_now);
                }
            });
            scope.spawn(|| {
                for number in renamed {
                    std::fs::write(folder.join("renamed.new"), manifest(1000 + number)).unwrap();
                    std::fs::rename(folder.join("renamed.new"), folder.join("renamed.json")).unwrap();
                }
            });
        });
        until(&project, || is_launched("in-place.json") && is_launched("renamed.json"));
    }
    // Written as it was before, it is what was launched already.
    in_place(&folder.join("in-place.json"), &manifest(VERSIONS - 1), || {});
    std::fs::write(folder.join("then.json"), manifest(5000)).unwrap();
    until(&project, || is_launched("in-place.json") && is_launched("then.json"));
    up.stop();
    assert_eq!(rejected(&project), [""; 0]);
    let started = launched(&project);
    for last in (1..=ROUNDS).map(|round| round * VERSIONS - 1) {
        for number in [last, 1000 + last] {
            assert!(started.contains(&format!("channel-{number}")), "no {number} in {started:?}");
        }
    }
    // Versions in between may have been seen, but none was started twice.
    assert_eq!(started.iter().collect::<BTreeSet<_>>().len(), started.len(), "{started:?}");
}

#[test]
fn a_manifest_comes_in_pieces() {
    let project = idle();
    let folder = arrivals(&project);
    let (text, file) = (manifest(1), folder.join("slow.json"));
    let mut writer = File::create(&file).unwrap();
    writer.write_all(&text.as_bytes()[..60]).unwrap();
    let up = Up::start(&project);
    // One that is complete, and comes after it was looked at twice, is through before it.
    let passed = |name: &str| {
        std::fs::write(folder.join(name), manifest(name.len())).unwrap();
        until(&project, || executions(&project).iter().any(|one| one["manifest"].to_string().contains(name)));
    };
    passed("a.json");
    writer.write_all(&text.as_bytes()[60..100]).unwrap();
    passed("bb.json");
    assert_eq!(rejected(&project), [""; 0]);
    writer.write_all(&text.as_bytes()[100..]).unwrap();
    until(&project, || {
        executions(&project).iter().any(|one| one["manifest"].to_string().contains("slow.json"))
    });
    // One that stays half is rejected in the end, and launched once it is whole.
    writer.set_len(60).unwrap();
    until(&project, || rejected(&project) == ["manifests/slow.json"]);
    writer.set_len(0).unwrap();
    writer.rewind().unwrap();
    writer.write_all(manifest(9).as_bytes()).unwrap();
    until(&project, || executions(&project).len() == 4);
    up.stop();
    assert_eq!(launched(&project), ["channel-1", "channel-6", "channel-7", "channel-9"]);
}

#[test]
fn three_hundred_manifests_at_once_with_bad_ones_between_them() {
    const GOOD: usize = 300;
    let project = idle();
    let folder = arrivals(&project);
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let odd = [
        "with spaces.json",
        "żółć ☂.json",
        "100%25.json",
        "a+b&c=d.json",
        "sub/folder/deep.json",
        "'quoted\".json",
    ];
    for number in 0..GOOD {
        match odd.get(number) {
            Some(name) => write(name, &manifest(number)),
            None => write(&format!("{number:03}.json"), &manifest(number)),
        }
    }
    let bad =
        ["{\"channels\": [", "", "[]", "{\"channels\": []}", "\u{feff}{}", "{\"channels\": 7}", "nonsense"];
    for (number, text) in bad.iter().enumerate() {
        write(&format!("{number:03}-bad.json"), text);
    }
    std::fs::write(folder.join("107-bad.json"), b"{\"channels\": \"\xff\"}").unwrap();
    for name in ["notes.txt", "json", "150.json.tmp", ".json", "200.JSON"] {
        write(name, &manifest(GOOD + 1));
    }
    // What only looks like a manifest must hold nothing up.
    std::fs::create_dir(folder.join("folder.json")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("dangling.json")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe.json")).status().unwrap().success());
    let up = Up::start(&project);
    until(&project, || {
        rejected(&project).len() > bad.len()
            && executions(&project).iter().filter(|one| one["status"] == "SUCCEEDED").count() >= GOOD
    });
    up.stop();
    let all = executions(&project);
    let keys: BTreeSet<String> = all.iter().map(|one| one["manifest"].to_string()).collect();
    assert_eq!((all.len(), keys.len()), (GOOD, GOOD));
    for name in odd {
        let told = project.json(0, ["why-not", name, "--json"]);
        assert_eq!(told[0]["verdict"], "launched", "{name}: {told:#}");
        assert_eq!(told[0]["key"], format!("manifests/{name}"));
    }
    let mut expected: Vec<_> =
        (0..bad.len()).map(|number| format!("manifests/{number:03}-bad.json")).collect();
    expected.push("manifests/107-bad.json".to_owned());
    assert_eq!(rejected(&project), expected);
    for told in project.json(0, ["why-not", "--json"]).as_array().unwrap() {
        let finding = &told["findings"][0];
        assert!(!finding["message"].as_str().unwrap().is_empty(), "{told:#}");
        assert!(!finding["code"].as_str().unwrap().is_empty(), "{told:#}");
    }
    project.refused(3, "manifest/not-seen", ["why-not", "notes.txt"]);
}
