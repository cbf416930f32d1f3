use std::collections::HashMap;

use crate::json::Node;
use crate::{Content, DecodeError, Entry, Kind, ParameterName, ParameterType, StorePath, decode};

/// A parameter as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveParameter {
    /// Its name.
    pub name: ParameterName,
    /// Its type.
    pub parameter_type: ParameterType,
    /// Its value.
    pub value: String,
    /// Its version, from 1.
    pub version: u64,
}

/// The parameters as a launch uses them.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// They as one document.
    pub document: Node,
    /// The names whose live value is not the recorded one: edited, added or removed since the release.
    pub edited: Vec<String>,
}

/// Why live parameters cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The parameters contradict each other, or an edit is not of the recorded kind.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A secret, which must not enter an execution's input.
    #[error("\"{0}\" is a SecureString; secrets cannot be sent yet")]
    Secret(ParameterName),
}

/// Reads live parameters leaf by leaf, with the kinds of the release `record`. A live value wins over the recorded one.
/// A parameter without a record is a text, or a list of texts if it is a `StringList`.
///
/// # Errors
/// [`ResolveError`].
pub fn resolve(
    path: &StorePath,
    record: Option<&Content>,
    live: &[LiveParameter],
) -> Result<Resolution, ResolveError> {
    if let Some(secret) =
        live.iter().find(|parameter| parameter.parameter_type == ParameterType::SecureString)
    {
        return Err(ResolveError::Secret(secret.name.clone()));
    }
    let mut by_levels: HashMap<Vec<&str>, &LiveParameter> =
        live.iter().filter_map(|parameter| Some((path.levels(&parameter.name)?, parameter))).collect();
    let mut entries = Vec::new();
    let mut edited = Vec::new();
    for entry in record.map_or(&[][..], |record| &record.entries) {
        let levels: Vec<&str> = entry.levels.iter().map(String::as_str).collect();
        let live = by_levels.remove(&levels);
        match (entry.kind.parameter_type(), live) {
            (None, None) => entries.push(entry.clone()),
            (Some(_), None) => edited.push(entry.levels.join("/")),
            (recorded, Some(live)) if recorded == Some(live.parameter_type) => {
                if live.value != entry.value {
                    edited.push(entry.levels.join("/"));
                }
                entries.push(Entry { value: live.value.clone(), ..entry.clone() });
            }
            (_, Some(live)) => {
                edited.push(entry.levels.join("/"));
                entries.push(without_record(&levels, live));
            }
        }
    }
    let mut added: Vec<_> = by_levels.into_iter().collect();
    added.sort_by(|a, b| a.0.cmp(&b.0));
    for (levels, live) in added {
        if record.is_some() {
            edited.push(levels.join("/"));
        }
        entries.push(without_record(&levels, live));
    }
    Ok(Resolution { document: decode(&Content { entries })?, edited })
}

fn without_record(levels: &[&str], live: &LiveParameter) -> Entry {
    let kind = match live.parameter_type {
        ParameterType::StringList => Kind::StringList,
        ParameterType::String | ParameterType::SecureString => Kind::String,
    };
    Entry {
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
        kind,
        value: live.value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Documents, encode};

    fn path() -> StorePath {
        "/p".parse().unwrap()
    }

    fn live(name: &str, parameter_type: ParameterType, value: &str) -> LiveParameter {
        LiveParameter { name: name.parse().unwrap(), parameter_type, value: value.into(), version: 1 }
    }

    fn record(text: &str) -> Content {
        encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap()
    }

    #[test]
    fn edits_win_and_are_typed_by_the_record() {
        let record = record(r#"{"a":1,"b":"x","c":null,"d":true}"#);
        let tree = [
            live("/p/a", ParameterType::String, "2.50"),
            live("/p/b", ParameterType::String, "x"),
            live("/p/new/list", ParameterType::StringList, "s,t"),
        ];
        let read = resolve(&path(), Some(&record), &tree).unwrap();
        assert_eq!(read.document.to_string(), r#"{"a":2.50,"b":"x","c":null,"new":{"list":["s","t"]}}"#);
        assert_eq!(read.edited, ["a", "d", "new/list"]);
    }

    #[test]
    fn an_edit_that_is_not_of_its_kind_is_an_error() {
        let tree = [live("/p/a", ParameterType::String, "many")];
        let error = resolve(&path(), Some(&record(r#"{"a":1}"#)), &tree).unwrap_err();
        assert_eq!(error.to_string(), "the value of \"a\" is not a JSON number: \"many\"");
    }

    #[test]
    fn a_tree_without_a_record_is_texts() {
        let tree =
            [live("/p/model/name", ParameterType::String, "m"), live("/p/n", ParameterType::String, "1")];
        let read = resolve(&path(), None, &tree).unwrap();
        assert_eq!(read.document.to_string(), r#"{"model":{"name":"m"},"n":"1"}"#);
        assert_eq!(read.edited, [""; 0]);
    }

    #[test]
    fn a_secret_is_refused() {
        let tree = [live("/p/token", ParameterType::SecureString, "hunter2")];
        let error = resolve(&path(), None, &tree).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
