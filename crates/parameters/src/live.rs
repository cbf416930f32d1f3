use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::{ParameterName, ParameterType, StorePath};

/// A parameter as it lies in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveParameter {
    /// Its name.
    pub name: ParameterName,
    /// Its type.
    pub parameter_type: ParameterType,
    /// Its value; empty for a `SecureString`, which no listing reveals.
    pub value: String,
    /// Its version, from 1.
    pub version: u64,
}

impl fmt::Debug for LiveParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, parameter_type, value, version } = self;
        let value = if *parameter_type == ParameterType::SecureString { "…" } else { value };
        write!(f, "{name}:{version} {} {value:?}", parameter_type.as_str())
    }
}

/// The live parameters below a path that are the path's own: neither records of releases nor parameters of a project that
/// lies further down.
pub(crate) struct LiveTree<'a> {
    by_name: HashMap<&'a str, &'a LiveParameter>,
    /// The paths below this one that have release records of their own, sorted.
    pub(crate) nested: Vec<String>,
}

impl<'a> LiveTree<'a> {
    pub(crate) fn new(path: &StorePath, live: &'a [LiveParameter]) -> Self {
        let mut nested: HashSet<&str> = HashSet::new();
        let mut by_name = HashMap::with_capacity(live.len());
        for parameter in live {
            let name = parameter.name.as_str();
            match name.get(path.as_str().len()..).and_then(|below| below.find(".releases/")) {
                Some(at) => {
                    nested.insert(&name[..path.as_str().len() + at]);
                }
                None => {
                    by_name.insert(name, parameter);
                }
            }
        }
        if !nested.is_empty() {
            by_name.retain(|name, _| {
                // Every prefix that ends where a level ends.
                !name.match_indices('/').any(|(at, _)| nested.contains(&name[..at]))
            });
        }
        let mut nested: Vec<_> = nested.into_iter().map(str::to_owned).collect();
        nested.sort_unstable();
        Self { by_name, nested }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a LiveParameter> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<&'a LiveParameter> {
        self.by_name.remove(name)
    }

    /// What is left, sorted by name.
    pub(crate) fn into_rest(self) -> Vec<&'a LiveParameter> {
        let mut rest: Vec<_> = self.by_name.into_values().collect();
        rest.sort_by(|a, b| a.name.cmp(&b.name));
        rest
    }
}

/// The paths below `path` that are projects of their own: those with release records, by the live parameters below
/// `path`.
pub fn nested_projects(path: &StorePath, live: &[LiveParameter]) -> Vec<String> {
    LiveTree::new(path, live).nested
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(name: &str, parameter_type: ParameterType) -> LiveParameter {
        LiveParameter { name: name.parse().unwrap(), parameter_type, value: "hunter2".into(), version: 1 }
    }

    #[test]
    fn a_project_further_down_is_none_of_the_paths_own() {
        let all = ["/p/a", "/p/n/x", "/p/n.releases/1", "/p/n.releases/1/committed", "/p/nn/y"]
            .map(|name| live(name, ParameterType::String));
        let path: StorePath = "/p".parse().unwrap();
        assert_eq!(nested_projects(&path, &all), ["/p/n"]);
        let names: Vec<_> =
            LiveTree::new(&path, &all).into_rest().iter().map(|p| p.name.as_str().to_owned()).collect();
        assert_eq!(names, ["/p/a", "/p/nn/y"]);
    }

    #[test]
    fn a_secure_string_is_not_shown() {
        let shown = format!("{:?}", live("/p/a", ParameterType::SecureString));
        assert_eq!(shown, "/p/a:1 SecureString \"…\"");
    }
}
