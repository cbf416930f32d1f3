//! The reference of the command line, `docs/cli.md`, which is checked against the help texts.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use super::Cli;

/// Columns of the help texts.
const WIDTH: usize = 100;

fn reference() -> String {
    let mut text = "# The command line of mlpp\n\n\
                    Written from the help texts by `MLPP_WRITE_DOCS=1 cargo test -p mlpp reference`; do not edit.\n\
                    The options of `mlpp` itself can be given to every command.\n"
        .to_owned();
    section(&Cli::command(), "mlpp", 2, &mut text);
    text
}

/// The help of a command and of the commands in it. What is global stands in the help of the outermost alone.
fn section(command: &Command, name: &str, level: usize, text: &mut String) {
    let mut shown = command.clone().bin_name(name).term_width(WIDTH);
    let help = shown.render_long_help().to_string();
    let _ = write!(text, "\n{} {name}\n\n```text\n", "#".repeat(level.min(4)));
    for line in help.trim_end().lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("```\n");
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        section(inner, &format!("{name} {}", inner.get_name()), level + 1, text);
    }
}

#[test]
fn the_reference_is_what_the_help_texts_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let now = reference();
    if std::env::var_os("MLPP_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, now).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = now.lines().zip(written.lines()).find(|(now, written)| now != written);
    assert!(
        now == written,
        "docs/cli.md is not what the help texts say; run with MLPP_WRITE_DOCS=1. First difference: {differs:?}"
    );
}

#[test]
fn the_definition_of_the_command_line_is_consistent() {
    Cli::command().debug_assert();
}
