//! From the definition's text to [`StateMachine`]: scopes, names, and the checks that need both.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::fields::{Fields, Findings, member};
use super::{
    DefinitionLimits, Language, Scope, ScopeId, State, StateId, StateMachine, WorkflowType, source, state,
    unique, validate,
};
use crate::diagnostic::{Code, Diagnostic};

/// Deepest nesting of Map and Parallel states; the text's own depth is bounded by the JSON parser.
const MAX_DEPTH: usize = 32;

pub(super) struct Compiler<'f> {
    findings: &'f Findings,
    limits: DefinitionLimits,
    workflow: WorkflowType,
    language: Language,
    scopes: Vec<Option<Scope>>,
    /// The names of scopes that are being compiled or are done.
    names: Vec<HashMap<Arc<str>, StateId>>,
    states: Vec<Option<State>>,
    depth: usize,
    /// The outermost scope is one state by itself: what it names as a target need not be there.
    lone: bool,
}

/// Compiles a definition; the machine is there only if nothing essential is missing.
pub(super) fn machine(
    text: &str,
    workflow: WorkflowType,
    limits: DefinitionLimits,
) -> (Option<StateMachine>, Vec<Diagnostic>) {
    read(text, limits.bytes, |value, findings| compile(value, workflow, limits, findings))
}

/// Compiles a state by itself, by the name `name`; its targets become states that do nothing.
pub(super) fn lone_state(text: &str, name: &str) -> (Option<StateMachine>, Vec<Diagnostic>) {
    let most = DefinitionLimits::default().bytes;
    read(text, most, |value, findings| compile_lone(value, name, findings))
}

/// Reads the text and compiles what is in it.
fn read(
    text: &str,
    most: usize,
    compile: impl FnOnce(&Value, &Findings) -> Option<StateMachine>,
) -> (Option<StateMachine>, Vec<Diagnostic>) {
    let findings = Findings::default();
    if text.len() > most {
        let message = format!("The definition has {} bytes, the most is {most}", text.len());
        findings.whole(Code::SchemaValidationFailed, message);
        return (None, findings.take(&Value::Null));
    }
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("the text is not JSON: {error}");
            findings.unreadable(message, source::offset(text, &error));
            return (None, findings.take(&Value::Null));
        }
    };
    if let Some(error) = unique::duplicate_field(text) {
        findings.unreadable(error.to_string(), source::offset(text, &error));
        return (None, findings.take(&value));
    }
    let machine = compile(&value, &findings);
    (machine, findings.take(&value))
}

fn compile_lone(value: &Value, name: &str, findings: &Findings) -> Option<StateMachine> {
    let mut compiler = Compiler::new(findings, WorkflowType::Standard, Language::JsonPath);
    compiler.lone = true;
    compiler.scopes.push(Some(Scope { comment: None, start_at: 0, states: vec![0] }));
    compiler.names.push(HashMap::from([(Arc::from(name), 0)]));
    compiler.states.push(None);
    compiler.depth = 1;
    let state = compiler.state(name, value, "", 0);
    compiler.states[0] = state;
    validate::check_state(value, findings);
    compiler.machine(None)
}

fn compile(
    value: &Value,
    workflow: WorkflowType,
    limits: DefinitionLimits,
    findings: &Findings,
) -> Option<StateMachine> {
    let mut fields = Fields::of(value, String::new(), findings, Language::JsonPath)?;
    fields.language = language(&fields).unwrap_or(Language::JsonPath);
    let mut compiler = Compiler::new(findings, workflow, fields.language);
    compiler.limits = limits;
    fields.one_of("QueryLanguage", LANGUAGES);
    fields.one_of("Version", &["1.0"]);
    let top = compiler.scope(&fields, &["Version", "TimeoutSeconds", "QueryLanguage"]);
    validate::check(value, findings);
    top?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number within bounds"
    )]
    let timeout_seconds =
        fields.number("TimeoutSeconds", 1.0, 99_999_999.0, true).map(|seconds| seconds as u64);
    compiler.machine(timeout_seconds)
}

/// What `QueryLanguage` may be.
pub(super) const LANGUAGES: &[&str] = &["JSONPath", "JSONata"];

/// The `QueryLanguage` field, where there is one. Anything but the exact `JSONPath` stands for JSONata, whatever else is wrong with it.
fn language(fields: &Fields<'_>) -> Option<Language> {
    if !fields.has("QueryLanguage") {
        return None;
    }
    match fields.get("QueryLanguage").and_then(Value::as_str) {
        Some("JSONPath") => Some(Language::JsonPath),
        _ => Some(Language::Jsonata),
    }
}

