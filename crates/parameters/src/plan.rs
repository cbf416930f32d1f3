use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::live::LiveTree;
use crate::resolve::{Others, holds};
use crate::{
    Content, Entry, Fingerprint, Kind, LiveParameter, NameError, ParameterName, ParameterType, StorePath,
};

/// What becomes of one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Create,
    /// It has another value.
    Update,
    /// It has another type, which Parameter Store cannot change: delete, then create.
    Replace,
    /// The documents no longer have it.
    Delete,
    /// The live value is the wanted one.
    Unchanged,
    /// It was edited in place, and is to stay so.
    Keep,
}

/// A value as a plan shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownValue {
    /// The value itself.
    Plain(String),
    /// What is shown of a secret; `None` when it was not read.
    Secret(Option<Fingerprint>),
}

/// A parameter before or after an apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterState {
    /// Its type.
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    /// Its value.
    pub value: ShownValue,
}

/// A parameter and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedParameter {
    /// Its name.
    pub name: ParameterName,
    /// What becomes of it.
    pub change: Change,
    /// What is live; `None` when there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<ParameterState>,
    /// The version that is live; 0 when there is nothing. A saved plan holds only while this is so.
    #[serde(default)]
    pub live_version: u64,
    /// What is wanted; `None` for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<ParameterState>,
    /// Whether the live value is not what the last release recorded: somebody edited it in place.
    #[serde(default)]
    pub drifted: bool,
    /// Whether no release recorded the live parameter: it belongs to somebody else until it is adopted.
    #[serde(default)]
    pub foreign: bool,
}

/// What a secret is and what is live of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretState {
    /// The fingerprint of the value that its source gives.
    pub wanted: Fingerprint,
    /// The fingerprint of the live value; `None` when there is none.
    pub live: Option<Fingerprint>,
}

/// What a plan compares.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The project's path.
    pub path: &'a StorePath,
    /// What the release in force recorded (base).
    pub base: Option<&'a Content>,
    /// Releases of which leaves may lie in the store without being in force: see [`resolve`](crate::resolve).
    pub others: &'a [Content],
    /// What the documents say (ours).
    pub wanted: &'a Content,
    /// What is live (theirs).
    pub live: &'a [LiveParameter],
    /// Every secret among the wanted leaves.
    pub secrets: &'a HashMap<ParameterName, SecretState>,
    /// Whether an edit in place stays where the documents have not changed.
    pub keep_drift: bool,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A leaf has no name below the path.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A secret is not among [`PlanInput::secrets`].
    #[error("the secret \"{0}\" was not read")]
    Secret(ParameterName),
}

/// What an apply will do: the comparison of the last release's record (base), the documents (ours) and the live tree
/// (theirs).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Every parameter of ours, in the order of the documents, then the deletes.
    pub parameters: Vec<PlannedParameter>,
    /// What the release will record: the wanted leaves, secrets as the versions that they will have.
    pub content: Content,
    /// Whether the record itself changes: another leaf, kind or order.
    pub content_changed: bool,
}

