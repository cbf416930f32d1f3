//! Functions that Step Functions adds to JSONata, and those that must not do as they please.

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use super::messages::MEMORY;
use super::{Scope, allocation, bounded, convert, pictures};
use crate::digest::hex_digest;
use crate::random::{Random, seeded_unit};

/// Most elements that `$range` makes.
const MAX_RANGE: i128 = 360_145;

/// Bits for the functions that an expression mentions, so that an evaluation registers no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used(u32);

/// Names in the order of their bits.
const NAMES: [&str; 29] = [
    "partition",
    "range",
    "hash",
    "random",
    "uuid",
    "parse",
    "eval",
    "now",
    "millis",
    "pad",
    "base64encode",
    "encodeUrl",
    "encodeUrlComponent",
    bounded::RENAMED[0].1,
    bounded::RENAMED[1].1,
    bounded::RENAMED[2].1,
    bounded::GUARD,
    bounded::GUARD_REPLACE,
    bounded::GUARD_TEXT,
    bounded::GUARD_KEYS,
    bounded::GUARD_RANGE,
    pictures::PICTURE,
    pictures::DATE_PICTURE,
    pictures::INSTANT,
    pictures::INTEGER,
    pictures::MOMENT,
    allocation::COST,
    allocation::ESCAPE,
    "shuffle",
];

impl Used {
    pub(super) fn note(&mut self, name: &str) {
        if let Some(bit) = NAMES.iter().position(|known| *known == name) {
            self.0 |= 1 << bit;
        }
    }

    pub(super) fn has(self, name: &str) -> bool {
        NAMES.iter().position(|known| *known == name).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }
}

type Outcome = Result<JValue, EvaluatorError>;

/// Registers what the expression mentions. Returned is the source of randomness, where it draws from one.
pub(super) fn register(
    evaluator: &mut Evaluator,
    used: Used,
    scope: &Scope<'_>,
    random: &Random,
) -> Result<Option<Rc<RefCell<Random>>>, EvaluatorError> {
    if used.0 == 0 {
        return Ok(None);
    }
    let mut drawn = None;
    if used.has("random") || used.has("uuid") || used.has("shuffle") {
        let source = Rc::new(RefCell::new(random.clone()));
        drawn = Some(Rc::clone(&source));
        let (uuids, order) = (Rc::clone(&source), Rc::clone(&source));
        evaluator.register_fn_override("random", move |arguments: &[JValue]| match arguments {
            [] => Ok(JValue::Number(source.borrow_mut().unit())),
            [seed] => Ok(JValue::Number(seeded_unit(whole(seed).ok_or_else(|| argument("random", 1))?))),
            _ => Err(argument("random", 2)),
        })?;
        evaluator.register_fn_override("shuffle", move |arguments: &[JValue]| {
            shuffle(arguments, &mut order.borrow_mut())
        })?;
        evaluator.register_fn("uuid", move |_: &[JValue]| Ok(JValue::string(uuids.borrow_mut().uuid())))?;
    }
    if used.has("now") || used.has("millis") {
        let now = scope.now;
        evaluator.register_fn_override("now", move |_: &[JValue]| Ok(JValue::string(now.to_rfc3339())))?;
        evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::from_i64(now.0)))?;
    }
    if used.has("eval") {
        evaluator.register_fn_override("eval", |_: &[JValue]| -> Outcome {
            Err(EvaluatorError::EvaluationError(String::from("T1006: Attempted to invoke a non-function")))
        })?;
    }
    if used.has("partition") {
        evaluator.register_fn("partition", partition)?;
    }
    if used.has("range") {
        evaluator.register_fn("range", range)?;
    }
    if used.has("hash") {
        evaluator.register_fn("hash", hash)?;
    }
    if used.has("parse") {
        evaluator.register_fn("parse", parse)?;
    }
    bounded::register(evaluator, used, scope.limits.size)?;
    pictures::register(evaluator, used, scope.now)?;
    allocation::register(evaluator, used, scope.limits.size)?;
    Ok(drawn)
}

