//! Functions and operators whose results could outgrow the memory, with bounds.
//!
//! The evaluator bounds the depth of the stack and the length of sequences, but no builtin's result: a text doubled in a loop, or an
//! array that holds itself twice at each of fifty levels, is an expression of one line. So [`super::tree`] renames the functions that
//! build texts or compare values pairwise to those here, and lets the operands of `&`, `=`, `!=` and `in` pass [`GUARD`] wherever
//! their size is not evident.

use std::cell::Cell;
use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::functions;
use jsonata_core::value::JValue;

use super::functions::{Used, argument};

/// Stand-ins; no expression can write these names.
pub(super) const GUARD: &str = "guard&bounded";
pub(super) const GUARD_REPLACE: &str = "replace&guard";
pub(super) const GUARD_TEXT: &str = "text&guard";
pub(super) const GUARD_KEYS: &str = "keys&guard";
pub(super) const GUARD_RANGE: &str = "range&guard";
const STRING: &str = "string&bounded";
const JOIN: &str = "join&bounded";
const DISTINCT: &str = "distinct&bounded";

/// Functions that are renamed wherever an expression mentions them, with their stand-ins.
pub(super) const RENAMED: [(&str, &str); 3] = [("string", STRING), ("join", JOIN), ("distinct", DISTINCT)];

/// Most elements that `$distinct` compares pairwise.
const MAX_DISTINCT: usize = 10_000;
/// How much smaller a text is that is taken apart: its parts weigh more than it.
const PARTS: usize = 15;
/// The largest end of a range: the evaluator counts its elements in whole numbers, and overflows behind it.
pub(super) const LAST_END: f64 = 9e15;
/// Deepest value that an operator takes.
const MAX_DEPTH: usize = 1_000;
/// How often the size bound may be used up by one evaluation.
const BUDGET: usize = 16;

type Outcome = Result<JValue, EvaluatorError>;

pub(super) fn register(evaluator: &mut Evaluator, used: Used, size: usize) -> Result<(), EvaluatorError> {
    if used.has("pad") {
        evaluator.register_fn_override("pad", move |arguments: &[JValue]| pad(arguments, size))?;
    }
    if used.has(STRING) {
        evaluator.register_fn(STRING, move |arguments: &[JValue]| string(arguments, size))?;
    }
    if used.has(JOIN) {
        evaluator.register_fn(JOIN, move |arguments: &[JValue]| join(arguments, size))?;
    }
    if used.has(DISTINCT) {
        evaluator.register_fn(DISTINCT, move |arguments: &[JValue]| distinct(arguments, size))?;
    }
    if used.has(GUARD) {
        let spent = Rc::new(Cell::new(0_usize));
        evaluator.register_fn(GUARD, move |arguments: &[JValue]| {
            let value = arguments.first().cloned().unwrap_or(JValue::Undefined);
            spent.set(spent.get().saturating_add(measure(&value, size)?));
            if spent.get() > size.saturating_mul(BUDGET) { Err(too_large()) } else { Ok(value) }
        })?;
    }
    if used.has(GUARD_REPLACE) {
        evaluator.register_fn(GUARD_REPLACE, move |arguments: &[JValue]| guard_replace(arguments, size))?;
    }
    if used.has(GUARD_TEXT) {
        evaluator.register_fn(GUARD_TEXT, move |arguments: &[JValue]| guard_text(arguments, size))?;
    }
    if used.has(GUARD_KEYS) {
        evaluator.register_fn(GUARD_KEYS, guard_keys)?;
    }
    if used.has(GUARD_RANGE) {
        evaluator.register_fn(GUARD_RANGE, guard_range)?;
    }
    for (name, encode) in [
        ("base64encode", functions::encoding::base64encode as fn(&str) -> _),
        ("encodeUrl", functions::encoding::encode_url),
        ("encodeUrlComponent", functions::encoding::encode_url_component),
    ] {
        if used.has(name) {
            evaluator.register_fn_override(name, move |arguments: &[JValue]| match arguments {
                [JValue::Undefined, ..] => Ok(JValue::Undefined),
                [JValue::String(text), ..] if text.len() > size => Err(too_large()),
                [JValue::String(text), ..] => Ok(encode(text)?),
                _ => Err(argument(name, 1)),
            })?;
        }
    }
    Ok(())
}

/// How much `value` is as text, an error where it is more than `size`. What is shared inside counts as often as it is reached.
pub(super) fn measure(value: &JValue, size: usize) -> Result<usize, EvaluatorError> {
    let mut left = size;
    spend(value, MAX_DEPTH, &mut left)?;
    Ok(size - left)
}

fn spend(value: &JValue, depth: usize, left: &mut usize) -> Result<(), EvaluatorError> {
    let own = match value {
        JValue::String(text) => text.len() + 2,
        _ => 1,
    };
    *left = left.checked_sub(own).ok_or_else(too_large)?;
    if depth == 0 {
        return Err(EvaluatorError::EvaluationError(String::from("D1011: The value is nested too deeply")));
    }
    match value {
        JValue::Array(items) => items.iter().try_for_each(|item| spend(item, depth - 1, left)),
        JValue::Object(members) => members.iter().try_for_each(|(key, item)| {
            *left = left.checked_sub(key.len() + 3).ok_or_else(too_large)?;
            spend(item, depth - 1, left)
        }),
        _ => Ok(()),
    }
}

