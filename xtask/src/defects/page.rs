//! The page, as Markdown.

use std::fmt::Write;

use super::{Row, TABLE, Table};

/// What the parts are called, by the letter of their ids.
const PARTS: [(char, &str); 5] = [
    ('A', "Import of the parameters"),
    ('B', "Notification of the bucket"),
    ('C', "Launch"),
    ('D', "State machines and their functions"),
    ('E', "Templates, permissions, packaging, documentation"),
];

/// The page that shows `table`, part by part.
pub(super) fn page(table: &Table) -> String {
    let mut page = format!(
        "# Defects of the replaced system\n\n\
         What the system that this one replaces did wrong, and the tests that show what holds here instead, or why no \
         test applies.\n\n\
         Generated from [{TABLE}](defects.toml) by `cargo xtask defects --write`: change it there.\n"
    );
    for (letter, title) in PARTS {
        let rows: Vec<_> = table.row.iter().filter(|row| row.id.starts_with(letter)).collect();
        if rows.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ =
            write!(page, "\n## {letter}. {title}\n\n| | what it did | what holds here |\n|---|---|---|\n");
        for row in rows {
            let _ = writeln!(page, "| {} | {} | {} |", row.id, cell(&row.what), holds(row));
        }
    }
    page
}

/// Links to the tests, and the reason.
fn holds(row: &Row) -> String {
    let mut lines: Vec<_> = row.tests.iter().map(|test| link(test)).collect();
    lines.extend(row.reason.as_deref().map(cell));
    lines.join("<br>")
}

fn link(test: &str) -> String {
    let (file, name) = test.split_once("::").unwrap_or((test, test));
    format!("[{}](../{file})", name.replace('_', " "))
}

/// A text that stays within its cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn each_row_has_its_tests_or_its_reason() {
        let text = "[[row]]\nid = 'C1'\nwhat = 'a | b'\ntests = ['x/a.rs::it_holds', 'x/b.rs::always']\nreason = 'more'\n\
            [[row]]\nid = 'A1'\nwhat = 'w'\nreason = '''not\n here'''\n";
        let page = page(&toml::from_str(text).unwrap());
        let parts = page.split_once("\n## ").unwrap().1;
        let expected = "\
A. Import of the parameters

| | what it did | what holds here |
|---|---|---|
| A1 | w | not here |

## C. Launch

| | what it did | what holds here |
|---|---|---|
| C1 | a \\| b | [it holds](../x/a.rs)<br>[always](../x/b.rs)<br>more |
";
        assert_eq!(parts, expected);
    }
}
