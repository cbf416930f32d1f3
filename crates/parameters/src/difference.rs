use std::collections::HashMap;

use crate::{Content, Entry};

/// A leaf that two contents do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// What the first has; `None` when it has no such leaf.
    pub before: Option<&'a Entry>,
    /// What the second has.
    pub after: Option<&'a Entry>,
}

impl Difference<'_> {
    /// The leaf's name below the project's path.
    pub fn key(&self) -> String {
        self.before.or(self.after).map(Entry::key).unwrap_or_default()
    }
}

/// The leaves that `before` and `after` do not have alike: in the order of `after`, then those that are gone.
pub fn differences<'a>(before: &'a Content, after: &'a Content) -> Vec<Difference<'a>> {
    let mut old: HashMap<&[String], &Entry> =
        before.entries.iter().map(|entry| (entry.levels.as_slice(), entry)).collect();
    let mut found = Vec::new();
    for entry in &after.entries {
        match old.remove(entry.levels.as_slice()) {
            Some(before) if before == entry => {}
            before => found.push(Difference { before, after: Some(entry) }),
        }
    }
    let gone = before.entries.iter().filter(|entry| old.contains_key(entry.levels.as_slice()));
    found.extend(gone.map(|entry| Difference { before: Some(entry), after: None }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Documents, encode};

    fn content(text: &str) -> Content {
        encode(&Documents::merge([("a.json", text)]).unwrap().root, &"/p".parse().unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_alike_is_told_leaf_by_leaf() {
        let (before, after) = (
            content(r#"{"a":1,"b":"x","gone":{"c":true},"same":[1]}"#),
            content(r#"{"b":1,"same":[1],"a":1,"n":null}"#),
        );
        let found: Vec<_> = differences(&before, &after)
            .iter()
            .map(|d| (d.key(), d.before.map(|e| e.value.as_str()), d.after.map(|e| e.value.as_str())))
            .collect();
        assert_eq!(
            found,
            [
                ("b".into(), Some("x"), Some("1")),
                ("n".into(), None, Some("")),
                ("gone/c".into(), Some("true"), None)
            ]
        );
        assert_eq!(differences(&after, &after), []);
    }
}