/// `$string(value[, prettify])`; a callback gets more arguments, of which the first counts.
fn string(arguments: &[JValue], size: usize) -> Outcome {
    let (value, prettify) = match arguments {
        [value, JValue::Bool(prettify)] => (value, Some(*prettify)),
        [value] | [value, JValue::Undefined] | [value, _, _, ..] => (value, None),
        _ => return Err(argument("string", arguments.len().max(1))),
    };
    measure(value, size)?;
    Ok(functions::string::string(value, prettify)?)
}

/// `$join(texts[, separator])`
fn join(arguments: &[JValue], size: usize) -> Outcome {
    let wrong = || {
        EvaluatorError::TypeError(String::from(
            "T0412: Argument 1 of function \"join\" must be an array of String",
        ))
    };
    let separator = match arguments.get(1) {
        None | Some(JValue::Undefined) => None,
        Some(JValue::String(text)) => Some(&**text),
        // A callback's index.
        Some(_) if arguments.len() > 2 => None,
        Some(_) => return Err(argument("join", 2)),
    };
    match arguments.first() {
        Some(JValue::Undefined) => Ok(JValue::Undefined),
        Some(JValue::String(text)) => Ok(JValue::String(Rc::clone(text))),
        Some(JValue::Array(items)) => {
            let between = separator.map_or(0, str::len);
            let mut length = 0_usize;
            for item in items {
                let JValue::String(text) = item else { return Err(wrong()) };
                length = length.saturating_add(text.len()).saturating_add(between);
            }
            if length > size {
                return Err(too_large());
            }
            Ok(functions::string::join(items, separator)?)
        }
        Some(_) => Err(wrong()),
        None => Err(argument("join", 1)),
    }
}

/// `$distinct(values)`
fn distinct(arguments: &[JValue], size: usize) -> Outcome {
    match arguments.first() {
        None => Ok(JValue::Undefined),
        Some(JValue::Array(items)) if items.len() > 1 => {
            if items.len() > MAX_DISTINCT {
                return Err(too_large());
            }
            measure(&arguments[0], size)?;
            let mut result = functions::array::distinct(items)?;
            if items.sequence {
                result.mark_sequence();
            }
            Ok(result)
        }
        Some(other) => Ok(other.clone()),
    }
}

/// `$pad(text, width[, characters])`
fn pad(arguments: &[JValue], size: usize) -> Outcome {
    let (text, width, filler) = match arguments {
        [JValue::Undefined, ..] => return Ok(JValue::Undefined),
        [JValue::String(text), width] | [JValue::String(text), width, JValue::Undefined] => {
            (text, width, " ")
        }
        [JValue::String(text), width, JValue::String(filler)] => (text, width, &**filler),
        _ => return Err(argument("pad", 1)),
    };
    let width = width.as_f64().ok_or_else(|| argument("pad", 2))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    let wanted = width.abs() as usize;
    if wanted > size || text.len() > size {
        return Err(too_large());
    }
    let filler = if filler.is_empty() { " " } else { filler };
    let missing = wanted.saturating_sub(text.chars().count());
    let padding: String = filler.chars().cycle().take(missing).collect();
    Ok(JValue::string(if width < 0.0 { format!("{padding}{text}") } else { format!("{text}{padding}") }))
}

/// The text of `$replace(text, pattern, replacement)`, given text and replacement: matches never overlap, so each `$` of the
/// replacement adds at most the text once more.
fn guard_replace(arguments: &[JValue], size: usize) -> Outcome {
    let [text, replacement] = arguments else { return Err(argument("replace", 1)) };
    if let JValue::String(subject) = text {
        let length = subject.len();
        let bound = match replacement {
            JValue::String(replacement) => (length + 1)
                .saturating_mul(replacement.len())
                .saturating_add(replacement.matches('$').count().saturating_mul(length)),
            _ => length,
        };
        if bound > size.saturating_mul(BUDGET) || length > size {
            return Err(too_large());
        }
    }
    Ok(text.clone())
}

/// The text that `$match` or `$split` takes apart: each part is a value.
fn guard_text(arguments: &[JValue], size: usize) -> Outcome {
    match arguments.first() {
        Some(JValue::String(text)) if text.len() > size / PARTS => Err(too_large()),
        Some(value) => Ok(value.clone()),
        None => Ok(JValue::Undefined),
    }
}

/// An end of a range, not too far out.
fn guard_range(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    match arguments.first() {
        Some(JValue::Number(end)) if end.abs() > LAST_END => Err(EvaluatorError::EvaluationError(
            String::from("D2014: Range operator results in too many elements"),
        )),
        end => Ok(end.cloned().unwrap_or(JValue::Undefined)),
    }
}

/// The objects whose keys `$keys` collects, each compared with those before it.
fn guard_keys(arguments: &[JValue]) -> Outcome {
    let value = arguments.first().cloned().unwrap_or(JValue::Undefined);
    if let JValue::Array(items) = &value {
        let members = |item: &JValue| if let JValue::Object(members) = item { members.len() } else { 0 };
        if items.len() > 1 && items.iter().map(members).sum::<usize>() > MAX_DISTINCT {
            return Err(too_large());
        }
    }
    Ok(value)
}

pub(super) fn too_large() -> EvaluatorError {
    EvaluatorError::EvaluationError(String::from("D2015: The result is too large"))
}
