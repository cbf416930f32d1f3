//! What is found in files: the tests of a Rust source, and the ids of the list of defects.

use std::collections::BTreeSet;

/// The names of the functions that are tests: those behind `#[test]` or `#[tokio::test]`, as in `proptest!` too, that
/// are not ignored.
pub(super) fn tests(source: &str) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    let mut is_ignored = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            is_ignored |= line.starts_with("#[ignore");
        } else if let Some(name) = function(line) {
            if is_test && !is_ignored {
                tests.insert(name.to_owned());
            }
            (is_test, is_ignored) = (false, false);
        }
    }
    tests
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The ids in the first column of a Markdown text's tables: a capital letter and a number.
pub(super) fn ids(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    cells.map(str::trim).filter(|cell| is_id(cell)).map(str::to_owned).collect()
}

fn is_id(cell: &str) -> bool {
    let mut characters = cell.chars();
    characters.next().is_some_and(|letter| letter.is_ascii_uppercase())
        && cell.len() > 1
        && characters.all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{ids, tests};

    #[test]
    fn tests_are_told_from_other_functions() {
        let source = "fn plain() {}\n\n// Why.\n#[test]\nfn one() {\n    fn inner() {}\n}\n\n\
            #[tokio::test(start_paused = true)]\n/// What.\nasync fn two() {}\n\n\
            #[test]\n#[ignore = \"slow\"]\nfn three() {}\n\n\
            proptest! {\n    #[test]\n    fn four(text in \".*\") {}\n}\n";
        assert_eq!(tests(source).into_iter().collect::<Vec<_>>(), ["four", "one", "two"]);
    }

    #[test]
    fn ids_stand_in_the_first_column() {
        let text =
            "# A. Part\n\n| # | Sev |\n|---|---|\n| A1 | 1 |\n|A12| see B3 | B4 |\n| A | 1 |\nA2 | 1 |\n";
        assert_eq!(ids(text).into_iter().collect::<Vec<_>>(), ["A1", "A12"]);
    }
}