impl<'f> Compiler<'f> {
    fn new(findings: &'f Findings, workflow: WorkflowType, language: Language) -> Self {
        Self {
            findings,
            limits: DefinitionLimits::default(),
            workflow,
            language,
            scopes: Vec::new(),
            names: Vec::new(),
            states: Vec::new(),
            depth: 0,
            lone: false,
        }
    }

    /// What was compiled, if nothing is missing.
    fn machine(self, timeout_seconds: Option<u64>) -> Option<StateMachine> {
        let states: Vec<State> = self.states.into_iter().collect::<Option<_>>()?;
        Some(StateMachine {
            timeout_seconds,
            scopes: self.scopes.into_iter().collect::<Option<_>>()?,
            jsonata_or_variables: states.iter().any(State::jsonata_or_variables),
            states,
            warnings: Vec::new(),
        })
    }

    pub(super) fn workflow(&self) -> WorkflowType {
        self.workflow
    }

    /// Compiles an object with `StartAt` and `States`; `more` are the other fields that it may have.
    pub(super) fn scope(&mut self, fields: &Fields<'_>, more: &[&str]) -> Option<ScopeId> {
        fields.only(&[&["Comment", "StartAt", "States"], more]);
        let missing: Vec<&str> = ["StartAt", "States"].into_iter().filter(|name| !fields.has(name)).collect();
        if !missing.is_empty() {
            fields
                .findings
                .schema(format!("These fields are required: [{}]", missing.join(", ")), &fields.location);
            return None;
        }
        if self.depth == MAX_DEPTH {
            let message = format!("States are nested more than {MAX_DEPTH} deep");
            fields.findings.error(Code::TooDeeplyNested, message, &fields.location);
            return None;
        }
        let states = fields.object("States")?;
        if states.map.is_empty() {
            fields.wrong("States", "Expected a non-empty Object");
            return None;
        }
        let scope = ScopeId::try_from(self.names.len()).ok()?;
        let mut names = HashMap::with_capacity(states.map.len());
        for name in states.map.keys() {
            let id = StateId::try_from(self.states.len()).ok()?;
            if name.is_empty() || name.chars().count() > self.limits.name_characters {
                let most = self.limits.name_characters;
                let message = if name.is_empty() {
                    String::from("Invalid State name: a name is not empty")
                } else {
                    format!(
                        "Invalid State name: State '{name}' exceeds the {most}-character limit allowed by the service"
                    )
                };
                self.findings.error(Code::InvalidStateName, message, &states.at(name));
            }
            self.states.push(None);
            names.insert(Arc::from(name.as_str()), id);
        }
        self.names.push(names);
        self.scopes.push(None);
        let start_at = self.target(fields, "StartAt", scope);
        self.depth += 1;
        for (name, value) in states.map {
            let location = member(&states.location, name);
            let compiled = self.state(name, value, &location, scope);
            if let Some(id) = self.names[scope as usize].get(name.as_str()) {
                self.states[*id as usize] = compiled;
            }
        }
        self.depth -= 1;
        let mut states: Vec<StateId> = self.names[scope as usize].values().copied().collect();
        // Ids are given in the order of the definition.
        states.sort_unstable();
        self.scopes[scope as usize] = Some(Scope { comment: fields.comment(), start_at: start_at?, states });
        Some(scope)
    }

    fn state(&mut self, name: &str, value: &Value, location: &str, scope: ScopeId) -> Option<State> {
        let mut fields = Fields::of(value, location.to_owned(), self.findings, self.language)?;
        let own = language(&fields);
        let downgraded = self.language == Language::Jsonata && own == Some(Language::JsonPath);
        if downgraded {
            let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            fields.findings.schema(message, location);
        }
        fields.language = own.unwrap_or(self.language);
        state::parse(name, &fields, self, (scope, downgraded))
    }

    /// The state that field `name` refers to, in `scope`.
    pub(super) fn target(&mut self, fields: &Fields<'_>, name: &str, scope: ScopeId) -> Option<StateId> {
        let wanted = fields.required_text(name)?;
        let mut found = self.names[scope as usize].get(wanted).copied();
        if found.is_none() && self.lone && scope == 0 {
            found = self.stand_in(wanted);
        }
        if found.is_none() {
            // The service says `Next` of `StartAt` and `Default` as well.
            let message = format!("Missing 'Next' target: {wanted}");
            self.findings.error(Code::MissingTransitionTarget, message, &fields.at(name));
        }
        found
    }

    /// A state that a lone state names as a target.
    fn stand_in(&mut self, name: &str) -> Option<StateId> {
        let id = StateId::try_from(self.states.len()).ok()?;
        let name: Arc<str> = Arc::from(name);
        self.names[0].insert(Arc::clone(&name), id);
        self.states.push(Some(State::succeed(name)));
        Some(id)
    }
}
