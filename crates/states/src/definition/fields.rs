//! Reading the fields of an object of the definition, and noting what is wrong with them.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Language, NumberField, Source, TextField};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::intrinsic::Call;
use crate::jsonata::{Expression, Place};
use crate::jsonpath::Path;
use crate::template::Template;

/// Collects findings; shared by everything that reads one definition.
#[derive(Debug, Default)]
pub(super) struct Findings(RefCell<Vec<Diagnostic>>);

impl Findings {
    pub(super) fn error(&self, code: Code, message: impl Into<String>, location: &str) {
        self.add(Severity::Error, code, message.into(), location);
    }

    pub(super) fn schema(&self, message: impl Into<String>, location: &str) {
        self.error(Code::SchemaValidationFailed, message, location);
    }

    pub(super) fn warning(&self, code: Code, message: impl Into<String>, location: &str) {
        self.add(Severity::Warning, code, message.into(), location);
    }

    /// An error about the whole machine, which has no place.
    pub(super) fn whole(&self, code: Code, message: impl Into<String>) {
        let (message, pointer) = (message.into(), String::new());
        let diagnostic =
            Diagnostic { severity: Severity::Error, code, message, location: None, pointer, span: None };
        self.0.borrow_mut().push(diagnostic);
    }

    /// A text that cannot be read, at this byte of it.
    pub(super) fn unreadable(&self, message: String, at: usize) {
        self.whole(Code::InvalidJsonDescription, message);
        if let Some(diagnostic) = self.0.borrow_mut().last_mut() {
            diagnostic.span = Some(at..at);
        }
    }

    /// The findings, with places as the service writes them in `definition`.
    pub(super) fn take(&self, definition: &Value) -> Vec<Diagnostic> {
        let mut found = self.0.take();
        for diagnostic in &mut found {
            if diagnostic.location.is_some() {
                diagnostic.location = Some(location(definition, &diagnostic.pointer));
            }
        }
        found
    }

    fn add(&self, severity: Severity, code: Code, message: String, location: &str) {
        let pointer = location.to_owned();
        let location = Some(String::new());
        self.0.borrow_mut().push(Diagnostic { severity, code, message, location, pointer, span: None });
    }
}

fn looks_dynamic(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text == "$" || ["$.", "$[", "$$.", "States."].iter().any(|start| text.starts_with(start))
    })
}

/// An identifier of Unicode's of at most 80 characters, and not the name of what the language defines.
fn is_variable_name(name: &str) -> bool {
    const MAX_CHARACTERS: usize = 80;
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|next| next.is_alphanumeric() || next == '_')
        && name.chars().count() <= MAX_CHARACTERS
        && name != "states"
}

/// A pointer as the service writes it: elements of arrays in brackets, names without escapes.
fn location(definition: &Value, pointer: &str) -> String {
    if pointer.is_empty() {
        return String::from("/");
    }
    let mut written = String::with_capacity(pointer.len() + 2);
    let mut current = Some(definition);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let place = if current.is_some_and(Value::is_array) { step.parse::<usize>().ok() } else { None };
        if let Some(index) = place {
            written.extend(["[", index.to_string().as_str(), "]"]);
            current = current.and_then(|value| value.get(index));
        } else {
            written.push('/');
            written.push_str(&step);
            current = current.and_then(|value| value.get(step.as_str()));
        }
    }
    written
}

/// One object of the definition, with its place.
pub(super) struct Fields<'d> {
    pub(super) map: &'d Map<String, Value>,
    pub(super) location: String,
    pub(super) findings: &'d Findings,
    pub(super) language: Language,
    /// Entries of `Catch` may read the error output.
    pub(super) place: Place,
}

