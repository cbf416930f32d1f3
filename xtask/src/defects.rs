//! `cargo xtask defects`: what the replaced system did wrong, row by row, with the tests that show what holds here.
//!
//! `docs/defects.toml` says it, and `docs/defects.md` is generated from it. The rows themselves are counted in a file
//! beside the repository; a checkout without it compares no ids, and says so.

mod found;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::error::{Error, count};
use crate::workspace::Workspace;

/// The table, relative to the root.
const TABLE: &str = "docs/defects.toml";

/// The page that is generated from it.
const PAGE: &str = "docs/defects.md";

/// Check that every defect of the replaced system has a test here, or a reason why none applies
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Write docs/defects.md instead of comparing it
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

/// One defect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// A letter for the part, and a number in it.
    id: String,
    /// What the replaced system did.
    what: String,
    /// The tests that show what holds here, as `file::function`.
    #[serde(default)]
    tests: Vec<String>,
    /// Why there is no test; beside tests, what they leave to another part.
    reason: Option<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Violation {
    #[error("{TABLE} has no entry for {0}")]
    Missing(String),
    #[error("{TABLE}: {0} is no row of the list of defects")]
    Unknown(String),
    #[error("{TABLE} has {0} twice")]
    Twice(String),
    #[error("{TABLE}: {0} does not say what was wrong")]
    NothingWrong(String),
    #[error("{TABLE}: {0} has neither a test nor a reason")]
    Empty(String),
    #[error("{TABLE}: {row}: there is no test {test}")]
    NoTest { row: String, test: String },
    #[error("{PAGE} is not what {TABLE} gives: run `cargo xtask defects --write`")]
    Stale,
}

/// Checks the table and the page, or writes the page, and prints every violation.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    let table: Table = workspace.table(TABLE)?;
    let mut violations = entries(&table);
    match listed(workspace)? {
        Some(ids) => violations.extend(ids_differ(&table, &ids)),
        None => eprintln!("defects: the list of defects is not beside this checkout: no ids compared"),
    }
    violations.extend(tests(workspace, &table)?);

    let path = workspace.root.join(PAGE);
    let page = page::page(&table);
    if arguments.write {
        fs::write(&path, page).map_err(Error::file("write", path))?;
    } else if fs::read_to_string(&path).map_err(Error::file("read", path))? != page {
        violations.push(Violation::Stale);
    }

    for violation in &violations {
        eprintln!("{violation}");
    }
    if violations.is_empty() {
        let tested = table.row.iter().filter(|row| !row.tests.is_empty()).count();
        println!("defects: {}, {tested} with tests, each other with a reason", count(table.row.len(), "row"));
        Ok(())
    } else {
        Err(Error::Violations { chore: "defects", findings: violations.len() })
    }
}

/// Each entry is there once and says something.
fn entries(table: &Table) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    for row in &table.row {
        let id = || row.id.clone();
        let reason = row.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        if !seen.insert(&row.id) {
            violations.push(Violation::Twice(id()));
        }
        if row.what.trim().is_empty() {
            violations.push(Violation::NothingWrong(id()));
        }
        if row.tests.is_empty() && !reason {
            violations.push(Violation::Empty(id()));
        }
    }
    violations
}

/// The table and the list of defects have the same rows.
fn ids_differ(table: &Table, listed: &BTreeSet<String>) -> Vec<Violation> {
    let ours: BTreeSet<String> = table.row.iter().map(|row| row.id.clone()).collect();
    let missing = listed.difference(&ours).cloned().map(Violation::Missing);
    let unknown = ours.difference(listed).cloned().map(Violation::Unknown);
    missing.chain(unknown).collect()
}

/// Each test that an entry names is one.
fn tests(workspace: &Workspace, table: &Table) -> Result<Vec<Violation>, Error> {
    let mut files: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut violations = Vec::new();
    for row in &table.row {
        for test in &row.tests {
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            if !files.contains_key(file) {
                let path = workspace.root.join(file);
                // A file that is not there has no tests, which is what is told.
                let text = if path.is_file() {
                    fs::read_to_string(&path).map_err(Error::file("read", path))?
                } else {
                    String::new()
                };
                files.insert(file, found::tests(&text));
            }
            if !files[file].contains(name) {
                violations.push(Violation::NoTest { row: row.id.clone(), test: test.clone() });
            }
        }
    }
    Ok(violations)
}

/// The ids of the list of defects, if it is there: in the folder that `MLPP_SHARED` names, or in `../shared`.
fn listed(workspace: &Workspace) -> Result<Option<BTreeSet<String>>, Error> {
    let shared = env::var_os("MLPP_SHARED").map_or_else(|| workspace.root.join("../shared"), PathBuf::from);
    let path = shared.join("DEFECTS.md");
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(Error::file("read", path))?;
    Ok(Some(found::ids(&text)))
}

#[cfg(test)]
mod tests {
    use super::{Table, Violation, entries, ids_differ};

    fn table(text: &str) -> Table {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn an_entry_has_tests_or_a_reason() {
        let table = table(
            "[[row]]\nid = 'A1'\nwhat = 'w'\ntests = ['a.rs::b']\n\
             [[row]]\nid = 'A2'\nwhat = 'w'\nreason = 'r'\n\
             [[row]]\nid = 'A3'\nwhat = 'w'\nreason = ' '\n\
             [[row]]\nid = 'A4'\nwhat = ' '\ntests = ['a.rs::b']\nreason = 'r'\n\
             [[row]]\nid = 'A1'\nwhat = 'w'\nreason = 'r'\n",
        );
        let expected = [
            Violation::Empty("A3".into()),
            Violation::NothingWrong("A4".into()),
            Violation::Twice("A1".into()),
        ];
        assert_eq!(entries(&table), expected);
    }

    #[test]
    fn table_and_list_have_the_same_rows() {
        let table = table(
            "[[row]]\nid = 'A1'\nwhat = 'w'\nreason = 'r'\n[[row]]\nid = 'A3'\nwhat = 'w'\nreason = 'r'\n",
        );
        let listed = ["A1", "A2"].map(str::to_owned).into();
        let expected = [Violation::Missing("A2".into()), Violation::Unknown("A3".into())];
        assert_eq!(ids_differ(&table, &listed), expected);
    }
}
