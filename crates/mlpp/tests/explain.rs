//! Every code that a finding can show is explained.

#![allow(clippy::unwrap_used)]

mod util;

use std::collections::BTreeSet;
use std::path::Path;

use util::Project;

/// What has the form of a code and is a media type.
const MEDIA_TYPES: [&str; 3] = ["application/json", "text/csv", "text/plain"];

/// The codes that the command's own source has, wherever it has them.
fn codes_used() -> BTreeSet<String> {
    fn collect(folder: &Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, codes);
                continue;
            }
            // The registry has every code.
            if path.ends_with("src/pages.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            codes.extend(text.split('"').filter(|literal| is_code(literal)).map(str::to_owned));
        }
    }
    let mut codes = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut codes);
    codes
}

fn is_code(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    !MEDIA_TYPES.contains(&text) && text.split_once('/').is_some_and(|(area, what)| word(area) && word(what))
}

#[test]
fn every_code_that_is_used_has_its_page_and_every_page_is_of_a_code_that_is_used() {
    let project = Project::titanic();
    let output = project.expect(0, ["explain"]);
    let listed = String::from_utf8(output.stdout).unwrap();
    let listed: BTreeSet<_> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    let rules: BTreeSet<_> = mlpp_parameters::rules::all().iter().map(|rule| rule.id.to_owned()).collect();
    let used = codes_used();
    assert!(used.len() > 40, "the source was not found: {used:?}");
    assert_eq!(used.difference(&listed).collect::<Vec<_>>(), [""; 0], "without a page");
    let own: BTreeSet<_> = listed.difference(&rules).cloned().collect();
    assert_eq!(own.difference(&used).collect::<Vec<_>>(), [""; 0], "a page that nothing leads to");
    assert!(rules.is_subset(&listed));
}

#[test]
fn a_code_is_explained() {
    let project = Project::titanic();
    for code in ["store/busy", "value/bounds"] {
        let page = String::from_utf8(project.expect(0, ["explain", code]).stdout).unwrap();
        assert!(page.starts_with(&format!("# {code}\n")) && page.contains("## What to do"), "{page}");
    }
}

#[test]
fn all_codes_are_listed() {
    let output = Project::titanic().expect(0, ["explain"]);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_code_that_is_none_leads_to_those_that_were_perhaps_meant() {
    let project = Project::titanic();
    let output = project.expect(3, ["explain", "store/buzy"]);
    insta::assert_snapshot!(project.stderr(&output));
}
