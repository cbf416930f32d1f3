//! One state: the fields that several types share, then those of its type.

use std::sync::Arc;

use super::compile::{Compiler, LANGUAGES};
use super::fields::Fields;
use super::{
    Flow, JsonPathFlow, JsonataFlow, Language, ResultPath, ScopeId, Selection, Source, State, StateKind,
    Transition, Wait, choice, map, policy, task,
};
use crate::time::Timestamp;

const COMMON: &[&str] = &["Type", "Comment", "QueryLanguage"];
const TRANSITION: &[&str] = &["Next", "End"];
const SELECTIONS: &[&str] = &["InputPath", "OutputPath"];
/// Longest wait, in seconds.
const MAX_WAIT: f64 = 99_999_999.0;

pub(super) fn parse(
    name: &str,
    fields: &Fields<'_>,
    compiler: &mut Compiler<'_>,
    (scope, downgraded): (ScopeId, bool),
) -> Option<State> {
    let kind = fields.required_text("Type")?;
    // A state that is refused for its language is not asked about fields of the other one.
    if !downgraded {
        check_fields(kind, fields);
    }
    fields.one_of("QueryLanguage", LANGUAGES);
    let kind = kind_of(kind, fields, compiler, scope)?;
    let retry = policy::retriers(fields);
    let catch = policy::catchers(fields, compiler, scope);
    let next = match kind {
        StateKind::Choice(_) | StateKind::Succeed | StateKind::Fail { .. } => Transition::End,
        _ => transition(fields, compiler, scope)?,
    };
    let assign = match kind {
        StateKind::Succeed | StateKind::Fail { .. } => None,
        _ => fields.assignment(),
    };
    let flow = flow(&kind, fields);
    Some(State { name: Arc::from(name), comment: fields.comment(), flow, assign, retry, catch, next, kind })
}

fn kind_of(
    kind: &str,
    fields: &Fields<'_>,
    compiler: &mut Compiler<'_>,
    scope: ScopeId,
) -> Option<StateKind> {
    Some(match kind {
        "Pass" => {
            fields.warn_of_static_result();
            StateKind::Pass { result: fields.get("Result").map(|value| Arc::new(value.clone())) }
        }
        "Task" => StateKind::Task(Box::new(task::parse(fields, compiler.workflow())?)),
        "Choice" => StateKind::Choice(Box::new(choice::parse(fields, compiler, scope)?)),
        "Wait" => StateKind::Wait(Box::new(wait(fields)?)),
        "Succeed" => StateKind::Succeed,
        "Fail" => StateKind::Fail {
            error: fields.text_field("Error", "ErrorPath").map(Box::new),
            cause: fields.text_field("Cause", "CausePath").map(Box::new),
        },
        "Parallel" => {
            let branches = fields.objects("Branches");
            if branches.is_empty() {
                fields.findings.schema("These fields are required: [Branches]", &fields.location);
            }
            let scopes: Vec<Option<ScopeId>> =
                branches.iter().map(|branch| compiler.scope(branch, &[])).collect();
            StateKind::Parallel { branches: scopes.into_iter().collect::<Option<_>>()? }
        }
        "Map" => StateKind::Map(Box::new(map::parse(fields, compiler, compiler.workflow())?)),
        _ => {
            // The service has a text of its own for this field.
            let message = "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
            fields.wrong("Type", message);
            return None;
        }
    })
}

/// Findings for the fields that a state of this type and language cannot have.
fn check_fields(kind: &str, fields: &Fields<'_>) {
    const NONE: &[&str] = &[];
    let json_path = fields.language == Language::JsonPath;
    let by_language = |path: &'static [&'static str], jsonata: &'static [&'static str]| {
        if json_path { path } else { jsonata }
    };
    let selections = by_language(SELECTIONS, &["Output"]);
    let known: [&[&str]; 4] = match kind {
        "Pass" => {
            [TRANSITION, &["Assign"], selections, by_language(&["Result", "ResultPath", "Parameters"], NONE)]
        }
        "Task" => {
            [TRANSITION, &["Assign"], task::FIELDS, by_language(task::JSON_PATH_FIELDS, &["Arguments"])]
        }
        "Choice" => [&["Choices", "Default"], &["Assign"], NONE, NONE],
        "Wait" => [
            TRANSITION,
            &["Assign"],
            &["Seconds", "Timestamp"],
            by_language(&["SecondsPath", "TimestampPath"], NONE),
        ],
        "Succeed" => [NONE; 4],
        "Fail" => {
            only(fields, &[COMMON, &["Error", "Cause"], by_language(&["ErrorPath", "CausePath"], NONE)]);
            return;
        }
        "Parallel" => [
            TRANSITION,
            &["Assign"],
            &["Branches", "Retry", "Catch"],
            by_language(&["Parameters", "ResultSelector", "ResultPath"], &["Arguments"]),
        ],
        "Map" => {
            [TRANSITION, &["Assign"], map::FIELDS, by_language(map::JSON_PATH_FIELDS, map::JSONATA_FIELDS)]
        }
        _ => return,
    };
    let [a, b, c, d] = known;
    only(fields, &[COMMON, selections, a, b, c, d]);
}

