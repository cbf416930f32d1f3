//! The constraints of the request members that the documents' known keys feed, as a tree in the documents' own shape.
//!
//! `data/constraints.json` comes from the services' models by `tests/constraints.rs`; what only the services'
//! documentation says is in [`DOCUMENTED`].

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use serde::Deserialize;

use super::pattern::Pattern;

/// Bounds that the models do not have: shape, least value, greatest value. A production variant scales between 1 and more
/// instances (SageMaker Developer Guide, "Register a model"); a cooldown is a time in seconds (Application Auto Scaling,
/// `TargetTrackingScalingPolicyConfiguration`).
const DOCUMENTED: [(&str, i64); 2] = [("ResourceCapacity", 1), ("Cooldown", 0)];
/// An integer of the services has 32 bits.
const MAX_INTEGER: i64 = i32::MAX as i64;
/// Members whose emptiness means that they are not given: no VPC, no checkpoints.
const MAY_BE_EMPTY: [&str; 5] = [
    "model.trainingSecurityGroupIds",
    "model.trainingSubnets",
    "model.hosting.securityGroupIds",
    "model.hosting.subnets",
    "spotTrainingCheckpointS3Uri",
];
/// Names to which a launch appends `-` and the 14 characters of a stamp. (`endpointName`: its endpoint configuration.)
const STAMPED: [&str; 3] = ["tuningJobName", "model.name", "endpointName"];
/// What a stamp takes, with its hyphen.
pub(crate) const STAMP_LENGTH: usize = 15;

/// What a member's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    String,
    Integer,
    Double,
    Boolean,
    List,
    Map,
    Structure,
}

/// What is known of a value: of a member of a request, or of an object that only groups such members.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) kind: Type,
    /// The shape's name in the service's model; empty for an object that is our own.
    pub(crate) name: String,
    /// Operation and member, for messages.
    pub(crate) source: String,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) pattern: Option<Arc<Pattern>>,
    pub(crate) allowed: Option<Vec<String>>,
    pub(crate) required: Vec<String>,
    /// What the members of an object are.
    pub(crate) members: IndexMap<String, Shape>,
    /// What the elements of a list, or the values of a map, are.
    pub(crate) inner: Option<Box<Shape>>,
    /// What the keys of a map are.
    pub(crate) key: Option<Box<Shape>>,
    /// An empty value counts as absent.
    pub(crate) may_be_empty: bool,
    /// A launch appends a stamp.
    pub(crate) stamped: bool,
}

impl Shape {
    /// An object that groups members: other members may stand beside them.
    fn group() -> Self {
        Self {
            kind: Type::Structure,
            name: String::new(),
            source: String::new(),
            min: None,
            max: None,
            pattern: None,
            allowed: None,
            required: Vec::new(),
            members: IndexMap::new(),
            inner: None,
            key: None,
            may_be_empty: false,
            stamped: false,
        }
    }

    /// Whether members that are not known here may stand in the object: only in our own, for a service refuses them.
    pub(crate) fn is_open(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether a value may hold any text, so that little can be said against it.
    pub(crate) fn is_free_text(&self) -> bool {
        self.allowed.is_none() && self.pattern.as_ref().is_some_and(|pattern| pattern.is_free_text())
    }
}

/// Whether this is a range of a hyperparameter.
pub(crate) fn is_range(shape: &Shape) -> bool {
    shape.name.ends_with("ParameterRange")
}

/// What is known of documents and manifests.
#[derive(Debug)]
pub(crate) struct Known {
    /// The documents' root: every known key, in its place.
    pub(crate) root: Shape,
    /// The `channelName` of a manifest's channel.
    #[cfg(feature = "schema")]
    pub(crate) channel_name: Shape,
    /// The `s3DataSource` of a manifest's channel.
    pub(crate) s3_data_source: Shape,
}

/// The shipped constraints, read at their first use.
pub(crate) fn known() -> &'static Known {
    static KNOWN: LazyLock<Known> = LazyLock::new(read_shipped);
    &KNOWN
}

