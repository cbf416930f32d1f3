//! Parameters, changes and values as people read them.

use anstyle::{AnsiColor, Style};
use mlpp_parameters::{Change, Content, Entry, Kind, ParameterState, Plan, PlannedParameter, ShownValue};

/// The most characters of a value that a line shows.
const MAX_VALUE: usize = 60;
/// The widest column of names: longer ones stick out.
const MAX_NAME: usize = 72;
/// Calls of `PutParameter` in a second that an account may make by default.
const PUTS_PER_SECOND: usize = 3;
/// Parameters of the Standard tier that an account may have in a region.
const ACCOUNT_LIMIT: usize = 10_000;
/// The most characters of a value in the Standard tier (`PutParameter`, member `Value`).
const STANDARD_CHARACTERS: usize = 4096;
/// What an Advanced parameter costs in a month, in US cents (the prices of Systems Manager, Parameter Store).
const ADVANCED_CENTS: usize = 5;

/// A text in quotes, on one line, its beginning when it is long.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for (count, character) in text.chars().enumerate() {
        if count == MAX_VALUE {
            shown.push('…');
            break;
        }
        match character {
            '"' | '\\' => shown.extend(['\\', character]),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            control if control.is_control() => shown.push('\u{fffd}'),
            plain => shown.push(plain),
        }
    }
    shown.push('"');
    shown
}

/// What an entry says, as JSON would; a secret by its version or source.
pub(crate) fn entry_value(entry: &Entry) -> String {
    match entry.kind {
        Kind::Null => "null".to_owned(),
        Kind::EmptyString => "\"\"".to_owned(),
        Kind::EmptyList => "[]".to_owned(),
        Kind::EmptyObject => "{}".to_owned(),
        Kind::Number | Kind::Boolean => entry.value.clone(),
        Kind::String => quoted(&entry.value),
        Kind::StringList | Kind::Json => {
            let list = entry.kind == Kind::StringList;
            let text =
                if list { format!("[{}]", entry.value.replace(',', ", ")) } else { entry.value.clone() };
            match text.char_indices().nth(MAX_VALUE) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
        Kind::SecretSource => format!("secret from {}", entry.value),
        Kind::Secret => {
            let version = entry.secret_version().map_or(0, |(_, version)| version);
            format!("secret, version {version}")
        }
    }
}

fn state(state: &ParameterState) -> String {
    match &state.value {
        ShownValue::Plain(value) => quoted(value),
        ShownValue::Secret(Some(fingerprint)) => format!("secret {fingerprint}"),
        ShownValue::Secret(None) => "secret".to_owned(),
    }
}

/// The sign and colour of a change, and the word for it.
fn sign(change: Change) -> (&'static str, &'static str, AnsiColor) {
    match change {
        Change::Create => ("+", "create", AnsiColor::Green),
        Change::Update => ("~", "update", AnsiColor::Yellow),
        Change::Replace => ("±", "replace", AnsiColor::Magenta),
        Change::Delete => ("-", "delete", AnsiColor::Red),
        Change::Unchanged => (" ", "unchanged", AnsiColor::White),
        Change::Keep => ("!", "keep", AnsiColor::Cyan),
    }
}

fn painted(text: &str, color: AnsiColor) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{text}{style:#}")
}

/// The lines of a plan: each parameter that changes or was edited in place.
pub(crate) fn plan_lines(plan: &Plan, path: &str) -> Vec<String> {
    let shown: Vec<_> = plan
        .parameters
        .iter()
        .filter(|parameter| parameter.change != Change::Unchanged || parameter.foreign)
        .collect();
    let name = |parameter: &PlannedParameter| {
        let name = parameter.name.as_str();
        name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name).to_owned()
    };
    let width = shown.iter().map(|parameter| name(parameter).len()).max().unwrap_or(0).min(MAX_NAME);
    shown
        .iter()
        .map(|parameter| {
            let (sign, word, color) = sign(parameter.change);
            let head = painted(&format!("{sign} {word:<9}"), color);
            let name = name(parameter);
            format!("  {head} {name:<width$}  {}", what(parameter))
        })
        .collect()
}

