use super::PARAMETERS;
use crate::json::{Member, Node, Pointer, Value};
use crate::rules::RESERVED;
use crate::{Diagnostic, SECRET};

/// What a manifest may override unless the project says otherwise: hyperparameters and their ranges, and how many instances
/// do the work. A training job runs on one instance, so that the numbers of jobs count instances as well.
const DEFAULT: [&str; 7] = [
    "/staticHyperParameters",
    "/parameterRanges",
    "/model/hosting/initialInstanceCount",
    "/autoscalingMinCapacity",
    "/autoscalingMaxCapacity",
    "/maxNumberOfTrainingJobs",
    "/maxParallelTrainingJobs",
];

/// What manifests may override: a list of JSON pointers into the parameters. Each allows the value that it points at and
/// everything below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridable(Vec<String>);

/// A text that is no JSON pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no JSON pointer: one begins with \"/\", and \"~\" stands only in \"~0\" (a \"~\") and \"~1\" (a \"/\")"
)]
pub struct PointerError(pub String);

impl Default for Overridable {
    fn default() -> Self {
        Self(DEFAULT.map(str::to_owned).to_vec())
    }
}

impl Overridable {
    /// What the pointers point at; the empty one allows everything.
    ///
    /// # Errors
    /// [`PointerError`] for the first that is none.
    pub fn new<P: Into<String>>(pointers: impl IntoIterator<Item = P>) -> Result<Self, PointerError> {
        let pointers: Vec<String> = pointers.into_iter().map(Into::into).collect();
        match pointers.iter().find(|pointer| !is_pointer(pointer)) {
            Some(pointer) => Err(PointerError(pointer.clone())),
            None => Ok(Self(pointers)),
        }
    }

    /// The pointers, in their order.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether what `pointer` points at may be overridden.
    pub fn allows(&self, pointer: &Pointer) -> bool {
        self.pointers().any(|allowed| is_at_or_below(pointer.as_str(), allowed))
    }

    /// Whether something below `pointer` may be overridden.
    fn leads_on(&self, pointer: &Pointer) -> bool {
        self.pointers().any(|allowed| is_at_or_below(allowed, pointer.as_str()))
    }
}

fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    escapes && (text.is_empty() || text.starts_with('/'))
}

/// Pointers have one way of being written, so that their texts can be compared.
fn is_at_or_below(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks what a manifest overrides: every value must be allowed, and none may be a secret.
pub(super) fn check(node: &Node, allowed: &Overridable, findings: &mut Vec<Diagnostic>) {
    let place = Pointer::default().child(PARAMETERS);
    let Value::Object(members) = &node.value else {
        findings.push(
            Diagnostic::error(
                "manifest/parameters",
                node.span,
                format!("\"parameters\" is {}, not an object", node.value.type_name()),
            )
            .at(place)
            .help("write it as in the documents, such as {\"staticHyperParameters\": {\"seed\": \"7\"}}"),
        );
        return;
    };
    let mut walk = Walk { allowed, findings };
    for member in members {
        let place = place.child(&member.name);
        if RESERVED.contains(&member.name.as_str()) {
            walk.findings.push(reserved(member, place));
        } else {
            walk.member(member, &Pointer::default().child(&member.name), &place);
        }
    }
}

fn reserved(member: &Member, place: Pointer) -> Diagnostic {
    let message = format!("\"{}\" is added to the execution input by the launch", member.name);
    Diagnostic::error("document/reserved-name", member.name_span, message)
        .at(place)
        .label("reserved at the top of the parameters")
        .help("\"channels\" and \"release\" stand beside \"parameters\"; \"provenance\" is the launch's own")
}

struct Walk<'a> {
    allowed: &'a Overridable,
    findings: &'a mut Vec<Diagnostic>,
}

impl Walk<'_> {
    /// Checks a member that stands at `pointer` of the parameters and at `place` of the manifest.
    fn member(&mut self, member: &Member, pointer: &Pointer, place: &Pointer) {
        if self.allowed.allows(pointer) {
            return self.secrets(&member.node, place);
        }
        match &member.node.value {
            Value::Object(members) if !members.is_empty() && self.allowed.leads_on(pointer) => {
                for member in members {
                    self.member(member, &pointer.child(&member.name), &place.child(&member.name));
                }
            }
            _ => self.findings.push(
                Diagnostic::error(
                    "manifest/override-not-allowed",
                    member.name_span,
                    format!("a manifest may not override {pointer}"),
                )
                .at(place.clone())
                .label("not in the list of what may be overridden")
                .help(self.help()),
            ),
        }
    }

    fn help(&self) -> String {
        let list: Vec<_> = self.allowed.pointers().collect();
        if list.is_empty() {
            return "this project allows no overrides: change the documents".to_owned();
        }
        format!("allowed are {} and what lies below; change the documents, or the list", list.join(", "))
    }

    fn secrets(&mut self, node: &Node, place: &Pointer) {
        match &node.value {
            Value::Object(members) => {
                for member in members {
                    if member.name == SECRET {
                        self.findings.push(
                            Diagnostic::error(
                                "manifest/override-secret",
                                member.name_span,
                                "a manifest cannot give a secret",
                            )
                            .at(place.clone())
                            .label("a secret")
                            .help("put the secret into a document: it is stored when that is applied"),
                        );
                    } else {
                        self.secrets(&member.node, &place.child(&member.name));
                    }
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.secrets(element, &place.child(index));
                }
            }
            _ => {}
        }
    }
}
