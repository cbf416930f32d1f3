//! Choice states.

use serde_json::Value;

use super::compile::Compiler;
use super::fields::Fields;
use super::{Language, ScopeId, StateId};
use crate::jsonata::Expression;
use crate::jsonpath::Path;
use crate::template::Template;
use crate::time::Timestamp;

#[derive(Debug)]
pub(crate) struct ChoiceState {
    pub(crate) branches: Vec<Branch>,
    pub(crate) default: Option<StateId>,
}

/// One entry of `Choices`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) condition: Condition,
    pub(crate) next: StateId,
    pub(crate) assign: Option<Template>,
    pub(crate) output: Option<Template>,
}

#[derive(Debug)]
pub(crate) enum Condition {
    Rule(Rule),
    Expression(Expression),
    Constant(bool),
}

#[derive(Debug)]
pub(crate) enum Rule {
    And(Vec<Rule>),
    Or(Vec<Rule>),
    Not(Box<Rule>),
    Test { variable: Path, test: Test },
}

#[derive(Debug)]
pub(crate) enum Test {
    Compare {
        kind: Kind,
        order: Order,
        expected: Expected,
    },
    /// `StringMatches`, where `*` stands for any text.
    Matches(String),
    Is {
        what: What,
        expected: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Numeric,
    String,
    Timestamp,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Numeric => "NUMBER",
            Self::String | Self::Timestamp => "STRING",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Boolean,
    Null,
    Numeric,
    Present,
    String,
    Timestamp,
}

#[derive(Debug)]
pub(crate) enum Expected {
    Literal(Value),
    Path(Path),
}

/// Deepest nesting of `And`, `Or` and `Not`.
const MAX_DEPTH: usize = 100;

pub(super) fn parse(fields: &Fields<'_>, compiler: &mut Compiler<'_>, scope: ScopeId) -> Option<ChoiceState> {
    let entries = fields.objects("Choices");
    if !fields.has("Choices") {
        fields.findings.schema("These fields are required: [Choices]", &fields.location);
        return None;
    }
    if entries.is_empty() {
        fields.wrong("Choices", "Expected a non-empty Array of Object");
    }
    let mut branches = Vec::with_capacity(entries.len());
    for entry in &entries {
        let next = compiler.target(entry, "Next", scope);
        let condition = match entry.language {
            Language::JsonPath => rule(entry, &["Next", "Assign", "Comment"], 0).map(Condition::Rule),
            Language::Jsonata => {
                entry.only(&[&["Condition", "Next", "Assign", "Output", "Comment"]]);
                condition(entry)
            }
        };
        if let (Some(condition), Some(next)) = (condition, next) {
            let output = if entry.language == Language::Jsonata { entry.template("Output") } else { None };
            branches.push(Branch { condition, next, assign: entry.assignment(), output });
        }
    }
    let default = if fields.has("Default") { compiler.target(fields, "Default", scope) } else { None };
    Some(ChoiceState { branches, default })
}

fn condition(entry: &Fields<'_>) -> Option<Condition> {
    match entry.get("Condition") {
        None => {
            entry.findings.schema("These fields are required: [Condition]", &entry.location);
            None
        }
        Some(Value::Bool(constant)) => Some(Condition::Constant(*constant)),
        Some(Value::String(text)) if Expression::is_delimited(text) => {
            entry.expression("Condition", text).map(Condition::Expression)
        }
        Some(_) => {
            entry.wrong("Condition", "Value must be a Boolean or a JSONata expression");
            None
        }
    }
}

fn rule(fields: &Fields<'_>, extra: &[&str], depth: usize) -> Option<Rule> {
    if depth > MAX_DEPTH {
        fields.findings.schema("Rules are nested too deeply", &fields.location);
        return None;
    }
    let operators: Vec<&str> = fields
        .map
        .keys()
        .map(String::as_str)
        .filter(|name| !extra.contains(name) && *name != "Variable")
        .collect();
    let [operator] = operators.as_slice() else {
        fields.findings.schema("A choice rule must have exactly one comparison operator", &fields.location);
        return None;
    };
    match *operator {
        "And" => inner_rules(fields, "And", depth).map(Rule::And),
        "Or" => inner_rules(fields, "Or", depth).map(Rule::Or),
        "Not" => Some(Rule::Not(Box::new(rule(&fields.object("Not")?, &["Comment"], depth + 1)?))),
        operator => {
            if !fields.has("Variable") {
                fields.findings.schema("These fields are required: [Variable]", &fields.location);
            }
            Some(Rule::Test { variable: fields.path("Variable")?, test: test(fields, operator)? })
        }
    }
}

fn inner_rules(fields: &Fields<'_>, name: &str, depth: usize) -> Option<Vec<Rule>> {
    let entries = fields.objects(name);
    if entries.is_empty() {
        fields.wrong(name, "Expected a non-empty Array of Object");
        return None;
    }
    entries.iter().map(|entry| rule(entry, &["Comment"], depth + 1)).collect()
}

fn test(fields: &Fields<'_>, operator: &str) -> Option<Test> {
    let is = match operator {
        "IsBoolean" => Some(What::Boolean),
        "IsNull" => Some(What::Null),
        "IsNumeric" => Some(What::Numeric),
        "IsPresent" => Some(What::Present),
        "IsString" => Some(What::String),
        "IsTimestamp" => Some(What::Timestamp),
        _ => None,
    };
    if let Some(what) = is {
        return Some(Test::Is { what, expected: fields.flag(operator)? });
    }
    if operator == "StringMatches" {
        return fields.text(operator).map(|pattern| Test::Matches(pattern.to_owned()));
    }
    let (comparison, by_path) = match operator.strip_suffix("Path") {
        Some(comparison) => (comparison, true),
        None => (operator, false),
    };
    let Some((kind, order)) = kind_and_order(comparison) else {
        fields.wrong(operator, format!("Field '{operator}' is not supported"));
        return None;
    };
    let expected = if by_path {
        Expected::Path(fields.path(operator)?)
    } else {
        let value = fields.get(operator)?;
        let fits = match kind {
            Kind::Boolean => value.is_boolean(),
            Kind::Numeric => value.is_number(),
            Kind::String => value.is_string(),
            Kind::Timestamp => value.as_str().is_some_and(|text| Timestamp::parse_rfc3339(text).is_some()),
        };
        if !fits {
            let message = match kind {
                Kind::Timestamp => String::from("String does not match RFC3339 timestamp"),
                kind => format!("Expected value of type [{}]", kind.name()),
            };
            fields.wrong(operator, message);
            return None;
        }
        Expected::Literal(value.clone())
    };
    Some(Test::Compare { kind, order, expected })
}

fn kind_and_order(comparison: &str) -> Option<(Kind, Order)> {
    let (kind, order) = [
        ("Boolean", Kind::Boolean),
        ("Numeric", Kind::Numeric),
        ("String", Kind::String),
        ("Timestamp", Kind::Timestamp),
    ]
    .into_iter()
    .find_map(|(name, kind)| comparison.strip_prefix(name).map(|order| (kind, order)))?;
    let order = match order {
        "Equals" => Order::Equals,
        "LessThan" => Order::LessThan,
        "LessThanEquals" => Order::LessThanEquals,
        "GreaterThan" => Order::GreaterThan,
        "GreaterThanEquals" => Order::GreaterThanEquals,
        _ => return None,
    };
    (kind != Kind::Boolean || order == Order::Equals).then_some((kind, order))
}
