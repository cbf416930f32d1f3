//! Two at once: on one project, at one address.

use crate::running::{Up, address, arrivals, executions, http, idle, manifest, until};
use crate::util::Project;

/// What a command says that is refused beside `mlpp up`, with the breaks of lines taken out.
fn refused(project: &Project, code: i32, args: &[&str]) -> String {
    let output = project.command(args).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", project.stderr(&output));
    project.stderr(&output).split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn who_holds_the_project_is_told_and_goes_on() {
    let project = idle();
    let folder = arrivals(&project);
    std::fs::write(folder.join("first.json"), manifest(1)).unwrap();
    let mut up = Up::start(&project);
    let at = address(&project);
    until(&project, || executions(&project).iter().any(|one| one["status"] == "SUCCEEDED"));
    let name = executions(&project)[0]["name"].as_str().unwrap().to_owned();
    let holder = format!("at work in .mlpp: process {}", up.pid());
    project.write("manifest.json", manifest(2).replace("data/2/", "manifests/"));
    for args in [
        &["up", "--listen", "127.0.0.1:0"][..],
        &["run"],
        &["launch", "--wait"],
        &["resume", &name, "--redrive"],
    ] {
        let told = refused(&project, 5, args);
        assert!(told.contains("project/busy "), "{args:?}: {told}");
        assert!(
            told.contains(&holder) && told.contains("wait until it has ended, or end it"),
            "{args:?}: {told}"
        );
    }
    assert!(up.is_running());
    // The first one goes on.
    std::fs::write(folder.join("third.json"), manifest(3)).unwrap();
    until(&project, || {
        executions(&project).iter().any(|one| one["manifest"].to_string().contains("third.json"))
    });
    assert!(http(&project, "GET", "/status", "").0.starts_with("HTTP/1.1 200"));

    // Another project can listen elsewhere, but not at the same address; it is left as it was.
    let other = idle();
    let told = other.refused(1, "up/address", ["up", "--listen", &at]);
    assert!(
        told.contains(&format!("nothing can listen at {at}")) && told.contains("--listen names another"),
        "{told}"
    );
    assert!(told.contains("in use"), "{told}");
    up.stop();
    other.expect_nothing_left_running();
    // It is free again, and so is the project.
    Up::start(&project).stop_once_at_work(&project);
}
