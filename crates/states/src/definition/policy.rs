//! `Retry` and `Catch`.

use super::compile::Compiler;
use super::fields::Fields;
use super::{Language, ResultPath, ScopeId, StateId};
use crate::jsonata::Place;
use crate::template::Template;

/// One entry of `Retry`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: f64,
    pub(crate) max_attempts: u32,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<f64>,
    /// `JitterStrategy` is `FULL`: the delay is a random part of the computed one.
    pub(crate) jitter: bool,
}

/// One entry of `Catch`.
#[derive(Debug)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<String>,
    pub(crate) next: StateId,
    /// JSONPath: where the error output goes in the state's input.
    pub(crate) result_path: ResultPath,
    /// JSONata: the output.
    pub(crate) output: Option<Template>,
    pub(crate) assign: Option<Template>,
}

const MAX_ATTEMPTS: f64 = 99_999_999.0;
const MAX_SECONDS: f64 = 99_999_999.0;

pub(super) fn retriers(fields: &Fields<'_>) -> Vec<Retrier> {
    let entries = fields.objects("Retry");
    let last = entries.len().saturating_sub(1);
    entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| {
            entry.only(&[&[
                "ErrorEquals",
                "IntervalSeconds",
                "MaxAttempts",
                "BackoffRate",
                "MaxDelaySeconds",
                "JitterStrategy",
                "Comment",
            ]]);
            let jitter = entry.one_of("JitterStrategy", &["FULL", "NONE"]) == Some("FULL");
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number within bounds"
            )]
            let max_attempts = entry.number("MaxAttempts", 0.0, MAX_ATTEMPTS, true).unwrap_or(3.0) as u32;
            Some(Retrier {
                errors: errors(entry, index == last)?,
                interval_seconds: entry.number("IntervalSeconds", 1.0, MAX_SECONDS, true).unwrap_or(1.0),
                max_attempts,
                backoff_rate: entry.number("BackoffRate", 1.0, f64::MAX, false).unwrap_or(2.0),
                max_delay_seconds: entry.number("MaxDelaySeconds", 1.0, 31_622_400.0, true),
                jitter,
            })
        })
        .collect()
}

pub(super) fn catchers(fields: &Fields<'_>, compiler: &mut Compiler<'_>, scope: ScopeId) -> Vec<Catcher> {
    let mut entries = fields.objects("Catch");
    let last = entries.len().saturating_sub(1);
    let mut catchers = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter_mut().enumerate() {
        entry.place = Place::Catcher;
        let by_language: &[&str] = match fields.language {
            Language::JsonPath => &["ResultPath"],
            Language::Jsonata => &["Output"],
        };
        entry.only(&[&["ErrorEquals", "Next", "Assign", "Comment"], by_language]);
        let next = compiler.target(entry, "Next", scope);
        if let (Some(errors), Some(next)) = (errors(entry, index == last), next) {
            catchers.push(Catcher {
                errors,
                next,
                result_path: super::state::result_path(entry),
                output: if fields.language == Language::Jsonata { entry.template("Output") } else { None },
                assign: entry.assignment(),
            });
        }
    }
    catchers
}

fn errors(entry: &Fields<'_>, last: bool) -> Option<Vec<String>> {
    let Some(value) = entry.get("ErrorEquals") else {
        entry.findings.schema("The field 'ErrorEquals' is required but was missing", &entry.location);
        return None;
    };
    let names: Option<Vec<String>> =
        value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(String::from)).collect());
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        entry.wrong("ErrorEquals", "Expected a non-empty Array of String");
        return None;
    };
    if names.iter().any(|name| name == "States.ALL") && (names.len() > 1 || !last) {
        entry.wrong(
            "ErrorEquals",
            "'States.ALL' must be the only element of the array, and in the last entry",
        );
    }
    Some(names)
}
