//! Filters: `[?(@.price < 10 && @.name)]`.

use serde_json::Value;

use super::parse::Parser;
use super::{ParseError, Segment, evaluate};
use crate::data;

/// A condition on one element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Vec<Segment>),
    Compare(Operand, Comparison, Operand),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    /// A path below `@`.
    Element(Vec<Segment>),
    Literal(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Whether `element` satisfies the condition; `@` stands for objects only, as on the service.
    pub(super) fn accepts(&self, element: &Value) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|filter| filter.accepts(element)),
            Self::All(filters) => filters.iter().all(|filter| filter.accepts(element)),
            Self::Not(filter) => !filter.accepts(element),
            Self::Exists(segments) => {
                element.is_object()
                    && evaluate::select(element, segments).is_some_and(|found| !found.is_empty())
            }
            Self::Compare(left, comparison, right) => {
                let (Some(left), Some(right)) = (left.value(element), right.value(element)) else {
                    return false;
                };
                comparison.holds(left, right)
            }
        }
    }
}

impl Operand {
    fn value<'v>(&'v self, element: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Element(segments) if element.is_object() => {
                evaluate::select(element, segments)?.first().copied()
            }
            Self::Element(_) => None,
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = match (left, right) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            _ => None,
        };
        match self {
            Self::Equal => data::equal(left, right),
            Self::NotEqual => !data::equal(left, right),
            Self::Less => order == Some(Less),
            Self::LessOrEqual => matches!(order, Some(Less | Equal)),
            Self::Greater => order == Some(Greater),
            Self::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        }
    }
}

/// `a || b`
pub(super) fn alternatives(parser: &mut Parser<'_>) -> Result<Filter, ParseError> {
    let mut filters = vec![conjunction(parser)?];
    loop {
        parser.spaces();
        if !parser.eat_text("||") {
            return Ok(if filters.len() == 1 { filters.swap_remove(0) } else { Filter::Any(filters) });
        }
        filters.push(conjunction(parser)?);
    }
}

/// `a && b`
fn conjunction(parser: &mut Parser<'_>) -> Result<Filter, ParseError> {
    let mut filters = vec![term(parser)?];
    loop {
        parser.spaces();
        if !parser.eat_text("&&") {
            return Ok(if filters.len() == 1 { filters.swap_remove(0) } else { Filter::All(filters) });
        }
        filters.push(term(parser)?);
    }
}

fn term(parser: &mut Parser<'_>) -> Result<Filter, ParseError> {
    parser.spaces();
    if parser.eat('!') {
        return Ok(Filter::Not(Box::new(parser.nested(term)?)));
    }
    if parser.eat('(') {
        let filter = parser.nested(alternatives)?;
        parser.spaces();
        parser.expect(')')?;
        return Ok(filter);
    }
    let left = operand(parser)?;
    parser.spaces();
    let comparison = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ]
    .into_iter()
    .find(|(text, _)| parser.eat_text(text));
    match (comparison, left) {
        (Some((_, comparison)), left) => {
            parser.spaces();
            Ok(Filter::Compare(left, comparison, operand(parser)?))
        }
        (None, Operand::Element(segments)) => Ok(Filter::Exists(segments)),
        (None, Operand::Literal(_)) => Err(parser.error("a comparison is missing")),
    }
}

fn operand(parser: &mut Parser<'_>) -> Result<Operand, ParseError> {
    if parser.eat('@') {
        return parser.segments().map(Operand::Element);
    }
    if matches!(parser.peek(), Some('\'' | '"')) {
        return Ok(Operand::Literal(Value::String(parser.quoted()?)));
    }
    match serde_json::from_str(parser.word()) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => Ok(Operand::Literal(value)),
        _ => Err(parser.error("a value is missing")),
    }
}