#[expect(
    clippy::expect_used,
    reason = "the file is part of the crate and read by its tests; nothing may validate without it"
)]
fn read_shipped() -> Known {
    let file: File = serde_json::from_str(include_str!("../../data/constraints.json")).expect("valid JSON");
    Reader::new(&file).known().expect("patterns that compile, enums and members that are there")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "botocore")]
    _botocore: String,
    parameters: IndexMap<String, String>,
    members: IndexMap<String, Entry>,
    enums: HashMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    kind: Type,
    shape: String,
    #[serde(rename = "source")]
    _source: String,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    allowed: Option<String>,
    #[serde(default)]
    required: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum TableError {
    #[error("there is no \"{0}\"")]
    Absent(String),
    #[error(transparent)]
    Pattern(#[from] regex_lite::Error),
}

struct Reader<'a> {
    file: &'a File,
    patterns: HashMap<&'a str, Arc<Pattern>>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a File) -> Self {
        Self { file, patterns: HashMap::new() }
    }

    fn known(mut self) -> Result<Known, TableError> {
        Ok(Known {
            root: self.root()?,
            #[cfg(feature = "schema")]
            channel_name: self.parameter("channels[].channelName")?,
            s3_data_source: self.s3_data_source()?,
        })
    }

    /// The shape of the member that a key feeds.
    fn parameter(&mut self, name: &str) -> Result<Shape, TableError> {
        let file = self.file;
        let member = file.parameters.get(name).ok_or_else(|| TableError::Absent(name.to_owned()))?;
        self.tree(member)
    }

    fn s3_data_source(&mut self) -> Result<Shape, TableError> {
        let mut shape = self.parameter("channels[].s3DataSource")?;
        // Two more members that the API has; what is in them is left to the service.
        for name in ["ModelAccessConfig", "HubAccessConfig"] {
            shape.members.insert(name.to_owned(), Shape::group());
        }
        Ok(shape)
    }

    fn root(&mut self) -> Result<Shape, TableError> {
        let mut root = Shape::group();
        // The channels come from the manifest, which has its own rules.
        let of_documents = self.file.parameters.iter().filter(|(name, _)| !name.starts_with("channels["));
        for (name, member) in of_documents {
            let mut group = &mut root;
            let (parents, last) = name.rsplit_once('.').unwrap_or(("", name));
            for level in parents.split('.').filter(|level| !level.is_empty()) {
                group = group.members.entry(level.to_owned()).or_insert_with(Shape::group);
            }
            let mut shape = self.tree(member)?;
            shape.may_be_empty = MAY_BE_EMPTY.contains(&name.as_str());
            shape.stamped = STAMPED.contains(&name.as_str());
            group.members.insert(last.to_owned(), shape);
        }
        // Autotune is not asked for, so that its ranges would be refused.
        let ranges = root.members.get_mut("parameterRanges");
        ranges
            .ok_or_else(|| TableError::Absent("parameterRanges".into()))?
            .members
            .shift_remove("AutoParameters");
        Ok(root)
    }

    /// The shape of a member and of all that lies below it.
    fn tree(&mut self, member: &str) -> Result<Shape, TableError> {
        let file = self.file;
        let (key, entry) =
            file.members.get_key_value(member).ok_or_else(|| TableError::Absent(member.to_owned()))?;
        let mut shape = self.shape(key, entry)?;
        for other in file.members.keys() {
            match other.strip_prefix(member) {
                Some("[]" | "{value}") => shape.inner = Some(Box::new(self.tree(other)?)),
                Some("{key}") => shape.key = Some(Box::new(self.tree(other)?)),
                Some(rest) if rest.starts_with('.') && !rest[1..].contains(['.', '[', '{']) => {
                    shape.members.insert(rest[1..].to_owned(), self.tree(other)?);
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    /// The pattern, compiled once however many members have it.
    fn pattern(&mut self, text: &'a str) -> Result<Arc<Pattern>, TableError> {
        if let Some(pattern) = self.patterns.get(text) {
            return Ok(Arc::clone(pattern));
        }
        let pattern = Arc::new(Pattern::compile(text)?);
        self.patterns.insert(text, Arc::clone(&pattern));
        Ok(pattern)
    }

    fn shape(&mut self, key: &str, entry: &'a Entry) -> Result<Shape, TableError> {
        let documented = DOCUMENTED.iter().find(|(name, _)| *name == entry.shape).map(|(_, min)| *min);
        let allowed = entry
            .allowed
            .as_ref()
            .map(|name| self.file.enums.get(name).cloned().ok_or_else(|| TableError::Absent(name.clone())));
        let pattern = entry.pattern.as_deref().map(|text| self.pattern(text)).transpose()?;
        let integer = entry.kind == Type::Integer;
        Ok(Shape {
            kind: entry.kind,
            name: entry.shape.clone(),
            source: key.split_once(':').map_or(key, |(_, member)| member).replace(' ', ", "),
            min: entry.min.or(documented),
            max: entry.max.or(integer.then_some(MAX_INTEGER)),
            pattern,
            allowed: allowed.transpose()?,
            required: entry.required.clone(),
            ..Shape::group()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_reads_as_a_tree_in_the_documents_shape() {
        let root = read_shipped().root;
        assert!(root.is_open() && root.members["model"].is_open());
        let name = &root.members["tuningJobName"];
        assert_eq!((name.min, name.max, name.stamped), (Some(1), Some(32), true));
        assert_eq!(name.source, "CreateHyperParameterTuningJob, HyperParameterTuningJobName");
        let subnets = &root.members["model"].members["hosting"].members["subnets"];
        assert_eq!((subnets.max, subnets.may_be_empty), (Some(16), true));
        assert_eq!(subnets.inner.as_ref().unwrap().name, "SubnetId");
        let ranges = &root.members["parameterRanges"];
        assert_eq!(ranges.members.len(), 3);
        let range = ranges.members["CategoricalParameterRanges"].inner.as_ref().unwrap();
        assert!(!range.is_open());
        assert_eq!(range.members["Values"].inner.as_ref().unwrap().max, Some(256));
        assert_eq!(root.members["staticHyperParameters"].inner.as_ref().unwrap().max, Some(2500));
        assert_eq!(root.members["autoscalingMinCapacity"].min, Some(1));
    }

    #[test]
    fn every_key_that_has_a_word_of_its_own_is_known() {
        let root = read_shipped().root;
        for path in MAY_BE_EMPTY.iter().chain(&STAMPED) {
            let shape = path.split('.').try_fold(&root, |shape, level| shape.members.get(level));
            assert!(shape.is_some(), "{path}");
        }
    }
}