/// Fields that states have in one of the languages alone.
const JSON_PATH_ONLY: &[&str] = &[
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ResultSelector",
    "Parameters",
    "Result",
    "ItemsPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "ErrorPath",
    "CausePath",
];
const JSONATA_ONLY: &[&str] = &["Arguments", "Output", "Items"];

/// A finding for each field that is not in one of `known`, in the service's words for those of the other language.
fn only(fields: &Fields<'_>, known: &[&[&str]]) {
    let (own, other, foreign) = match fields.language {
        Language::JsonPath => ("JSONPath", "JSONata", JSONATA_ONLY),
        Language::Jsonata => ("JSONata", "JSONPath", JSON_PATH_ONLY),
    };
    for name in fields.map.keys().map(String::as_str) {
        if known.iter().any(|names| names.contains(&name)) {
            continue;
        }
        let message = if foreign.contains(&name) {
            format!(
                "The QueryLanguage is set to '{own}', but field '{name}' is only supported for the '{other}' QueryLanguage"
            )
        } else {
            format!("Field '{name}' is not supported")
        };
        fields.findings.schema(message, &fields.location);
    }
}

fn flow(kind: &StateKind, fields: &Fields<'_>) -> Flow {
    if fields.language == Language::Jsonata {
        return Flow::Jsonata(Box::new(JsonataFlow {
            arguments: fields.template("Arguments"),
            output: fields.template("Output"),
        }));
    }
    let parameters = match kind {
        // A Map's `Parameters` is the old name of its `ItemSelector`.
        StateKind::Map(_) => None,
        _ => fields.template("Parameters"),
    };
    Flow::JsonPath(Box::new(JsonPathFlow {
        input_path: selection(fields, "InputPath"),
        parameters,
        result_selector: fields.template("ResultSelector"),
        result_path: result_path(fields),
        output_path: selection(fields, "OutputPath"),
    }))
}

fn selection(fields: &Fields<'_>, name: &str) -> Selection {
    match fields.get(name) {
        None => Selection::Whole,
        Some(serde_json::Value::Null) => Selection::Nothing,
        Some(_) => match fields.path(name) {
            Some(path) if path.text() == "$" => Selection::Whole,
            Some(path) => Selection::Path(Box::new(path)),
            None => Selection::Whole,
        },
    }
}

pub(super) fn result_path(fields: &Fields<'_>) -> ResultPath {
    match fields.get("ResultPath") {
        None => ResultPath::Replace,
        Some(serde_json::Value::Null) => ResultPath::Discard,
        Some(_) => match fields.path("ResultPath") {
            Some(path) if path.text() == "$" => ResultPath::Replace,
            Some(path) if path.is_reference() => ResultPath::At(Box::new(path)),
            Some(_) => {
                fields.wrong("ResultPath", "Value is not a valid Reference Path");
                ResultPath::Replace
            }
            None => ResultPath::Replace,
        },
    }
}

fn transition(fields: &Fields<'_>, compiler: &mut Compiler<'_>, scope: ScopeId) -> Option<Transition> {
    match (fields.has("Next"), fields.flag("End")) {
        (true, None | Some(false)) => compiler.target(fields, "Next", scope).map(Transition::Next),
        (false, Some(true)) => Some(Transition::End),
        (true, Some(true)) => {
            fields.findings.schema("Only one of these fields is allowed: [Next, End]", &fields.location);
            None
        }
        (false, _) => {
            fields.findings.schema("One of these fields is required: [Next, End]", &fields.location);
            None
        }
    }
}

fn wait(fields: &Fields<'_>) -> Option<Wait> {
    let names: Vec<&str> = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]
        .into_iter()
        .filter(|name| fields.has(name))
        .collect();
    if names.len() != 1 {
        fields.findings.schema(
            "Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]",
            &fields.location,
        );
        return None;
    }
    if names[0].starts_with("Seconds") {
        return fields.number_field("Seconds", "SecondsPath", (0.0, MAX_WAIT, true)).map(Wait::Seconds);
    }
    let field = fields.text_field("Timestamp", "TimestampPath")?;
    match &field.source {
        Source::Literal(text) if Timestamp::parse_rfc3339(text).is_none() => {
            fields.wrong("Timestamp", "String does not match RFC3339 timestamp");
            None
        }
        Source::Call(_) => {
            fields.wrong("TimestampPath", "Value is not a valid JSONPath");
            None
        }
        _ => Some(Wait::Timestamp(field)),
    }
}
