mod provenance;

pub use provenance::Provenance;

use std::fmt::Write as _;

use crate::json::{Member, Node, Value, write_string};
use crate::rules::RESERVED;
use crate::{Manifest, Stamp};

/// The most bytes that an execution's input may have (`StartExecution`, member `input`).
pub const MAX_INPUT_BYTES: usize = 262_144;

/// How many members the error names when an input is too large.
const MAX_NAMED: usize = 3;

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
    #[error(
        "the execution input has {bytes} bytes; at most {MAX_INPUT_BYTES} are allowed; its largest members are {}",
        named(.largest)
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The largest members at its top, each with the length of its name and value in the text; the largest first.
        largest: Vec<(String, usize)>,
    },
}

fn named(members: &[(String, usize)]) -> String {
    let members = members.iter().map(|(name, bytes)| format!("\"{name}\" ({bytes} bytes)"));
    members.collect::<Vec<_>>().join(", ")
}

/// Composes the input of an execution from the parameters and the manifest, as compact JSON in UTF-8.
///
/// `channels` is the manifest's; `-` and the stamp are appended to `tuningJobName` and `model.name`; all other values keep
/// their kinds and the text of their numbers; `provenance` is added. What the manifest overrides is laid over `parameters`
/// already ([`Effective`](crate::Effective)).
///
/// # Errors
/// [`InputError`].
pub fn execution_input(
    parameters: &Node,
    manifest: &Manifest,
    stamp: &Stamp,
    provenance: &Provenance,
) -> Result<String, InputError> {
    let Value::Object(members) = &parameters.value else { return Err(InputError::Shape) };
    if let Some(member) = members.iter().find(|member| RESERVED.contains(&member.name.as_str())) {
        return Err(InputError::Reserved(member.name.clone()));
    }
    let mut members = members.clone();
    for member in &mut members {
        match member.name.as_str() {
            "tuningJobName" => append(&mut member.node, stamp),
            "model" => {
                if let Some(name) = member.node.value.get_mut("name") {
                    append(name, stamp);
                }
            }
            _ => {}
        }
    }
    members.push(Member::new("channels", manifest.channels_node.clone()));
    members.push(Member::new("provenance", provenance.to_value(stamp)));
    write(&members)
}

fn append(name: &mut Node, stamp: &Stamp) {
    if let Value::String(name) = &mut name.value {
        name.push('-');
        name.push_str(stamp.as_str());
    }
}

/// The object with those members, unless it is too large.
fn write(members: &[Member]) -> Result<String, InputError> {
    let mut text = String::from("{");
    let mut lengths = Vec::with_capacity(members.len());
    for member in members {
        if text.len() > 1 {
            text.push(',');
        }
        let before = text.len();
        // Writing to a string cannot fail.
        let _ = write_string(&mut text, &member.name);
        let _ = write!(text, ":{}", member.node);
        lengths.push((member.name.as_str(), text.len() - before));
    }
    text.push('}');
    if text.len() <= MAX_INPUT_BYTES {
        return Ok(text);
    }
    lengths.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    let largest = lengths.iter().take(MAX_NAMED).map(|(name, length)| ((*name).to_owned(), *length));
    Err(InputError::TooLarge { bytes: text.len(), largest: largest.collect() })
}

#[cfg(test)]
mod tests;