pub(super) fn argument(function: &str, position: usize) -> EvaluatorError {
    EvaluatorError::TypeError(format!(
        "T0410: Argument \"{position}\" of function \"{function}\" does not match function signature"
    ))
}

/// A number without its fraction.
fn whole(value: &JValue) -> Option<i64> {
    let number = value.as_f64().filter(|number| number.abs() < 9e18)?;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    Some(number as i64)
}

/// `$shuffle(items)`: Fisher and Yates' way, with the execution's randomness.
fn shuffle(arguments: &[JValue], random: &mut Random) -> Outcome {
    match arguments {
        [JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::Array(items)] => {
            let mut items: Vec<JValue> = items.iter().cloned().collect();
            for last in (1..items.len()).rev() {
                items.swap(last, random.below(last + 1));
            }
            Ok(JValue::array(items))
        }
        [single] => Ok(JValue::array(vec![single.clone()])),
        _ => Err(argument("shuffle", arguments.len().max(1))),
    }
}

fn partition(arguments: &[JValue]) -> Outcome {
    match arguments {
        [JValue::Undefined, ..] => Ok(JValue::Undefined),
        [items, size] => {
            let size = whole(size).ok_or_else(|| argument("partition", 2))?;
            let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
                return Ok(JValue::Undefined);
            };
            let chunks = match items {
                JValue::Array(items) if items.is_empty() => return Ok(JValue::Undefined),
                JValue::Array(items) => {
                    items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect()
                }
                single => vec![JValue::array(vec![single.clone()])],
            };
            Ok(JValue::array(chunks))
        }
        _ => Err(argument("partition", arguments.len() + 1)),
    }
}

fn range(arguments: &[JValue]) -> Outcome {
    let (first, last, step) = match arguments {
        [] | [_] => return Err(argument("range", arguments.len() + 1)),
        [_, _] | [_, _, JValue::Undefined] => return Ok(JValue::Undefined),
        [first, last, step] => {
            let number = |value: &JValue, position| whole(value).ok_or_else(|| argument("range", position));
            (i128::from(number(first, 1)?), i128::from(number(last, 2)?), i128::from(number(step, 3)?))
        }
        _ => return Err(argument("range", 4)),
    };
    // A step that leads nowhere is no error.
    if step == 0 || (last - first).signum() * step.signum() < 0 {
        return Ok(JValue::Undefined);
    }
    let count = (last - first) / step + 1;
    if count > MAX_RANGE {
        return Err(EvaluatorError::EvaluationError(String::from(MEMORY)));
    }
    #[expect(clippy::cast_precision_loss, reason = "as JSONata's numbers are")]
    let items: Vec<JValue> = (0..count).map(|index| JValue::Number((first + index * step) as f64)).collect();
    Ok(JValue::sequence(items).unwrap_sequence())
}

fn hash(arguments: &[JValue]) -> Outcome {
    match arguments {
        [JValue::Undefined, ..] | [_] | [_, JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::String(text), JValue::String(algorithm)] => {
            hex_digest(text, algorithm).map(JValue::string).ok_or_else(|| argument("hash", 2))
        }
        _ => Err(argument("hash", 1)),
    }
}

fn parse(arguments: &[JValue]) -> Outcome {
    match arguments {
        [JValue::Undefined] => Ok(JValue::Undefined),
        // As the intrinsic function that it replaces.
        [JValue::String(text)] if text.trim().is_empty() => Ok(JValue::Null),
        [JValue::String(text)] => match serde_json::from_str(text) {
            Ok(value) => Ok(convert::from_json(&value)),
            Err(error) => Err(EvaluatorError::EvaluationError(format!("D3120: not JSON: {error}"))),
        },
        _ => Err(argument("parse", 1)),
    }
}
