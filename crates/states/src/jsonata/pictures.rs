//! Pictures of numbers and dates: short ones, and the same date each time.
//!
//! The evaluator's own functions take time and memory by the length and the widths of a picture, and complete a time without a date
//! from the machine's clock.

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use super::functions::Used;
use crate::time::Timestamp;

/// Stand-ins around the arguments of functions; no expression can write these names.
pub(super) const PICTURE: &str = "picture&bounded";
pub(super) const DATE_PICTURE: &str = "picture&date";
pub(super) const INSTANT: &str = "instant&bounded";
pub(super) const INTEGER: &str = "integer&bounded";
pub(super) const MOMENT: &str = "moment&bounded";
pub(super) const MOMENT_PICTURE: &str = "moment&picture";

/// Longest picture, in bytes.
const LONGEST: usize = 1_000;
/// Most digits of a component: more overflow the evaluator's numbers.
const WIDEST: usize = 18;
/// The last instant of a date, in milliseconds: 100,000,000 days from 1970 (ECMAScript, "Time Values and Time Range").
const LAST_INSTANT: f64 = 8.64e15;
/// Largest number that is written in Roman numerals, one `M` for each thousand.
const ROMAN: f64 = 1_000_000.0;

type Outcome = Result<JValue, EvaluatorError>;

pub(super) fn register(evaluator: &mut Evaluator, used: Used, now: Timestamp) -> Result<(), EvaluatorError> {
    if used.has(PICTURE) {
        evaluator.register_fn(PICTURE, |arguments: &[JValue]| short(first(arguments)))?;
    }
    if used.has(DATE_PICTURE) {
        evaluator.register_fn(DATE_PICTURE, |arguments: &[JValue]| narrow(short(first(arguments))?))?;
    }
    if used.has(INSTANT) {
        evaluator.register_fn(INSTANT, instant)?;
    }
    if used.has(INTEGER) {
        evaluator.register_fn(INTEGER, integer)?;
    }
    if used.has(MOMENT) {
        evaluator.register_fn(MOMENT, move |arguments: &[JValue]| match arguments {
            [JValue::String(text), JValue::String(picture)] => {
                Ok(JValue::string(format!("{}{text}", missing(picture, &now.to_rfc3339()).1)))
            }
            _ => Ok(first(arguments)),
        })?;
        evaluator.register_fn(MOMENT_PICTURE, move |arguments: &[JValue]| {
            let picture = narrow(short(first(arguments))?)?;
            Ok(match &picture {
                JValue::String(text) => {
                    JValue::string(format!("{}{text}", missing(text, &now.to_rfc3339()).0))
                }
                _ => picture,
            })
        })?;
    }
    Ok(())
}

fn first(arguments: &[JValue]) -> JValue {
    arguments.first().cloned().unwrap_or(JValue::Undefined)
}

fn short(picture: JValue) -> Outcome {
    match &picture {
        JValue::String(text) if text.len() > LONGEST => Err(too_wide()),
        _ => Ok(picture),
    }
}

/// A date's picture, where no component is wider than any of its numbers.
fn narrow(picture: JValue) -> Outcome {
    if let JValue::String(text) = &picture {
        // A doubled bracket is text.
        let text = text.replace("[[", "");
        for component in text.split('[').skip(1).filter_map(|rest| rest.split(']').next()) {
            let (format, widths) = component.split_once(',').unwrap_or((component, ""));
            let digits = format.chars().filter(|c| c.is_numeric() || *c == '#').count();
            let wide = |width: &str| {
                let width = width.trim();
                width != "*"
                    && !width.is_empty()
                    && !width.parse::<usize>().is_ok_and(|width| width <= WIDEST)
            };
            if digits > WIDEST || widths.split('-').any(wide) {
                return Err(too_wide());
            }
        }
    }
    Ok(picture)
}

