use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{Digest, ParameterName};

/// The type of a parameter in Parameter Store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ParameterType {
    /// One text.
    String,
    /// Texts joined by commas, without an escape.
    StringList,
    /// One text, encrypted at rest.
    SecureString,
}

impl ParameterType {
    /// The name that the service uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// What a value was in the document, so that it comes back as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A text, stored as it is.
    String,
    /// A number, stored as its JSON text.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of texts that a `StringList` carries plainly.
    StringList,
    /// Anything that neither a String nor a `StringList` carries plainly, stored as JSON text.
    Json,
    /// `null`: no parameter.
    Null,
    /// `""`: no parameter.
    EmptyString,
    /// `[]`: no parameter.
    EmptyList,
    /// `{}`: no parameter. In a list of ranges: a range that has only its name.
    EmptyObject,
    /// A secret as a document has it: the value is its source, such as `env:TOKEN`. It is never recorded.
    SecretSource,
    /// A secret as a release records it: the value is the parameter's name and version, `/ml-project/token:3`.
    Secret,
}

impl Kind {
    /// The type of the parameter that carries a value of this kind; `None` when there is no parameter.
    pub fn parameter_type(self) -> Option<ParameterType> {
        match self {
            Self::String | Self::Number | Self::Boolean | Self::Json => Some(ParameterType::String),
            Self::StringList => Some(ParameterType::StringList),
            Self::SecretSource | Self::Secret => Some(ParameterType::SecureString),
            Self::Null | Self::EmptyString | Self::EmptyList | Self::EmptyObject => None,
        }
    }
}

/// A leaf of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The levels of its name below the project's path.
    pub levels: Vec<String>,
    /// What it was in the document.
    pub kind: Kind,
    /// The parameter's value; empty for a kind without a parameter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// The leaves of a release, in the order of the documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Every leaf, those without a parameter as well.
    pub entries: Vec<Entry>,
}

impl Entry {
    /// The levels joined by slashes: the name below the project's path, for people.
    pub fn key(&self) -> String {
        self.levels.join("/")
    }

    /// The name and version of a recorded secret; `None` for an entry of another kind.
    pub fn secret_version(&self) -> Option<(ParameterName, u64)> {
        if self.kind != Kind::Secret {
            return None;
        }
        let (name, version) = self.value.rsplit_once(':')?;
        Some((name.parse().ok()?, version.parse().ok()?))
    }

    /// Whether the parameter's value `text` says the same. `True` and `False`, which a Python application writes, are what
    /// `true` and `false` are: a tree that is taken over need not be written again for them.
    pub fn is_said_by(&self, text: &str) -> bool {
        self.value == text || (self.kind == Kind::Boolean && self.value.eq_ignore_ascii_case(text))
    }

    /// The entry that records version `version` of the secret `name`.
    pub fn secret(levels: Vec<String>, name: &ParameterName, version: u64) -> Self {
        Self { levels, kind: Kind::Secret, value: format!("{name}:{version}") }
    }
}

impl Content {
    /// The leaves that are parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&Entry, ParameterType)> {
        self.entries.iter().filter_map(|entry| Some((entry, entry.kind.parameter_type()?)))
    }

    /// The digest of all leaves, their kinds and their order.
    pub fn digest(&self) -> Digest {
        // Levels have no control characters, and a length stands before the value: no two contents share a text.
        let mut text = String::with_capacity(self.entries.len() * 48);
        for entry in &self.entries {
            for level in &entry.levels {
                text.push_str(level);
                text.push('/');
            }
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n{:?} {}", entry.kind, entry.value.len());
            text.push_str(&entry.value);
            text.push('\n');
        }
        Digest::of(text)
    }
}
