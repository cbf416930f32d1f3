//! Choice states.

use std::sync::Arc;

use serde_json::Value;

use super::FrameId;
use super::engine::Engine;
use super::flow::foreign;
use crate::data::Json;
use crate::definition::{
    Branch, ChoiceState, Condition, Expected, Flow, Kind, Order, Rule, State, StateId, Test, Transition, What,
};
use crate::environment::{Environment, Problem, unexpected_type};
use crate::jsonpath::Path;
use crate::template::FieldPath;
use crate::time::Timestamp;

impl Engine<'_> {
    pub(super) fn choose(&mut self, id: FrameId, state: &State, choice: &ChoiceState) -> Result<(), Problem> {
        let input = self.selected_input(id, state)?;
        for (index, branch) in choice.branches.iter().enumerate() {
            let holds = self
                .with_environment(id, &input, (None, None), |env| holds(&branch.condition, index, env))
                .unwrap_or_else(|| Err(foreign()))?;
            if holds {
                return self.take_branch(id, state, &input, Some((index, branch)), branch.next);
            }
        }
        match choice.default {
            Some(next) => self.take_branch(id, state, &input, None, next),
            // The specification names `States.NoChoiceMatched`; the service reports this.
            None => Err(Problem::runtime(
                "Failed to transition out of the state. The state does not point to a next state.",
            )),
        }
    }

    fn take_branch(
        &mut self,
        id: FrameId,
        state: &State,
        input: &Json,
        branch: Option<(usize, &Branch)>,
        next: StateId,
    ) -> Result<(), Problem> {
        let place = |field| match branch {
            Some((index, _)) => FieldPath::OfEntry("Choices", index, field),
            None => FieldPath::Field(field),
        };
        let branch = branch.map(|(_, branch)| branch);
        let assign = match branch {
            Some(branch) => branch.assign.as_ref(),
            None => state.assign.as_ref(),
        };
        let assigned = self.assigned(id, assign, place("Assign"), input, (None, None))?;
        let output = match &state.flow {
            Flow::JsonPath(flow) => self.select(id, &flow.output_path, input)?,
            Flow::Jsonata(flow) => {
                let template = match branch {
                    Some(branch) => branch.output.as_ref(),
                    None => flow.output.as_ref(),
                };
                match template {
                    Some(template) => self
                        .with_environment(id, input, (None, None), |env| {
                            template.evaluate(env, place("Output"))
                        })
                        .unwrap_or_else(|| Err(foreign()))?,
                    None => Arc::clone(input),
                }
            }
        };
        self.check_size(&output, &state.name)?;
        self.leave(id, state, output, assigned, Transition::Next(next));
        Ok(())
    }
}

fn holds(condition: &Condition, index: usize, env: &mut Environment<'_>) -> Result<bool, Problem> {
    match condition {
        Condition::Constant(constant) => Ok(*constant),
        Condition::Rule(rule) => rule_holds(rule, env),
        Condition::Expression(expression) => {
            let place = FieldPath::OfEntry("Choices", index, "Condition");
            match env.jsonata(expression, &place)? {
                Value::Bool(holds) => Ok(holds),
                other => Err(unexpected_type(expression, place, "boolean", &other)),
            }
        }
    }
}

fn rule_holds(rule: &Rule, env: &Environment<'_>) -> Result<bool, Problem> {
    match rule {
        Rule::And(rules) => {
            for rule in rules {
                if !rule_holds(rule, env)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Rule::Or(rules) => {
            for rule in rules {
                if rule_holds(rule, env)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Rule::Not(rule) => Ok(!rule_holds(rule, env)?),
        Rule::Test { variable, test } => test_holds(variable, test, env),
    }
}

fn test_holds(variable: &Path, test: &Test, env: &Environment<'_>) -> Result<bool, Problem> {
    let found = env.find(variable);
    if let Test::Is { what: What::Present, expected } = test {
        // An indefinite path is there when it finds something.
        let present = match &found {
            Ok(value) => variable.is_definite() || value.as_array().is_none_or(|items| !items.is_empty()),
            Err(_) => false,
        };
        return Ok(present == *expected);
    }
    let value = found.map_err(|_| invalid(variable))?;
    match test {
        Test::Is { what, expected } => Ok(is(*what, &value) == *expected),
        Test::Matches(pattern) => Ok(value.as_str().is_some_and(|text| matches(pattern, text))),
        Test::Compare { kind, order, expected: Expected::Literal(expected) } => {
            Ok(compare(*kind, *order, &value, expected))
        }
        Test::Compare { kind, order, expected: Expected::Path(path) } => {
            let expected = env.find(path).map_err(|_| invalid(path))?;
            Ok(compare(*kind, *order, &value, &expected))
        }
    }
}

fn invalid(path: &Path) -> Problem {
    Problem::runtime(format!(
        "Invalid path '{path}': The choice state's condition path references an invalid value."
    ))
}

fn is(what: What, value: &Value) -> bool {
    match what {
        What::Boolean => value.is_boolean(),
        What::Null => value.is_null(),
        What::Numeric => value.is_number(),
        What::Present => true,
        What::String => value.is_string(),
        What::Timestamp => value.as_str().is_some_and(|text| Timestamp::parse_rfc3339(text).is_some()),
    }
}

/// Values of another type than the comparison's never compare.
fn compare(kind: Kind, order: Order, left: &Value, right: &Value) -> bool {
    let ordering = match kind {
        Kind::Boolean => left.as_bool().zip(right.as_bool()).map(|(a, b)| a.cmp(&b)),
        Kind::Numeric => left.as_f64().zip(right.as_f64()).and_then(|(a, b)| a.partial_cmp(&b)),
        Kind::String => left.as_str().zip(right.as_str()).map(|(a, b)| a.cmp(b)),
        Kind::Timestamp => {
            let time = |value: &Value| value.as_str().and_then(Timestamp::parse_rfc3339);
            time(left).zip(time(right)).map(|(a, b)| a.cmp(&b))
        }
    };
    ordering.is_some_and(|ordering| match order {
        Order::Equals => ordering.is_eq(),
        Order::LessThan => ordering.is_lt(),
        Order::LessThanEquals => ordering.is_le(),
        Order::GreaterThan => ordering.is_gt(),
        Order::GreaterThanEquals => ordering.is_ge(),
    })
}

/// `StringMatches`: `*` is any text, `\*` a star, `\\` a backslash.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts: Vec<String> = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => parts.push(String::new()),
            c => {
                let c = if c == '\\' { chars.next().unwrap_or('\\') } else { c };
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    let [first, middle @ .., last] = parts.as_slice() else {
        return parts.first().is_some_and(|part| part == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stars_match_any_text() {
        for (pattern, text, expected) in [
            ("log-*.txt", "log-1.txt", true),
            ("log-*.txt", "log-1.csv", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("*b*d*", "abcde", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn other_types_never_compare() {
        assert!(!compare(Kind::Numeric, Order::Equals, &json!("1"), &json!(1)));
        assert!(compare(Kind::Numeric, Order::Equals, &json!(1.0), &json!(1)));
        assert!(compare(Kind::String, Order::LessThan, &json!("a"), &json!("b")));
        let (early, late) = (json!("2016-03-14T01:59:00Z"), json!("2016-03-14T02:59:00.5+00:00"));
        assert!(compare(Kind::Timestamp, Order::LessThan, &early, &late));
        assert!(!compare(Kind::Timestamp, Order::Equals, &json!("x"), &json!("x")));
    }
}
