use std::collections::HashSet;

use super::{NAME, is_range_list};
use crate::json::{Member, Node, Pointer, Span, Value};
use crate::name::check_level;
use crate::secret::secret_source;
use crate::{Content, Diagnostic, Entry, Kind, Severity, StorePath};

/// The most bytes of a value in the standard tier: 4 KB (`PutParameter`, member `Value`).
const STANDARD_BYTES: usize = 4096;
/// The most bytes of a value in the advanced tier: 8 KB (`PutParameter`, member `Value`).
const ADVANCED_BYTES: usize = 8192;

/// Lays the leaves of `document` out as entries, in their order, with names that are valid below `path`.
///
/// # Errors
/// Every reason why a leaf cannot be a parameter: `name/level` (a key that cannot be a level of a name), `name/path`
/// (too deep or too long), `value/size` (more bytes than a parameter holds), `range/shape` (a range that is no object with
/// a `Name`), `range/duplicate`, `document/shape` (the root is no object).
pub fn encode(document: &Node, path: &StorePath) -> Result<Content, Vec<Diagnostic>> {
    let (content, mut findings) = encode_with_warnings(document, path);
    findings.retain(|finding| finding.severity == Severity::Error);
    if findings.is_empty() { Ok(content) } else { Err(findings) }
}

/// The same, with every finding: those of [`encode`] and the warning `value/advanced-tier`. The content is whole when
/// there is no error.
pub(crate) fn encode_with_warnings(document: &Node, path: &StorePath) -> (Content, Vec<Diagnostic>) {
    let mut encoder = Encoder { path, levels: Vec::new(), content: Content::default(), findings: Vec::new() };
    match &document.value {
        Value::Object(members) => encoder.members(members, &Pointer::default()),
        other => encoder.findings.push(
            Diagnostic::error(
                "document/shape",
                document.span,
                format!("the document is {}, not an object", other.type_name()),
            )
            .help("a document is one JSON object"),
        ),
    }
    (encoder.content, encoder.findings)
}

struct Encoder<'a> {
    path: &'a StorePath,
    levels: Vec<String>,
    content: Content,
    findings: Vec<Diagnostic>,
}

