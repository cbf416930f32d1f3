//! The guide is true: its commands are run as they stand in it, and its links lead somewhere.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod util;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use util::skip;

/// How long something that happens eventually may take.
const PATIENCE_SECONDS: u32 = 120;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A block of code: what its fence says, and its text.
struct Block {
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.to_owned(), text: String::new() }),
            (None, None) => {}
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "a block of code is not closed");
    blocks
}

/// A script of a page's commands, each block's output in a file of its own, by its number.
///
/// A block `sh fails` must fail; one that says `sh eventually` is tried until it succeeds; `sh background` goes on while
/// the others are run, and is ended with them.
fn script(blocks: &[Block], python: Option<&Path>) -> String {
    let mut script = String::from(
        "set -euo pipefail\npages=$PWD\nrunning=\ntrap '[ -z \"$running\" ] || kill $running; wait' EXIT\n",
    );
    let mut add = |text: &str| script.push_str(text);
    for (number, block) in blocks.iter().enumerate() {
        let out = format!("> \"$pages/{number}.out\" 2>&1");
        let text = &block.text;
        // A condition has no `set -e` of its own.
        let apart = format!("bash -euo pipefail \"$pages/{number}.sh\"");
        let mut words = block.info.split_whitespace();
        match (words.next(), words.next()) {
            // Standing in its own braces, it can change the folder of those that follow.
            (Some("sh"), None) => add(&format!("{{\n{text}}} {out}\n")),
            (Some("sh"), Some("fails")) => add(&format!("if {apart} {out}; then exit 3; fi\n")),
            (Some("sh"), Some("background")) => {
                // In a process group of its own, so that what the block calls is ended with it.
                add(&format!(
                    "(\nset -m\n{{\n{text}}} {out} &\ntrap \"kill -- -$!; wait\" TERM\nwait\n) &\nrunning=\"$running $!\"\n"
                ));
            }
            (Some("sh"), Some("eventually")) => {
                let turns = PATIENCE_SECONDS * 5;
                add(&format!(
                    "left={turns}\nuntil {apart} {out}; do left=$((left-1)); [ $left -gt 0 ]; sleep 0.2; done\n"
                ));
            }
            (Some("python"), None) => {
                if let Some(python) = python {
                    add(&format!("'{}' - {out} <<'END_OF_PYTHON'\n{text}END_OF_PYTHON\n", python.display()));
                }
            }
            _ => {}
        }
    }
    script
}

/// A line with what differs from run to run made equal: numbers, names of executions, blanks and rules of tables.
fn plain(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let mut text = String::new();
        for character in word.chars() {
            let character = if character.is_ascii_digit() { '0' } else { character };
            if !(character == '0' && text.ends_with('0')) {
                text.push(character);
            }
        }
        // Names that follow from the time or a digest.
        let parts: Vec<_> = text
            .split('-')
            .map(
                |part| if part.contains('0') && part.chars().all(char::is_alphanumeric) { "0" } else { part },
            )
            .collect();
        words.push(parts.join("-"));
    }
    words.join(" ")
}

/// Whether the lines are among those of the output, in their order; `…` stands for any number of lines.
fn expect(shown: &str, output: &str, number: usize) {
    let mut lines = output.lines().map(plain);
    for line in shown.lines().filter(|line| *line != "…") {
        let wanted = plain(line);
        let found = lines.any(|line| {
            // What is cut short in the guide may be longer.
            match wanted.split_once('…') {
                Some((begin, _)) => line.starts_with(begin),
                None => line == wanted,
            }
        });
        assert!(
            found,
            "block {number} shows this, and the command did not print it in that place:\n{line}\n\n{output}"
        );
    }
}

/// The Python with the libraries that the guide's programs use; without it a page is followed as far as it needs none.
fn python(page: &str) -> Option<PathBuf> {
    let python = std::env::var_os("MLPP_PEERS_PYTHON").map(PathBuf::from);
    if python.is_none() {
        skip("peers", page, "MLPP_PEERS_PYTHON is not set");
    }
    python
}

/// The text of a page, with what differs where the tests run.
fn page(name: &str, changes: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(root().join("docs").join(name)).unwrap();
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{name} does not say {from}");
        text.replace(from, to)
    })
}

