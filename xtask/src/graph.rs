//! The dependency graph, reduced to what the checks ask of it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Metadata};

use crate::error::Error;

/// Every package that the workspace's lock file names, for all platforms.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) packages: Vec<Package>,
}

/// One package.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The `license` field: an SPDX expression, if its author wrote one.
    pub(crate) licence: Option<String>,
    /// Where its sources lie.
    pub(crate) directory: PathBuf,
    /// Whether it is a member of this workspace.
    pub(crate) ours: bool,
    /// The features that are on, of all that the workspace's members ask for together.
    pub(crate) features: BTreeSet<String>,
    pub(crate) needs: Vec<Need>,
}

/// A dependency of one package on another.
#[derive(Debug)]
pub(crate) struct Need {
    /// The other package's place in [`Graph::packages`].
    pub(crate) package: usize,
    /// Whether only the tests need it.
    pub(crate) only_tests: bool,
}

impl Graph {
    /// Reads the graph from `cargo metadata`'s answer.
    pub(crate) fn new(metadata: &Metadata) -> Result<Self, Error> {
        let resolve = metadata.resolve.as_ref().ok_or(Error::NoGraph)?;
        let places: HashMap<_, _> =
            metadata.packages.iter().enumerate().map(|(place, package)| (&package.id, place)).collect();
        let ours: HashSet<_> = metadata.workspace_members.iter().collect();
        let mut packages: Vec<Package> = metadata
            .packages
            .iter()
            .map(|package| Package {
                name: package.name.to_string(),
                version: package.version.to_string(),
                licence: package.license.clone(),
                directory: package.manifest_path.parent().map(PathBuf::from).unwrap_or_default(),
                ours: ours.contains(&package.id),
                features: BTreeSet::new(),
                needs: Vec::new(),
            })
            .collect();
        for node in &resolve.nodes {
            let place = *places.get(&node.id).ok_or(Error::NoGraph)?;
            packages[place].features = node.features.iter().map(ToString::to_string).collect();
            for dependency in &node.deps {
                let only_tests =
                    dependency.dep_kinds.iter().all(|kind| kind.kind == DependencyKind::Development);
                let package = *places.get(&dependency.pkg).ok_or(Error::NoGraph)?;
                packages[place].needs.push(Need { package, only_tests });
            }
        }
        Ok(Self { packages })
    }

    /// The packages that name the package at `place` as a dependency, each as `name version`, in order.
    pub(crate) fn dependents(&self, place: usize) -> Vec<String> {
        let mut dependents: Vec<_> = self
            .packages
            .iter()
            .filter(|package| package.needs.iter().any(|need| need.package == place))
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        dependents.sort();
        dependents
    }

    /// Everything that the package at `place` brings along outside its tests: places, the nearest first, itself
    /// not among them.
    pub(crate) fn reached_from(&self, place: usize) -> Vec<usize> {
        let mut seen = HashSet::from([place]);
        let mut reached = Vec::new();
        let mut queue = VecDeque::from([place]);
        while let Some(next) = queue.pop_front() {
            for need in self.packages[next].needs.iter().filter(|need| !need.only_tests) {
                if seen.insert(need.package) {
                    reached.push(need.package);
                    queue.push_back(need.package);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! Small graphs for the checks' tests, in the form in which Cargo describes them.

    use serde_json::{Value, json};

    use super::Graph;

    /// One package of a sample: name, licence, features, dependencies, dependencies of its tests.
    #[derive(Default)]
    pub(crate) struct Sample {
        pub(crate) name: &'static str,
        pub(crate) licence: Option<&'static str>,
        pub(crate) features: &'static [&'static str],
        pub(crate) needs: &'static [&'static str],
        pub(crate) tests_need: &'static [&'static str],
        pub(crate) ours: bool,
    }

    fn id(name: &str) -> String {
        format!("registry+https://example.test#{name}@1.0.0")
    }

    fn dependency(name: &str, kind: Option<&str>) -> Value {
        json!({"name": name, "pkg": id(name), "dep_kinds": [{"kind": kind, "target": null}]})
    }

    fn node(sample: &Sample) -> Value {
        let mut dependencies: Vec<_> = sample.needs.iter().map(|name| dependency(name, None)).collect();
        dependencies.extend(sample.tests_need.iter().map(|name| dependency(name, Some("dev"))));
        json!({
            "id": id(sample.name), "features": sample.features, "deps": dependencies,
            "dependencies": sample.needs.iter().map(|name| id(name)).collect::<Vec<_>>(),
        })
    }

    /// `cargo metadata`'s answer for these packages, read as the chores read it.
    pub(crate) fn graph(samples: &[Sample]) -> Graph {
        let packages: Vec<_> = samples
            .iter()
            .map(|sample| {
                json!({
                    "name": sample.name, "version": "1.0.0", "id": id(sample.name), "license": sample.licence,
                    "dependencies": [], "targets": [], "features": {},
                    "manifest_path": format!("/sources/{}/Cargo.toml", sample.name),
                })
            })
            .collect();
        let members: Vec<_> =
            samples.iter().filter(|sample| sample.ours).map(|sample| id(sample.name)).collect();
        let metadata = json!({
            "packages": packages, "workspace_members": members, "workspace_root": "/", "version": 1,
            "target_directory": "/target",
            "resolve": {"root": null, "nodes": samples.iter().map(node).collect::<Vec<_>>()},
        });
        Graph::new(&serde_json::from_value(metadata).unwrap()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{Sample, graph};

    #[test]
    fn dependents_and_reach_follow_the_needs() {
        let graph = graph(&[
            Sample {
                name: "ours",
                ours: true,
                needs: &["left"],
                tests_need: &["right"],
                ..Sample::default()
            },
            Sample { name: "left", needs: &["deep"], ..Sample::default() },
            Sample { name: "right", needs: &["deep"], ..Sample::default() },
            Sample { name: "deep", features: &["std"], ..Sample::default() },
        ]);
        assert!(graph.packages[0].ours && !graph.packages[1].ours);
        assert!(graph.packages[3].features.contains("std"));
        assert_eq!(graph.packages[1].directory, std::path::Path::new("/sources/left"));
        assert_eq!(graph.dependents(3), ["left 1.0.0", "right 1.0.0"]);
        assert_eq!(graph.dependents(2), ["ours 1.0.0"], "a dependency of the tests is one too");
        assert_eq!(graph.reached_from(0), [1, 3], "what only the tests need is not brought along");
    }
}
