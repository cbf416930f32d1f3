//! `mlpp states graph`: what is written, and when nothing is.

#![allow(clippy::unwrap_used)]

mod util;

use std::ffi::OsStr;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use util::Project;

const ORDER: &str = r#"{
  "Comment": "Ships <orders>",
  "StartAt": "Check",
  "States": {
    "Check": {
      "Type": "Task",
      "Resource": "arn:aws:states:::lambda:invoke",
      "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Lost"}],
      "Next": "Big?"
    },
    "Big?": {
      "Type": "Choice",
      "Choices": [
        {"Variable": "$.count", "NumericGreaterThan": 3, "Next": "Each"},
        {"Variable": "$.again", "BooleanEquals": true, "Next": "Check"}
      ],
      "Default": "Say \"no\" & <stop>"
    },
    "Each": {
      "Type": "Map",
      "ItemProcessor": {"StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": true}}},
      "End": true
    },
    "Say \"no\" & <stop>": {"Type": "Wait", "Seconds": 1, "End": true},
    "Lost": {"Type": "Fail"}
  }
}"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("order.asl.json", ORDER);
    project
}

/// The drawing without its style sheet and without the coordinates: what is in it, not where.
fn structure(svg: &str) -> String {
    let (head, rest) = svg.split_once("<style>").unwrap();
    let body = rest.split_once("</style>\n").unwrap().1;
    let mut structure = String::new();
    for (index, part) in format!("{head}{body}").split('"').enumerate() {
        let number = |c: char| c.is_ascii_digit() || " .-,MLCQzhvlcA".contains(c);
        let bare = part.trim_start_matches("translate(").trim_end_matches(')');
        let coordinates = index % 2 == 1 && !bare.is_empty() && bare.chars().all(number);
        if index > 0 {
            structure.push('"');
        }
        structure.push_str(if coordinates { "…" } else { part });
    }
    structure
}

#[test]
fn draws_states_and_transitions_as_svg() {
    let project = project();
    let svg = project.stdout(0, ["states", "graph", "order.asl.json"]);
    insta::assert_snapshot!(structure(&svg));
}

#[test]
fn the_same_definition_gives_the_same_bytes_wherever_it_is() {
    let project = project();
    let first = project.stdout(0, ["states", "graph", "order.asl.json"]);
    std::fs::create_dir(project.path().join("folder")).unwrap();
    project.write("folder/order.asl.json", ORDER);
    project.expect(0, ["states", "graph", "folder/order.asl.json", "-o", "x.svg"]);
    assert_eq!(project.read("x.svg"), first);
}

#[test]
fn writes_graphviz() {
    let project = project();
    assert_eq!(project.stdout(0, ["states", "graph", "order.asl.json", "-o", "x.gv"]), "");
    insta::assert_snapshot!(project.read("x.gv"));
    assert_eq!(
        project.stdout(0, ["states", "graph", "order.asl.json", "--format", "dot"]),
        project.read("x.gv")
    );
}

#[test]
fn writes_mermaid() {
    let project = project();
    project.expect(0, ["states", "graph", "order.asl.json", "-o", "x.mmd"]);
    insta::assert_snapshot!(project.read("x.mmd"));
}

/// The picture in the documentation; `MLPP_WRITE_DOCS=1` draws it anew.
#[test]
fn the_documentation_shows_what_is_drawn() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let project = Project::empty();
    let workflow = repository.join("workflows/model-tuning.asl.json");
    let svg = project.stdout(0, [OsStr::new("states"), OsStr::new("graph"), workflow.as_os_str()]);
    let file = repository.join("docs/images/model-tuning.svg");
    if std::env::var_os("MLPP_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &svg).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), svg, "draw it anew with MLPP_WRITE_DOCS=1");
}

#[test]
fn reads_standard_input() {
    let project = project();
    let mut command = project.command(["states", "graph", "-"]);
    command.stdin(std::fs::File::open(project.path().join("order.asl.json")).unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("<title>State machine</title>"));
}

#[test]
fn an_existing_file_is_replaced_as_a_whole_and_a_link_stays_one() {
    let project = project();
    project.write("old.svg", "x".repeat(1_000_000));
    symlink("old.svg", project.path().join("link.svg")).unwrap();
    project.expect(0, ["states", "graph", "order.asl.json", "-o", "link.svg"]);
    assert!(project.path().join("link.svg").symlink_metadata().unwrap().is_symlink());
    let svg = project.read("old.svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert_eq!(project.bytes(".").len(), 3, "no other file is left");
}

#[test]
fn a_wrong_definition_is_refused_and_the_old_drawing_stays() {
    let project = project();
    project.write("x.svg", "old");
    project.replace("order.asl.json", "\"Next\": \"Lost\"", "\"Next\": \"Nowhere\"");
    let told =
        project.refused(3, "MISSING_TRANSITION_TARGET", ["states", "graph", "order.asl.json", "-o", "x.svg"]);
    assert!(told.contains("Missing 'Next' target: Nowhere"), "{told}");
    assert_eq!(project.read("x.svg"), "old");
    assert_eq!(project.stdout(3, ["states", "graph", "order.asl.json"]), "");
}

#[test]
fn an_absent_definition_is_refused() {
    let project = Project::empty();
    project.refused(3, "states/file-absent", ["states", "graph", "order.asl.json", "-o", "x.svg"]);
    assert!(project.bytes(".").is_empty());
}

#[test]
fn a_name_that_says_no_format_is_refused() {
    let project = project();
    let told =
        project.refused(3, "states/graph-format", ["states", "graph", "order.asl.json", "-o", "x.png"]);
    assert!(told.contains(".svg, .dot, .gv, .mmd or .mermaid"), "{told}");
    assert!(!project.path().join("x.png").exists());
    project.expect(0, ["states", "graph", "order.asl.json", "-o", "x.png", "--format", "svg"]);
    assert!(project.read("x.png").starts_with("<svg "));
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let project = project();
    let output = project.expect(1, ["states", "graph", "order.asl.json", "-o", "absent/x.svg"]);
    let told = project.stderr(&output);
    assert!(told.contains("failed to write absent/x.svg") && told.contains("No such file"), "{told}");
    std::fs::create_dir(project.path().join("folder.svg")).unwrap();
    let output = project.expect(1, ["states", "graph", "order.asl.json", "-o", "folder.svg"]);
    assert!(project.stderr(&output).contains("failed to write folder.svg"));
}

#[test]
fn a_new_file_has_a_new_file_s_permissions() {
    let project = project();
    project.write("plain", "");
    project.expect(0, ["states", "graph", "order.asl.json", "-o", "x.svg"]);
    let mode = |file: &str| project.path().join(file).metadata().unwrap().permissions().mode();
    assert_eq!(mode("x.svg"), mode("plain"));
}
