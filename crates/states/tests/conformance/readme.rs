//! The section of the crate's README that tells what passes.

use std::fmt::Write as _;
use std::path::Path;

use crate::results::{Results, exceptions};

const BEGIN: &str = "<!-- written by `cargo xtask conformance` -->\n";
const END: &str = "<!-- end -->\n";
/// Areas with fewer vectors are told together.
const FEW: usize = 10;

/// Compares the section with `all`, or writes it where `MLPP_WRITE_CONFORMANCE` is set.
pub(crate) fn check(all: &[Results]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let now = section(all);
    println!("{now}");
    if std::env::var_os("MLPP_WRITE_CONFORMANCE").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{now}{END}{after}")).unwrap();
        return;
    }
    assert!(written == now, "the README is not up to date; cargo xtask conformance writes it:\n{now}");
}

fn section(all: &[Results]) -> String {
    let mut text = String::from("\n| | passing | of | % |\n|---|---:|---:|---:|\n");
    for results in all {
        row(&mut text, &format!("**{}**", results.of), (results.passed, results.all()));
        let mut few = (0, 0);
        for (kind, counts) in &results.kinds {
            if counts.1 < FEW {
                few = (few.0 + counts.0, few.1 + counts.1);
            } else {
                row(&mut text, kind, *counts);
            }
        }
        if few.1 > 0 {
            row(&mut text, "areas with fewer than ten", few);
        }
    }
    text.push_str("\nWhat does not pass:\n\n");
    for results in all {
        for exception in exceptions(results.of) {
            let ids: Vec<_> = exception.ids.iter().map(|id| format!("`{}`", short(id))).collect();
            let _ = writeln!(text, "- {}: {}", ids.join(", "), exception.reason);
        }
    }
    text.push('\n');
    text
}

fn row(text: &mut String, what: &str, (passed, all): (usize, usize)) {
    let tenths = passed * 1000 / all.max(1);
    let _ = writeln!(text, "| {what} | {passed} | {all} | {}.{} |", tenths / 10, tenths % 10);
}

/// The id without the file that the vector was recorded in.
fn short(id: &str) -> &str {
    id.rsplit_once("::").map_or(id, |(_, short)| short)
}
