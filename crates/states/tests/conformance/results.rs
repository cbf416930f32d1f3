//! What passes and what does not, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

/// The vectors that are known not to pass, with the reasons.
const EXCEPTIONS: &str = include_str!("exceptions.toml");

/// Vectors that do not pass for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// The table that they are of.
    pub(crate) of: String,
    pub(crate) ids: Vec<String>,
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exception: Vec<Exception>,
}

/// The exceptions of one table.
pub(crate) fn exceptions(of: &str) -> Vec<Exception> {
    let exceptions: Exceptions = toml::from_str(EXCEPTIONS).unwrap();
    exceptions.exception.into_iter().filter(|exception| exception.of == of).collect()
}

/// The results of one kind of vectors.
pub(crate) struct Results {
    pub(crate) of: &'static str,
    pub(crate) passed: usize,
    /// Ids with their differences.
    failed: BTreeMap<String, Vec<String>>,
    /// Passed and all, by kind.
    pub(crate) kinds: BTreeMap<String, (usize, usize)>,
}

impl Results {
    pub(crate) fn new(of: &'static str) -> Self {
        Self { of, passed: 0, failed: BTreeMap::new(), kinds: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, vector: &Value, differences: Vec<String>, kinds: &[&str]) {
        let passed = differences.is_empty();
        for kind in kinds {
            let entry = self.kinds.entry((*kind).to_owned()).or_default();
            entry.0 += usize::from(passed);
            entry.1 += 1;
        }
        if passed {
            self.passed += 1;
            return;
        }
        let id = vector["id"].as_str().unwrap();
        if std::env::var_os("MLPP_CONFORMANCE_VERBOSE").is_some() {
            println!("{id}\n    {}", differences.join("\n    "));
        }
        assert!(self.failed.insert(id.to_owned(), differences).is_none(), "{id} is there twice");
    }

    pub(crate) fn all(&self) -> usize {
        self.passed + self.failed.len()
    }

    /// Fails when a vector fails without a reason, and when one passes that has a reason not to.
    pub(crate) fn assert_exceptions(&self) {
        let listed: BTreeSet<String> =
            exceptions(self.of).into_iter().flat_map(|exception| exception.ids).collect();
        let news: BTreeMap<_, _> = self.failed.iter().filter(|(id, _)| !listed.contains(*id)).collect();
        assert!(news.is_empty(), "{} fail: {news:#?}", self.of);
        let olds: Vec<_> = listed.iter().filter(|id| !self.failed.contains_key(*id)).collect();
        assert!(olds.is_empty(), "{} pass; take them out of exceptions.toml: {olds:#?}", self.of);
    }
}