/// Runs the commands of a page in an empty folder.
fn follow(page: &str, text: &str, python: Option<&Path>) {
    let folder = tempfile::Builder::new().prefix("mlpp-guide-").tempdir().unwrap();
    let blocks = blocks(text);
    for (number, block) in blocks.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number}.sh")), &block.text).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_mlpp"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script(&blocks, python)])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("USER", "you")
        .env_remove("MLPP_PROJECT")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = |number: usize| {
        std::fs::read_to_string(folder.path().join(format!("{number}.out"))).unwrap_or_default()
    };
    if !output.status.success() {
        let mut told = String::from_utf8_lossy(&output.stderr).into_owned();
        for (number, block) in blocks.iter().enumerate() {
            let _ =
                writeln!(told, "\n--- block {number}, {}:\n{}{}", block.info, block.text, printed(number));
        }
        assert!(output.status.success(), "{page}: {}\n{told}", output.status);
    }
    let mut shown = 0;
    // The commands of a page in the background are shown in parts.
    let mut background = None;
    for (number, pair) in blocks.windows(2).enumerate() {
        let [command, next] = pair else { continue };
        if command.info == "sh background" {
            background = Some(number);
        }
        if next.info != "text" || !command.info.starts_with("sh") {
            continue;
        }
        shown += 1;
        let mut output = printed(number);
        if let Some(background) = background {
            output.push_str(&printed(background));
        }
        expect(&next.text, &output, number);
    }
    assert!(shown > 0, "{page} shows no output");
}

#[test]
fn the_tutorial_is_as_it_says() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let up = format!("mlpp up --listen {address}\n");
    let text = page("tutorial.md", &[("mlpp up\n```", &format!("{up}```")), ("127.0.0.1:8080", &address)]);
    follow("tutorial.md", &text, python("the_tutorial_is_as_it_says").as_deref());
}

#[test]
fn a_train_py_of_ones_own_is_trained_tuned_and_hosted() {
    let Some(python) = python("a_train_py_of_ones_own_is_trained_tuned_and_hosted") else { return };
    let text = page("algorithms.md", &[]);
    // The files that the page shows, each after a paragraph that begins with its name, are put where it says.
    let mut put = String::new();
    for file in ["algorithm.toml", "train.py", "serve.py"] {
        let (_, after) = text.split_once(&format!("\n`{file}`")).unwrap();
        let shown = blocks(after.split_inclusive("\n```\n").next().unwrap()).remove(0).text;
        let _ = write!(put, "cat > {file} <<'END_OF_FILE'\n{shown}END_OF_FILE\n");
    }
    // In place of an environment with scikit-learn from the network, the one that the tests have.
    let (before, install) = text.split_once("```sh install\n").unwrap();
    let (_, after) = install.split_once("```\n").unwrap();
    let own = format!(
        "mkdir -p .venv/bin\nprintf '#!/bin/sh\\nexec {} \"$@\"\\n' > .venv/bin/python\n",
        python.display()
    );
    let text = format!("{before}```sh\n{put}{own}chmod +x .venv/bin/python\n```\n{after}");
    follow("algorithms.md", &text, None);
}

/// The lines of a page outside blocks of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        !is_fence && !in_code
    })
}

/// The anchors of a page's headings, as they are made from their texts.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|one| one.is_alphanumeric() || " -_".contains(*one));
            kept.map(|one| if one == ' ' { '-' } else { one }).collect()
        })
        .collect()
}

/// The targets of links.
fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(page) {
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split(')').next().unwrap();
            links.push(target.split(' ').next().unwrap().to_owned());
        }
    }
    links
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let root = root();
    let mut pages: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "examples/titanic/README.md"].map(|page| root.join(page)).into();
    for folder in ["docs", "crates"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let path = if path.is_dir() { path.join("README.md") } else { path };
            if path.extension().is_some_and(|extension| extension == "md") && path.is_file() {
                pages.push(path);
            }
        }
    }
    assert!(pages.len() > 10);
    let texts: BTreeMap<PathBuf, String> = pages
        .iter()
        .map(|page| (page.canonicalize().unwrap(), std::fs::read_to_string(page).unwrap()))
        .collect();
    let mut checked = 0;
    let mut broken = String::new();
    for (page, text) in &texts {
        for link in links(text) {
            if link.starts_with("http://") || link.starts_with("https://") {
                continue;
            }
            checked += 1;
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let leads = match (target.canonicalize(), anchor) {
                (Err(_), _) => false,
                (Ok(_), None) => true,
                (Ok(target), Some(anchor)) => match texts.get(&target) {
                    Some(text) => anchors(text).contains(anchor),
                    None => {
                        std::fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor))
                    }
                },
            };
            if !leads {
                let _ = writeln!(broken, "{}: {link}", page.display());
            }
        }
    }
    assert_eq!(broken, "");
    assert!(checked > 30, "{checked}");
    // The site has every page of the guide, and no page that is not there.
    let summary = std::fs::read_to_string(root.join("docs/SUMMARY.md")).unwrap();
    let listed: BTreeSet<_> = links(&summary).into_iter().collect();
    let there = std::fs::read_dir(root.join("docs")).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?.to_owned();
        (path.extension()? == "md" && name != "SUMMARY.md").then_some(name)
    });
    assert_eq!(listed, there.collect::<BTreeSet<_>>());
}