impl Plan {
    /// Compares the three. Live parameters that neither a release nor the documents name belong to somebody else and are
    /// not touched.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn compute(input: &PlanInput<'_>) -> Result<Self, PlanError> {
        let &PlanInput { path, base, wanted, live, keep_drift, .. } = input;
        let tree = LiveTree::new(path, live);
        let others = Others::new(path, input.others)?;
        let mut recorded: HashMap<ParameterName, &Entry> = HashMap::new();
        for (entry, _) in base.iter().flat_map(|base| base.parameters()) {
            recorded.insert(path.name(&entry.levels)?, entry);
        }
        let mut parameters = Vec::with_capacity(wanted.entries.len());
        let mut content = Content { entries: Vec::with_capacity(wanted.entries.len()) };
        for entry in &wanted.entries {
            let Some(parameter_type) = entry.kind.parameter_type() else {
                content.entries.push(entry.clone());
                continue;
            };
            let name = path.name(&entry.levels)?;
            let before = recorded.remove(&name);
            let now = tree.get(name.as_str());
            let secret = match parameter_type {
                ParameterType::SecureString => {
                    Some(input.secrets.get(&name).ok_or_else(|| PlanError::Secret(name.clone()))?)
                }
                ParameterType::String | ParameterType::StringList => None,
            };
            let drifted = before.is_some_and(|before| is_drift(before, now, &name, &others));
            let same = |before: &Entry| match secret {
                Some(secret) => before.kind == Kind::Secret && secret.live.as_ref() == Some(&secret.wanted),
                None => before.kind.parameter_type() == Some(parameter_type) && before.value == entry.value,
            };
            let change = match now {
                _ if keep_drift && drifted && before.is_some_and(same) => Change::Keep,
                None => Change::Create,
                Some(now) if now.parameter_type != parameter_type => Change::Replace,
                Some(now) => {
                    let equal = match secret {
                        Some(secret) => secret.live.as_ref() == Some(&secret.wanted),
                        None => entry.is_said_by(&now.value),
                    };
                    if equal { Change::Unchanged } else { Change::Update }
                }
            };
            content.entries.push(match (secret, change, before) {
                (None, ..) => entry.clone(),
                (Some(_), Change::Keep, Some(before)) => before.clone(),
                (Some(_), change, _) => {
                    Entry::secret(entry.levels.clone(), &name, version_after(change, now))
                }
            });
            let value = match secret {
                Some(secret) => ShownValue::Secret(Some(secret.wanted.clone())),
                None => ShownValue::Plain(entry.value.clone()),
            };
            let foreign = now.is_some() && before.is_none() && !others.have(name.as_str());
            parameters.push(PlannedParameter {
                change,
                live: now.map(|now| state_of(now, secret.and_then(|secret| secret.live.as_ref()))),
                live_version: now.map_or(0, |now| now.version),
                wanted: Some(ParameterState { parameter_type, value }),
                drifted,
                foreign,
                name,
            });
        }
        parameters.extend(deletes(&recorded, &others, &tree, path, wanted)?);
        let content_changed = base != Some(&content);
        Ok(Self { parameters, content, content_changed })
    }

    /// The parameters that an apply would touch.
    pub fn changes(&self) -> impl Iterator<Item = &PlannedParameter> {
        self.parameters
            .iter()
            .filter(|parameter| !matches!(parameter.change, Change::Unchanged | Change::Keep))
    }

    /// How many parameters have that change.
    pub fn count(&self, change: Change) -> usize {
        self.parameters.iter().filter(|parameter| parameter.change == change).count()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.content_changed && self.changes().next().is_none()
    }
}

/// Whether the live parameter is neither what was recorded nor what an apply left.
fn is_drift(before: &Entry, now: Option<&LiveParameter>, name: &ParameterName, others: &Others<'_>) -> bool {
    match (before.kind.parameter_type(), now) {
        (_, Some(now)) => !holds(before, now) && !others.hold(name.as_str(), now),
        (Some(recorded), None) => !others.replace(name.as_str(), recorded),
        (None, None) => false,
    }
}

/// The version that a parameter has after a change: Parameter Store counts from 1, and anew after a delete.
fn version_after(change: Change, now: Option<&LiveParameter>) -> u64 {
    match (change, now) {
        (Change::Update, Some(now)) => now.version + 1,
        (Change::Unchanged, Some(now)) => now.version,
        _ => 1,
    }
}

/// The live parameters of earlier releases that the documents no longer have.
fn deletes(
    recorded: &HashMap<ParameterName, &Entry>,
    others: &Others<'_>,
    tree: &LiveTree<'_>,
    path: &StorePath,
    wanted: &Content,
) -> Result<Vec<PlannedParameter>, NameError> {
    let mut gone: HashMap<&str, (&LiveParameter, bool)> = HashMap::new();
    for (name, before) in recorded {
        if let Some(now) = tree.get(name.as_str()) {
            gone.insert(now.name.as_str(), (now, is_drift(before, Some(now), name, others)));
        }
    }
    let mut left = Vec::new();
    for name in others.names() {
        if let Some(now) = tree.get(name).filter(|now| others.hold(name, now)) {
            left.push(now);
        }
    }
    if !left.is_empty() {
        let mut kept = std::collections::HashSet::new();
        for (entry, _) in wanted.parameters() {
            kept.insert(path.name(&entry.levels)?);
        }
        for now in left.into_iter().filter(|now| !kept.contains(&now.name)) {
            gone.entry(now.name.as_str()).or_insert((now, false));
        }
    }
    let mut deletes: Vec<_> = gone
        .into_values()
        .map(|(now, drifted)| PlannedParameter {
            name: now.name.clone(),
            change: Change::Delete,
            live: Some(state_of(now, None)),
            live_version: now.version,
            wanted: None,
            drifted,
            foreign: false,
        })
        .collect();
    deletes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(deletes)
}

fn state_of(now: &LiveParameter, fingerprint: Option<&Fingerprint>) -> ParameterState {
    let value = match now.parameter_type {
        ParameterType::SecureString => ShownValue::Secret(fingerprint.cloned()),
        ParameterType::String | ParameterType::StringList => ShownValue::Plain(now.value.clone()),
    };
    ParameterState { parameter_type: now.parameter_type, value }
}

#[cfg(test)]
mod tests;