/// The pointer of a member.
pub(super) fn member(location: &str, name: &str) -> String {
    format!("{location}/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl<'d> Fields<'d> {
    /// The object at `location`, or a finding that it is none.
    pub(super) fn of(
        value: &'d Value,
        location: String,
        findings: &'d Findings,
        language: Language,
    ) -> Option<Self> {
        if let Value::Object(map) = value {
            Some(Self { map, location, findings, language, place: Place::State })
        } else {
            findings.schema("Expected value of type [OBJECT]", &location);
            None
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'d Value> {
        self.map.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    pub(super) fn at(&self, name: &str) -> String {
        member(&self.location, name)
    }

    /// A finding about field `name`.
    pub(super) fn wrong(&self, name: &str, message: impl Into<String>) {
        self.findings.schema(message, &self.at(name));
    }

    /// The inner object `name`, if it is there.
    pub(super) fn object(&self, name: &str) -> Option<Fields<'d>> {
        Fields::of(self.get(name)?, self.at(name), self.findings, self.language)
    }

    /// The elements of the array `name`, each an object.
    pub(super) fn objects(&self, name: &str) -> Vec<Fields<'d>> {
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    Fields::of(item, format!("{}/{index}", self.at(name)), self.findings, self.language)
                })
                .collect(),
            Some(_) => {
                self.wrong(name, "Expected value of type [ARRAY]");
                Vec::new()
            }
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&'d str> {
        if let Value::String(text) = self.get(name)? {
            Some(text)
        } else {
            self.wrong(name, "Expected value of type [STRING]");
            None
        }
    }

    /// The `Comment`, which nothing depends on.
    pub(super) fn comment(&self) -> Option<Arc<str>> {
        self.get("Comment").and_then(Value::as_str).map(Arc::from)
    }

    pub(super) fn required_text(&self, name: &str) -> Option<&'d str> {
        if !self.has(name) {
            self.findings.schema(format!("The field '{name}' is required but was missing"), &self.location);
        }
        self.text(name)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        if let Value::Bool(flag) = self.get(name)? {
            Some(*flag)
        } else {
            self.wrong(name, "Expected value of type [BOOLEAN]");
            None
        }
    }

    /// A number within `[least, most]`, whole if `whole`.
    pub(super) fn number(&self, name: &str, least: f64, most: f64, whole: bool) -> Option<f64> {
        self.check_number(name, self.get(name)?, least, most, whole)
    }

    fn check_number(&self, name: &str, value: &Value, least: f64, most: f64, whole: bool) -> Option<f64> {
        let number = match value {
            Value::Number(number) => number.as_f64().filter(|number| !whole || number.fract() == 0.0),
            _ => None,
        };
        match number {
            None => {
                let kind = if whole { "INTEGER" } else { "NUMBER" };
                self.wrong(name, format!("Expected value of type [{kind}]"));
                None
            }
            Some(number) if number < least => {
                self.wrong(name, format!("Minimum value is {least}"));
                None
            }
            Some(number) if number > most => {
                self.wrong(name, format!("Maximum value is {most}"));
                None
            }
            number => number,
        }
    }

    pub(super) fn path(&self, name: &str) -> Option<Path> {
        let text = self.text(name)?;
        match Path::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.wrong(name, format!("Value is not a valid JSONPath: {error}"));
                None
            }
        }
    }

    /// The expression in `{% %}` that the field's text is, if it is one.
    pub(super) fn expression(&self, name: &str, text: &str) -> Option<Expression> {
        match Expression::compile(text) {
            Ok(expression) => {
                if let Some(expression) = &expression {
                    for message in expression.unsupported(self.place) {
                        self.findings.error(Code::UnsupportedJsonataExpression, message, &self.at(name));
                    }
                }
                expression
            }
            Err(message) => {
                self.findings.error(Code::InvalidJsonataExpression, message, &self.at(name));
                None
            }
        }
    }

    /// The field's text where it is one of `values`.
    pub(super) fn one_of(&self, name: &str, values: &[&str]) -> Option<&'d str> {
        let text = self.text(name)?;
        if values.contains(&text) {
            return Some(text);
        }
        self.wrong(name, format!("Value should be one of the following: [{}]", values.join(", ")));
        None
    }

    /// A number, or an expression (JSONata), or the path in `path_name` (JSONPath).
    pub(super) fn number_field(
        &self,
        name: &'static str,
        path_name: &'static str,
        (least, most, whole): (f64, f64, bool),
    ) -> Option<NumberField> {
        if self.language == Language::JsonPath && self.has(path_name) {
            if self.has(name) {
                self.findings.schema(
                    format!("Only one of these fields is allowed: [{name}, {path_name}]"),
                    &self.location,
                );
            }
            return Some(NumberField { name: path_name, source: Source::Path(self.path(path_name)?) });
        }
        let source = match self.get(name)? {
            Value::String(text) if self.language == Language::Jsonata && Expression::is_delimited(text) => {
                Source::Expression(Box::new(self.expression(name, text)?))
            }
            value => Source::Literal(self.check_number(name, value, least, most, whole)?),
        };
        Some(NumberField { name, source })
    }

    /// Text, or an expression (JSONata), or the path or intrinsic function in `path_name` (JSONPath).
    pub(super) fn text_field(&self, name: &'static str, path_name: &'static str) -> Option<TextField> {
        if self.language == Language::JsonPath && self.has(path_name) {
            if self.has(name) {
                self.findings.schema(
                    format!("Only one of these fields is allowed: [{name}, {path_name}]"),
                    &self.location,
                );
            }
            let text = self.text(path_name)?;
            let source = if text.starts_with('$') {
                Source::Path(self.path(path_name)?)
            } else {
                match Call::parse(text) {
                    Ok(call) => Source::Call(call),
                    Err(error) => {
                        self.wrong(
                            path_name,
                            format!("Value is not a valid JSONPath or intrinsic function: {error}"),
                        );
                        return None;
                    }
                }
            };
            return Some(TextField { name: path_name, source });
        }
        let text = self.text(name)?;
        let source = if self.language == Language::Jsonata && Expression::is_delimited(text) {
            Source::Expression(Box::new(self.expression(name, text)?))
        } else {
            Source::Literal(Arc::from(text))
        };
        Some(TextField { name, source })
    }

    /// The payload template `name`, in the state's language.
    pub(super) fn template(&self, name: &str) -> Option<Template> {
        let value = self.get(name)?;
        let findings = self.findings;
        if self.language == Language::JsonPath {
            self.look_for_paths(value, &self.at(name));
        }
        let compiled = match self.language {
            Language::JsonPath => Template::compile_json_path(value, &self.at(name)),
            Language::Jsonata => Template::compile_jsonata(value, &self.at(name), self.place),
        };
        match compiled {
            Ok(template) => Some(template),
            Err(errors) => {
                for error in errors {
                    findings.error(error.code, error.message, &error.location);
                }
                None
            }
        }
    }

    /// `Assign`: <https://states-language.net/spec.html#variables>
    pub(super) fn assignment(&self) -> Option<Template> {
        for key in self.get("Assign").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            let name = match self.language {
                Language::JsonPath => key.strip_suffix(".$").unwrap_or(key),
                Language::Jsonata => key,
            };
            if !is_variable_name(name) {
                let message = format!("'{name}' is not a valid variable name");
                self.findings.schema(message, &member(&self.at("Assign"), key));
            }
        }
        self.template("Assign")
    }

    /// Warnings about values of a payload template that look like paths and are none.
    fn look_for_paths(&self, value: &Value, location: &str) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let location = member(location, key);
                    if !key.ends_with(".$") && looks_dynamic(value) {
                        let message = format!(
                            "The value of '{key}' looks like a JSONPath or an intrinsic function call; use '{key}.$' to have it evaluated"
                        );
                        self.findings.warning(Code::NoDollar, message, &location);
                    }
                    self.look_for_paths(value, &location);
                }
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, item)| self.look_for_paths(item, &format!("{location}/{index}"))),
            _ => {}
        }
    }

    /// A warning where a Pass state's `Result`, which is never evaluated, has something that looks like a path.
    pub(super) fn warn_of_static_result(&self) {
        let Some(result) = self.get("Result") else { return };
        let dynamic = match result {
            Value::Object(map) => map.iter().any(|(key, value)| key.ends_with(".$") || looks_dynamic(value)),
            other => looks_dynamic(other),
        };
        if dynamic {
            let message = "'Result' is passed on as it is; use 'Parameters' to have paths evaluated";
            self.findings.warning(Code::PassResultIsStatic, message, &self.at("Result"));
        }
    }

    /// A finding for each field that is not in one of `known`; the service tells them at the object.
    pub(super) fn only(&self, known: &[&[&str]]) {
        for name in self.map.keys() {
            if !known.iter().any(|names| names.contains(&name.as_str())) {
                self.findings.schema(format!("Field '{name}' is not supported"), &self.location);
            }
        }
    }
}
