//! An option's pattern takes what is right and refuses what is wrong.
//!
//! CloudFormation's patterns are Java's; Python's mean the same for what the templates use, lookahead included, which Rust's
//! do not have.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::json;

use super::document::Template;
use super::{TABLE, Table, Violation};
use crate::error::Error;
use crate::process;

/// Samples of an option.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Samples {
    /// The option, in every template that has it.
    parameter: String,
    valid: Vec<String>,
    invalid: Vec<String>,
}

/// Prints a line for each pattern and value: whether the value is taken.
const PROGRAM: &str = "import json, re, sys\n\
    for pattern, value in json.loads(sys.stdin.readline()):\n    print(json.dumps(re.search(pattern, value) is not None))\n";

/// Asks Python what the patterns take; an option with a pattern and without samples is a violation as well.
pub(super) fn check(python: &Path, templates: &[Template], table: &Table) -> Result<Vec<Violation>, Error> {
    let mut violations = Vec::new();
    let mut asked = Vec::new();
    for template in templates {
        for (name, option) in template.section("Parameters") {
            let Some(pattern) = option["AllowedPattern"].as_str() else { continue };
            let place = template.place(name);
            let of = table.pattern.iter().filter(|samples| samples.parameter == *name);
            let before = asked.len();
            for samples in of {
                let valid = samples.valid.iter().map(|value| (value, true));
                let invalid = samples.invalid.iter().map(|value| (value, false));
                let default = option["Default"].as_str().map(str::to_owned);
                asked.extend(default.map(|value| (place.clone(), pattern, value, true)));
                asked.extend(
                    valid.chain(invalid).map(|(value, right)| (place.clone(), pattern, value.clone(), right)),
                );
            }
            if asked.len() == before {
                violations.push(Violation::new(place, format!("{TABLE} has no samples for its pattern")));
            }
        }
    }
    let questions: Vec<_> = asked.iter().map(|(_, pattern, value, _)| json!([pattern, value])).collect();
    let mut answers = Vec::new();
    let mut input = serde_json::to_string(&questions).map_err(Error::Input)?;
    // One line is all that the program reads; its input stays open.
    input.push('\n');
    process::converse(Command::new(python).args(["-I", "-c", PROGRAM]), &input, |line| {
        answers.push(process::parse::<bool>("python", line)?);
        Ok(())
    })?;
    if answers.len() != asked.len() {
        return Err(Error::Check(format!("python answered {} of {} questions", answers.len(), asked.len())));
    }
    for ((place, _, value, right), taken) in asked.into_iter().zip(answers) {
        if taken != right {
            let does = if taken { "takes" } else { "refuses" };
            violations.push(Violation::new(place, format!("its pattern {does} \"{value}\"")));
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::samples::table;

    #[test]
    fn a_pattern_that_is_wrong_either_way_is_told_and_one_without_samples_too() {
        let python = if cfg!(windows) { "python" } else { "python3" };
        if Command::new(python).arg("--version").output().is_err() {
            return;
        }
        let text = "Parameters:\n  A: {Type: String, AllowedPattern: '^(?!x)[a-z]+$', Default: 'd1'}\n  \
                    B: {Type: String, AllowedPattern: '^b$'}\n";
        let template = Template::parse("t", text).unwrap();
        let table = table(
            "anywhere = []\nwildcard = []\n[[pattern]]\nparameter = 'A'\nvalid = ['a', 'A']\ninvalid = ['xa', 'b']\n",
        );
        let found = check(Path::new(python), &[template], &table).unwrap();
        let expected = [
            Violation::new("t: B", "xtask/templates.toml has no samples for its pattern"),
            Violation::new("t: A", "its pattern refuses \"d1\""),
            Violation::new("t: A", "its pattern refuses \"A\""),
            Violation::new("t: A", "its pattern takes \"b\""),
        ];
        assert_eq!(found, expected);
    }
}