impl Encoder<'_> {
    fn members(&mut self, members: &[Member], pointer: &Pointer) {
        for member in members {
            let pointer = pointer.child(&member.name);
            if self.enter(&member.name, member.name_span, &pointer) {
                self.value(&member.node, &pointer);
                self.levels.pop();
            }
        }
    }

    /// Goes one level down, unless `level` cannot be one.
    fn enter(&mut self, level: &str, span: Span, pointer: &Pointer) -> bool {
        if let Err(error) = check_level(level) {
            self.findings.push(
                Diagnostic::error("name/level", span, error.to_string())
                    .at(pointer.clone())
                    .label("cannot be part of a parameter's name")
                    .help("use letters, digits, \"_\", \".\" and \"-\""),
            );
            return false;
        }
        self.levels.push(level.to_owned());
        true
    }

    fn value(&mut self, node: &Node, pointer: &Pointer) {
        let (kind, value) = match &node.value {
            Value::Object(members) if !members.is_empty() && is_range_list(&self.levels) => {
                self.findings.push(
                    Diagnostic::error(
                        "range/shape",
                        node.span,
                        "ranges must be a list of objects with a \"Name\"",
                    )
                    .at(pointer.clone())
                    .label("an object"),
                );
                return;
            }
            Value::Object(members) if !members.is_empty() => match secret_source(&node.value) {
                Some(source) => (Kind::SecretSource, source.to_string()),
                None => return self.members(members, pointer),
            },
            Value::Array(ranges) if !ranges.is_empty() && is_range_list(&self.levels) => {
                return self.ranges(ranges, pointer);
            }
            Value::Object(_) => (Kind::EmptyObject, String::new()),
            Value::Null => (Kind::Null, String::new()),
            Value::Boolean(value) => (Kind::Boolean, value.to_string()),
            Value::Number(text) => (Kind::Number, text.clone()),
            Value::String(text) if text.is_empty() => (Kind::EmptyString, String::new()),
            Value::String(text) if has_reference(text) => (Kind::Json, json_text(&node.value)),
            Value::String(text) => (Kind::String, text.clone()),
            Value::Array(elements) if elements.is_empty() => (Kind::EmptyList, String::new()),
            Value::Array(elements) => match plain_list(elements) {
                Some(text) => (Kind::StringList, text),
                None => (Kind::Json, json_text(&node.value)),
            },
        };
        self.leaf(kind, value, node.span, pointer);
    }

    fn leaf(&mut self, kind: Kind, value: String, span: Span, pointer: &Pointer) {
        if let Err(error) = self.path.name(&self.levels) {
            self.findings.push(
                Diagnostic::error("name/path", span, error.to_string())
                    .at(pointer.clone())
                    .label("its name would not be valid")
                    .help(format!("the levels of the path {} count as well", self.path)),
            );
        }
        self.size(value.len(), span, pointer);
        self.content.entries.push(Entry { levels: self.levels.clone(), kind, value });
    }

    fn size(&mut self, bytes: usize, span: Span, pointer: &Pointer) {
        let finding = if bytes > ADVANCED_BYTES {
            Diagnostic::error(
                "value/size",
                span,
                format!("the value is stored in {bytes} bytes; a parameter holds at most {ADVANCED_BYTES}"),
            )
            .label("too large for a parameter")
            .help("split it, or keep it in an object of its own and give its S3 URI here")
        } else if bytes > STANDARD_BYTES {
            Diagnostic::warning(
                "value/advanced-tier",
                span,
                format!("the value is stored in {bytes} bytes; the standard tier holds {STANDARD_BYTES}"),
            )
            .label("needs the advanced tier")
            .help("an advanced parameter is charged for and cannot become a standard one again; shorten it to avoid that")
        } else {
            return;
        };
        self.findings.push(finding.at(pointer.clone()));
    }

    fn ranges(&mut self, ranges: &[Node], pointer: &Pointer) {
        let mut seen = HashSet::new();
        for (index, range) in ranges.iter().enumerate() {
            let pointer = pointer.child(index);
            let Some((name, name_span, members)) = range_parts(range) else {
                self.findings.push(
                    Diagnostic::error("range/shape", range.span, "a range must be an object with a \"Name\"")
                        .at(pointer)
                        .help("write {\"Name\": \"ntrees\", \"MinValue\": \"10\", \"MaxValue\": \"100\", …}"),
                );
                continue;
            };
            if !seen.insert(name) {
                self.findings.push(
                    Diagnostic::error(
                        "range/duplicate",
                        name_span,
                        format!("two ranges are named \"{name}\""),
                    )
                    .at(pointer.child(NAME))
                    .label("the second one")
                    .help("keep one of the two"),
                );
                continue;
            }
            if self.enter(name, name_span, &pointer.child(NAME)) {
                if members.len() == 1 {
                    self.leaf(Kind::EmptyObject, String::new(), range.span, &pointer);
                }
                for member in members.iter().filter(|member| member.name != NAME) {
                    let pointer = pointer.child(&member.name);
                    if self.enter(&member.name, member.name_span, &pointer) {
                        self.value(&member.node, &pointer);
                        self.levels.pop();
                    }
                }
                self.levels.pop();
            }
        }
    }
}

fn range_parts(range: &Node) -> Option<(&str, Span, &[Member])> {
    let Value::Object(members) = &range.value else { return None };
    let name = range.value.get(NAME)?;
    Some((name.value.as_str()?, name.span, members))
}

/// Parameter Store takes `{{name}}` in a value for a reference to another parameter and refuses it (`PutParameter`,
/// member `Value`).
fn has_reference(text: &str) -> bool {
    text.contains("{{")
}

/// JSON text without `{{`: two braces in a row stand only inside strings, where the second can be escaped.
fn json_text(value: &Value) -> String {
    value.to_string().replace("{{", "{\\u007b")
}

/// The elements joined by commas, when they come back as the same elements.
fn plain_list(elements: &[Node]) -> Option<String> {
    let mut texts = Vec::with_capacity(elements.len());
    for element in elements {
        let text = element.value.as_str()?;
        if text.is_empty() || text.contains(',') || has_reference(text) || text.trim() != text {
            return None;
        }
        texts.push(text);
    }
    Some(texts.join(","))
}