/// What becomes of the value, and why that is worth a word.
fn what(parameter: &PlannedParameter) -> String {
    let mut text = match (&parameter.live, &parameter.wanted) {
        (None, Some(wanted)) if parameter.change == Change::Keep => {
            format!("(removed in place; the documents say {})", state(wanted))
        }
        (Some(live), Some(wanted)) if parameter.change == Change::Keep => {
            format!("{} (the documents say {})", state(live), state(wanted))
        }
        (None, Some(wanted)) => state(wanted),
        (Some(live), None) => state(live),
        (Some(live), Some(wanted)) if parameter.change == Change::Replace => format!(
            "{} {} → {} {}",
            live.parameter_type.as_str(),
            state(live),
            wanted.parameter_type.as_str(),
            state(wanted)
        ),
        (Some(live), Some(wanted)) => format!("{} → {}", state(live), state(wanted)),
        (None, None) => String::new(),
    };
    if parameter.drifted && parameter.change != Change::Keep {
        text.push_str("   (edited in place since the last release)");
    }
    if parameter.foreign {
        text.push_str("   (no release recorded it)");
    }
    text
}

/// The summary of a plan: how many of each change, the calls and their time, the account's limit.
pub(crate) fn plan_summary(plan: &Plan, writes: usize) -> String {
    let count = |change| plan.count(change);
    let mut text = format!(
        "{} to create, {} to update, {} to replace, {} to delete, {} unchanged",
        count(Change::Create),
        count(Change::Update),
        count(Change::Replace),
        count(Change::Delete),
        count(Change::Unchanged)
    );
    let drifted = plan.parameters.iter().filter(|parameter| parameter.drifted).count();
    if drifted > 0 {
        let kept = count(Change::Keep);
        text = format!("{text}; {drifted} edited in place, {kept} of them kept");
    }
    let seconds = writes.div_ceil(PUTS_PER_SECOND);
    format!(
        "{text}\n{writes} writes, about {seconds} s at Parameter Store's default quota of {PUTS_PER_SECOND} a second; {} of \
         the {ACCOUNT_LIMIT} parameters of an account{}",
        plan.content.parameters().count(),
        advanced(plan)
    )
}

/// What the parameters cost that are too large for the Standard tier, which is free; nothing where there are none.
fn advanced(plan: &Plan) -> String {
    let large = |entry: &Entry| entry.value.chars().count() > STANDARD_CHARACTERS;
    let count = plan.content.parameters().filter(|(entry, _)| large(entry)).count();
    if count == 0 {
        return String::new();
    }
    let (have, need) = if count == 1 { ("has", "needs") } else { ("have", "need") };
    let (dollars, cents) = (count * ADVANCED_CENTS / 100, count * ADVANCED_CENTS % 100);
    format!(
        "\n{count} of them {have} over {STANDARD_CHARACTERS} characters and {need} the Advanced tier: {dollars}.{cents:02} USD a month"
    )
}

/// The lines of two contents that differ.
pub(crate) fn difference_lines(before: &Content, after: &Content) -> Vec<String> {
    let differences = mlpp_parameters::differences(before, after);
    let width = differences.iter().map(|difference| difference.key().len()).max().unwrap_or(0).min(MAX_NAME);
    differences
        .iter()
        .map(|difference| {
            let key = difference.key();
            let (change, text) = match (difference.before, difference.after) {
                (None, Some(after)) => (Change::Create, entry_value(after)),
                (Some(before), None) => (Change::Delete, entry_value(before)),
                (Some(before), Some(after)) => {
                    (Change::Update, format!("{} → {}", entry_value(before), entry_value(after)))
                }
                (None, None) => (Change::Unchanged, String::new()),
            };
            let (sign, _, color) = sign(change);
            format!("  {} {key:<width$}  {text}", painted(sign, color))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_on_one_line_and_never_too_long() {
        assert_eq!(quoted("a\"b\n\u{1b}[31m"), "\"a\\\"b\\n\u{fffd}[31m\"");
        assert_eq!(quoted(&"x".repeat(100)), format!("\"{}…\"", "x".repeat(60)));
    }
}