/// The number of `$formatInteger(number, picture)`.
/// Milliseconds that are a date.
fn instant(arguments: &[JValue]) -> Outcome {
    match first(arguments) {
        JValue::Number(number) if number.is_nan() || number.abs() > LAST_INSTANT => {
            Err(EvaluatorError::EvaluationError(String::from("D3110: The number is no date in milliseconds")))
        }
        other => Ok(other),
    }
}

fn integer(arguments: &[JValue]) -> Outcome {
    match arguments {
        [JValue::Number(number), JValue::String(picture)]
            if number.abs() > ROMAN && picture.starts_with(['i', 'I']) =>
        {
            Err(EvaluatorError::EvaluationError(String::from(
                "D3130: The number is too large for Roman numerals",
            )))
        }
        _ => Ok(first(arguments)),
    }
}

fn too_wide() -> EvaluatorError {
    EvaluatorError::EvaluationError(String::from("D3133: The picture is too wide"))
}

/// What a picture lacks before its largest component, as a picture and as the text of `now`.
fn missing(picture: &str, now: &str) -> (String, String) {
    const PARTS: [(char, &str, std::ops::Range<usize>); 6] = [
        ('Y', "[Y0001]-", 0..5),
        ('M', "[M01]-", 5..8),
        ('D', "[D01]T", 8..11),
        ('H', "[H01]:", 11..14),
        ('m', "[m01]:", 14..17),
        ('s', "[s01].", 17..20),
    ];
    let components: Vec<char> = components(picture);
    let has = |letter: char| match letter {
        'M' => ['M', 'd'].iter().any(|c| components.contains(c)),
        'H' => ['H', 'h', 'P'].iter().any(|c| components.contains(c)),
        letter => components.contains(&letter),
    };
    // Years of more than four digits, weeks, and pictures without components are as they are.
    let other = components.is_empty() || components.iter().any(|c| matches!(c, 'X' | 'x' | 'W' | 'w'));
    if other || now.len() != "2016-12-05T21:29:29.120Z".len() {
        return (String::new(), String::new());
    }
    let lacking = PARTS.iter().take_while(|(letter, ..)| !has(*letter));
    lacking.fold((String::new(), String::new()), |(picture, text), (_, part, place)| {
        (picture + part, text + now.get(place.clone()).unwrap_or_default())
    })
}

/// The letters of a picture's components: `[Y0001]` has `Y`. A doubled bracket is text.
fn components(picture: &str) -> Vec<char> {
    let mut letters = Vec::new();
    let mut chars = picture.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '[' && chars.next_if_eq(&'[').is_none() {
            letters.extend(chars.by_ref().find(|c| !c.is_whitespace()));
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_bounded() {
        for fine in ["[Y0001]-[M01]", "[MNn,3-3], 1234567890123456789012", "[Y,*-4]", "[[,999]", ""] {
            assert!(narrow(JValue::string(fine)).is_ok(), "{fine}");
        }
        let digits = format!("[Y{}]", "0".repeat(19));
        for wide in ["[Y,999]", "[Y,*-999]", "[f,19]", "[Y,9999999999999999999999]", digits.as_str()] {
            assert!(narrow(JValue::string(wide)).is_err(), "{wide}");
        }
    }

    #[test]
    fn a_picture_lacks_what_is_larger_than_its_first_component() {
        let now = "2016-12-05T21:29:29.120Z";
        let lacks = |picture: &str| missing(picture, now);
        let both = |picture: &str, text: &str| (String::from(picture), String::from(text));
        assert_eq!(lacks("[Y]-[M]"), both("", ""));
        assert_eq!(lacks("[M01]/[D01]"), both("[Y0001]-", "2016-"));
        assert_eq!(lacks("[h]:[m] [P]"), both("[Y0001]-[M01]-[D01]T", "2016-12-05T"));
        assert_eq!(lacks("[[Y]] [ m]"), both("[Y0001]-[M01]-[D01]T[H01]:", "2016-12-05T21:"));
        assert_eq!(lacks("text"), both("", ""));
    }
}
