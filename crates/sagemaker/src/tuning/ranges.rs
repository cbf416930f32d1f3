//! The ranges of a tuning job's request.

use mlpp_tuning::{Range, RangeError, Scaling};
use serde_json::Value;

use crate::algorithm::validate::Tuned;
use crate::error::ServiceError;
use crate::request::{Checks, Node, Text};

/// A range as the request has it.
pub(super) struct RequestRange<'a> {
    pub(super) name: &'a str,
    form: Form<'a>,
}

enum Form<'a> {
    Integer(&'a str, &'a str, Scaling),
    Continuous(&'a str, &'a str, Scaling),
    Categorical(Vec<String>),
}

impl RequestRange<'_> {
    pub(super) fn tuned(&self) -> Tuned<'_> {
        match &self.form {
            Form::Integer(min, max, _) => Tuned::Integer { min, max },
            Form::Continuous(min, max, _) => Tuned::Continuous { min, max },
            Form::Categorical(values) => Tuned::Categorical { values },
        }
    }

    pub(super) fn range(&self) -> Result<Range, RangeError> {
        match &self.form {
            Form::Integer(min, max, scaling) => Range::integer(self.name, min, max, *scaling),
            Form::Continuous(min, max, scaling) => Range::continuous(self.name, min, max, *scaling),
            Form::Categorical(values) => Range::categorical(self.name, values.clone()),
        }
    }
}

/// Reads `ParameterRanges`, or a definition's `HyperParameterRanges`.
pub(super) fn ranges<'a>(
    checks: &mut Checks,
    node: &Node<'a>,
) -> Result<Vec<RequestRange<'a>>, ServiceError> {
    const SCALINGS: Text = Text::one_of(&["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]);
    if node.value.get("AutoParameters").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        return Err(ServiceError::validation("AutoParameters are not supported on this machine."));
    }
    let mut ranges = Vec::new();
    for (member, integer) in [("IntegerParameterRanges", true), ("ContinuousParameterRanges", false)] {
        for node in checks.list(node, member, 0, 30) {
            let name = checks.required_text(&node, "Name", Text::any(256));
            let min = checks.required_text(&node, "MinValue", Text::any(256));
            let max = checks.required_text(&node, "MaxValue", Text::any(256));
            let scaling = checks.text(&node, "ScalingType", SCALINGS);
            let scaling = scaling.and_then(Scaling::from_name).unwrap_or_default();
            if let (Some(name), Some(min), Some(max)) = (name, min, max) {
                let form = if integer { Form::Integer } else { Form::Continuous }(min, max, scaling);
                ranges.push(RequestRange { name, form });
            }
        }
    }
    for node in checks.list(node, "CategoricalParameterRanges", 0, 30) {
        let name = checks.required_text(&node, "Name", Text::any(256));
        checks.required(&node, "Values");
        let values = checks.texts(&node, "Values", 1, 30);
        if let Some(name) = name {
            ranges.push(RequestRange { name, form: Form::Categorical(values) });
        }
    }
    Ok(ranges)
}
