use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::json::Node;
use crate::live::LiveTree;
use crate::rules::kind_of;
use crate::{Content, DecodeError, Entry, Kind, LiveParameter, NameError, ParameterType, StorePath, decode};

/// What a reader does with parameters that somebody edited in place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftPolicy {
    /// An edit wins, typed by the record.
    #[default]
    Use,
    /// The record alone is read.
    Ignore,
    /// An edit is an error.
    Fail,
}

impl DriftPolicy {
    /// Its name, as options and provenance spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Ignore => "ignore",
            Self::Fail => "fail",
        }
    }

    /// The policy of the name, if it is one.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Use, Self::Ignore, Self::Fail].into_iter().find(|policy| policy.as_str() == name)
    }
}

/// A parameter that is not as the release in force recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its name below the project's path.
    pub name: String,
    /// What is live: its type and value, or for a secret its version; `None` when it was removed.
    pub live: Option<(ParameterType, String)>,
    /// Whether the release recorded it.
    pub recorded: bool,
}

/// The parameters of a project as a reader sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// Their leaves, with the edits.
    pub content: Content,
    /// What was edited, added or removed in place since the release.
    pub drift: Vec<Drift>,
}

impl Resolution {
    /// The leaves as one document.
    ///
    /// # Errors
    /// [`DecodeError`] when they contradict each other or an edit is not of its kind.
    pub fn document(&self) -> Result<Node, DecodeError> {
        decode(&self.content)
    }
}

/// Reads live parameters leaf by leaf, with the kinds of `committed`, the release in force.
///
/// `others` are the releases of which leaves may lie in the store without being in force: claims that are not committed,
/// and earlier releases whose leaves may not all have been deleted. A live value that equals theirs is the work of an apply
/// and counts as the committed one; any other is somebody's edit, and wins. Without any release the tree is read with types
/// from the rules, and else as texts.
///
/// # Errors
/// [`NameError`] when a recorded leaf has no name below `path`.
pub fn resolve(
    path: &StorePath,
    committed: Option<&Content>,
    others: &[Content],
    live: &[LiveParameter],
) -> Result<Resolution, NameError> {
    let mut tree = LiveTree::new(path, live);
    let others = Others::new(path, others)?;
    let mut content = Content::default();
    let mut drift = Vec::new();
    for entry in committed.map_or(&[][..], |committed| &committed.entries) {
        let name = path.name(&entry.levels)?;
        let now = tree.remove(name.as_str());
        let recorded = entry.kind.parameter_type();
        let as_recorded = match (recorded, now) {
            (None, None) => true,
            (Some(_), Some(now)) if holds(entry, now) => true,
            (_, Some(now)) => others.hold(name.as_str(), now),
            // A replacement deletes the parameter before it creates it with another type.
            (Some(recorded), None) => others.replace(name.as_str(), recorded),
        };
        if as_recorded {
            content.entries.push(entry.clone());
            continue;
        }
        drift.push(Drift { name: entry.key(), live: now.map(shown), recorded: recorded.is_some() });
        if let Some(now) = now {
            content.entries.push(edited(entry, now));
        }
    }
    for now in tree.into_rest() {
        if others.hold(now.name.as_str(), now) {
            continue;
        }
        let levels: Vec<String> = path
            .levels(&now.name)
            .map(|levels| levels.into_iter().map(str::to_owned).collect())
            .unwrap_or_default();
        if committed.is_some() {
            drift.push(Drift { name: levels.join("/"), live: Some(shown(now)), recorded: false });
        }
        content.entries.push(without_record(levels, now));
    }
    Ok(Resolution { content, drift })
}

/// Whether the live parameter is what the entry of a record says.
pub(crate) fn holds(entry: &Entry, now: &LiveParameter) -> bool {
    entry.kind.parameter_type() == Some(now.parameter_type)
        && match entry.secret_version() {
            Some((_, version)) => version == now.version,
            None => entry.value == now.value,
        }
}

/// Releases of which leaves may lie in the store without being in force.
pub(crate) struct Others<'a>(HashMap<String, Vec<&'a Entry>>);

impl<'a> Others<'a> {
    pub(crate) fn new(path: &StorePath, others: &'a [Content]) -> Result<Self, NameError> {
        let mut by_name: HashMap<String, Vec<&Entry>> = HashMap::new();
        for (entry, _) in others.iter().flat_map(Content::parameters) {
            by_name.entry(path.name(&entry.levels)?.into()).or_default().push(entry);
        }
        Ok(Self(by_name))
    }

    /// Whether one of them put the parameter there as it is.
    pub(crate) fn hold(&self, name: &str, now: &LiveParameter) -> bool {
        self.0.get(name).is_some_and(|entries| entries.iter().any(|entry| holds(entry, now)))
    }

    /// Whether one of them has the parameter with another type than `recorded`.
    pub(crate) fn replace(&self, name: &str, recorded: ParameterType) -> bool {
        let other = |entry: &&Entry| entry.kind.parameter_type() != Some(recorded);
        self.0.get(name).is_some_and(|entries| entries.iter().any(other))
    }

    /// The names of all their parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn have(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// What to show of a live parameter: a secret's version stands for its value.
fn shown(now: &LiveParameter) -> (ParameterType, String) {
    let value = match now.parameter_type {
        ParameterType::SecureString => now.version.to_string(),
        ParameterType::String | ParameterType::StringList => now.value.clone(),
    };
    (now.parameter_type, value)
}

/// An edit of a leaf that is recorded, typed by the record where the parameter's type still fits.
fn edited(entry: &Entry, now: &LiveParameter) -> Entry {
    match entry.kind {
        Kind::Secret if now.parameter_type == ParameterType::SecureString => {
            Entry::secret(entry.levels.clone(), &now.name, now.version)
        }
        kind if kind.parameter_type() == Some(now.parameter_type) => {
            Entry { levels: entry.levels.clone(), kind, value: now.value.clone() }
        }
        _ => without_record(entry.levels.clone(), now),
    }
}

fn without_record(levels: Vec<String>, now: &LiveParameter) -> Entry {
    match now.parameter_type {
        ParameterType::SecureString => Entry::secret(levels, &now.name, now.version),
        ParameterType::StringList => Entry { levels, kind: Kind::StringList, value: now.value.clone() },
        ParameterType::String => {
            let (kind, value) = kind_of(&levels, &now.value);
            Entry { levels, kind, value }
        }
    }
}

#[cfg(test)]
mod tests;
