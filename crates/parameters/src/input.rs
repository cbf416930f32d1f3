use crate::json::{Member, Node, Value};
use crate::rules::RESERVED;
use crate::{Digest, Manifest, ManifestEvent, Stamp};

/// The most bytes that an execution's input may have (`StartExecution`, member `input`).
pub const MAX_INPUT_BYTES: usize = 262_144;

/// Where an execution's input came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The release whose parameters were read; `None` for a tree without a record.
    pub release: Option<u64>,
    /// The parameters that were edited in place since, by name.
    pub edited: Vec<String>,
    /// The event that named the manifest.
    pub event: ManifestEvent,
    /// The manifest's digest.
    pub manifest_digest: Digest,
    /// Name and version of the tool.
    pub tool: String,
}

/// Why an execution input cannot be composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The parameters are no object.
    #[error("the parameters are not an object")]
    Shape,
    /// A parameter has a name that the launch adds.
    #[error("the parameter \"{0}\" has a name that is reserved at the top of the execution input")]
    Reserved(String),
    /// More than Step Functions takes.
    #[error("the execution input has {0} bytes; at most {MAX_INPUT_BYTES} are allowed")]
    TooLarge(usize),
}

/// How many names of edited parameters the provenance lists.
const MAX_EDITED_NAMES: usize = 20;

/// Composes the input of an execution from the parameters and the manifest, as compact JSON.
///
/// `channels` is the manifest's; `-` and the stamp are appended to `tuningJobName` and `model.name`; all other values keep
/// their kinds and the text of their numbers; `provenance` is added.
///
/// # Errors
/// [`InputError`].
pub fn execution_input(
    parameters: &Node,
    manifest: &Manifest,
    stamp: &Stamp,
    provenance: &Provenance,
) -> Result<String, InputError> {
    let mut root = parameters.value.clone();
    if let Some(name) = root.get_mut("tuningJobName") {
        append(name, stamp);
    }
    if let Some(name) = root.get_mut("model").and_then(|model| model.value.get_mut("name")) {
        append(name, stamp);
    }
    let Value::Object(members) = &mut root else { return Err(InputError::Shape) };
    if let Some(member) = members.iter().find(|member| RESERVED.contains(&member.name.as_str())) {
        return Err(InputError::Reserved(member.name.clone()));
    }
    members.push(Member::new("channels", manifest.channels_node.clone()));
    members.push(Member::new("provenance", provenance.to_value()));
    let text = root.to_string();
    if text.len() > MAX_INPUT_BYTES { Err(InputError::TooLarge(text.len())) } else { Ok(text) }
}

fn append(name: &mut Node, stamp: &Stamp) {
    if let Value::String(name) = &mut name.value {
        name.push('-');
        name.push_str(stamp.as_str());
    }
}

impl Provenance {
    fn to_value(&self) -> Value {
        let text = |text: &str| Value::String(text.to_owned());
        let number = |number: u64| Value::Number(number.to_string());
        let object = |members: Vec<(&str, Value)>| {
            Value::Object(members.into_iter().map(|(name, value)| Member::new(name, value)).collect())
        };
        let names = self.edited.iter().take(MAX_EDITED_NAMES).map(|name| text(name).into()).collect();
        object(vec![
            ("release", self.release.map_or(Value::Null, number)),
            (
                "drift",
                object(vec![("count", number(self.edited.len() as u64)), ("names", Value::Array(names))]),
            ),
            (
                "manifest",
                object(vec![
                    ("bucket", text(&self.event.bucket)),
                    ("key", text(&self.event.key)),
                    ("version", text(&self.event.version)),
                    ("digest", text(self.manifest_digest.as_str())),
                ]),
            ),
            ("tool", text(&self.tool)),
        ])
    }
}
