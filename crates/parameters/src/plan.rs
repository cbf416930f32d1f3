use std::collections::HashMap;

use crate::{Content, Entry, LiveParameter, NameError, ParameterName, ParameterType, StorePath};

/// What becomes of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Create,
    /// It has another value.
    Update {
        /// The live value.
        from: String,
    },
    /// It has another type, which Parameter Store cannot change: delete, then create.
    Replace {
        /// The live type.
        from: ParameterType,
    },
    /// The documents no longer have it.
    Delete,
    /// The live value is the wanted one.
    Unchanged,
}

/// A parameter and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedParameter {
    /// Its name.
    pub name: ParameterName,
    /// The wanted type and value; `None` for a delete.
    pub wanted: Option<(ParameterType, String)>,
    /// What becomes of it.
    pub change: Change,
    /// Whether the live value is not what the last release recorded: somebody edited it in place.
    pub drifted: bool,
}

/// What an apply will do: the comparison of the last release's record (base), the documents (ours) and the live tree
/// (theirs).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Every parameter of ours, in the order of the documents, then the deletes.
    pub parameters: Vec<PlannedParameter>,
    /// Whether the record itself changes: another leaf, kind or order.
    pub content_changed: bool,
}

impl Plan {
    /// Compares the three. Live parameters that neither the base nor the documents name belong to somebody else and are
    /// not touched.
    ///
    /// # Errors
    /// [`NameError`] when an entry's name is not valid below `path`.
    pub fn compute(
        path: &StorePath,
        base: Option<&Content>,
        ours: &Content,
        theirs: &[LiveParameter],
    ) -> Result<Self, NameError> {
        let live: HashMap<&str, &LiveParameter> =
            theirs.iter().map(|parameter| (parameter.name.as_str(), parameter)).collect();
        let mut recorded = HashMap::new();
        for (entry, parameter_type) in base.iter().flat_map(|base| base.parameters()) {
            recorded.insert(path.name(&entry.levels)?, (parameter_type, entry));
        }
        let drifted = |name: &ParameterName, before: Option<&(ParameterType, &Entry)>| match (
            before,
            live.get(name.as_str()),
        ) {
            (Some((parameter_type, entry)), Some(now)) => {
                now.parameter_type != *parameter_type || now.value != entry.value
            }
            (Some(_), None) => true,
            (None, _) => false,
        };
        let mut parameters = Vec::new();
        for (entry, parameter_type) in ours.parameters() {
            let name = path.name(&entry.levels)?;
            let before = recorded.remove(&name);
            let change = match live.get(name.as_str()) {
                None => Change::Create,
                Some(now) if now.parameter_type != parameter_type => {
                    Change::Replace { from: now.parameter_type }
                }
                Some(now) if now.value != entry.value => Change::Update { from: now.value.clone() },
                Some(_) => Change::Unchanged,
            };
            let drifted = drifted(&name, before.as_ref());
            let wanted = Some((parameter_type, entry.value.clone()));
            parameters.push(PlannedParameter { name, wanted, change, drifted });
        }
        let mut gone: Vec<_> =
            recorded.into_iter().filter(|(name, _)| live.contains_key(name.as_str())).collect();
        gone.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, before) in gone {
            let drifted = drifted(&name, Some(&before));
            parameters.push(PlannedParameter { name, wanted: None, change: Change::Delete, drifted });
        }
        Ok(Self { parameters, content_changed: base != Some(ours) })
    }

    /// The parameters that an apply would touch.
    pub fn changes(&self) -> impl Iterator<Item = &PlannedParameter> {
        self.parameters.iter().filter(|parameter| parameter.change != Change::Unchanged)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.content_changed && self.changes().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Documents, encode};

    fn path() -> StorePath {
        "/p".parse().unwrap()
    }

    fn content(text: &str) -> Content {
        encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap()
    }

    fn live(name: &str, parameter_type: ParameterType, value: &str) -> LiveParameter {
        LiveParameter { name: name.parse().unwrap(), parameter_type, value: value.into(), version: 1 }
    }

    #[test]
    fn the_three_ways_are_told_apart() {
        let base = content(r#"{"same":1,"ours":1,"theirs":1,"kind":"x","gone":1,"gone-already":1}"#);
        let ours = content(r#"{"same":1,"ours":2,"theirs":1,"kind":["x"],"new":true}"#);
        let string = ParameterType::String;
        let theirs = [
            live("/p/same", string, "1"),
            live("/p/ours", string, "1"),
            live("/p/theirs", string, "9"),
            live("/p/kind", string, "x"),
            live("/p/gone", string, "1"),
            live("/p/foreign", string, "1"),
        ];
        let plan = Plan::compute(&path(), Some(&base), &ours, &theirs).unwrap();
        let rows: Vec<_> =
            plan.parameters.iter().map(|p| (p.name.as_str(), p.change.clone(), p.drifted)).collect();
        assert_eq!(
            rows,
            [
                ("/p/same", Change::Unchanged, false),
                ("/p/ours", Change::Update { from: "1".into() }, false),
                ("/p/theirs", Change::Update { from: "9".into() }, true),
                ("/p/kind", Change::Replace { from: string }, false),
                ("/p/new", Change::Create, false),
                ("/p/gone", Change::Delete, false),
            ]
        );
        assert!(plan.content_changed);
        assert!(!plan.is_empty());
    }

    #[test]
    fn what_is_as_it_should_be_needs_nothing() {
        let same = content(r#"{"a":1,"b":""}"#);
        let theirs = [live("/p/a", ParameterType::String, "1")];
        assert!(Plan::compute(&path(), Some(&same), &same, &theirs).unwrap().is_empty());
        assert!(!Plan::compute(&path(), None, &same, &theirs).unwrap().is_empty());
    }
}
