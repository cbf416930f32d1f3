//! `cargo xtask arrows`: our crates import one another in one direction only, and some crates and features are
//! not imported at all. The rules are in `xtask/arrows.toml`, the reasons for them in `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::{Error, count};
use crate::graph::{Graph, Package};
use crate::workspace::Workspace;

/// The rules' file, relative to the root.
const RULES: &str = "xtask/arrows.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// For each crate of ours, the ones that it may import besides what those may.
    arrows: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    ban: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// Ban this feature of the crate instead of the crate.
    feature: Option<String>,
    /// The crates of ours that must not bring it along; without it, nothing may.
    under: Option<Vec<String>>,
    /// The reason, printed with the violation.
    why: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Violation {
    #[error("{from} imports {to}: no arrow of {RULES} leads there")]
    NoArrow { from: String, to: String },
    #[error("{0} is a crate of the workspace without an entry in {RULES}")]
    Unlisted(String),
    #[error("{RULES} names {0}, which is no crate of the workspace")]
    Absent(String),
    #[error("{RULES}: the arrows lead from {0} back to it")]
    Circle(String),
    #[error("{package} is banned: {why} (needed by {})", .dependents.join(", "))]
    Banned { package: String, why: String, dependents: Vec<String> },
    #[error("{package} is banned under {under}: {why} (needed by {})", .dependents.join(", "))]
    BannedUnder { package: String, under: String, why: String, dependents: Vec<String> },
}

/// Checks the dependency graph and prints every violation.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let rules: Rules = workspace.table(RULES)?;
    let graph = Graph::new(&workspace.metadata()?)?;
    let violations = check(&graph, &rules);
    for violation in &violations {
        eprintln!("{violation}");
    }
    if violations.is_empty() {
        println!(
            "arrows: {} of ours, {}: kept",
            count(rules.arrows.len(), "crate"),
            count(rules.ban.len(), "ban")
        );
        Ok(())
    } else {
        Err(Error::Violations { chore: "arrows", findings: violations.len() })
    }
}

fn check(graph: &Graph, rules: &Rules) -> Vec<Violation> {
    let mut violations = names(graph, rules);
    violations.extend(imports(graph, rules));
    violations.extend(rules.ban.iter().flat_map(|ban| banned(graph, ban)));
    violations
}

/// The rules and the workspace name the same crates, and the rules have no circle.
fn names(graph: &Graph, rules: &Rules) -> Vec<Violation> {
    let ours: BTreeSet<&str> = ours(graph).map(|package| package.name.as_str()).collect();
    let listed: BTreeSet<&str> = rules.arrows.keys().map(String::as_str).collect();
    let targets = rules.arrows.values().flatten();
    let scopes = rules.ban.iter().filter_map(|ban| ban.under.as_ref()).flatten();
    let named: BTreeSet<&str> =
        targets.chain(scopes).map(String::as_str).chain(listed.iter().copied()).collect();
    let unlisted = ours.difference(&listed).map(|name| Violation::Unlisted((*name).to_owned()));
    let absent = named.difference(&ours).map(|name| Violation::Absent((*name).to_owned()));
    let circles = listed
        .iter()
        .filter(|name| led_to(rules, name).contains(*name))
        .map(|name| Violation::Circle((*name).to_owned()));
    unlisted.chain(absent).chain(circles).collect()
}

/// Each import of one of our crates by another, for tests as well, has its arrow.
fn imports(graph: &Graph, rules: &Rules) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in ours(graph) {
        let may = led_to(rules, &package.name);
        let imported = package.needs.iter().map(|need| &graph.packages[need.package]);
        for other in imported.filter(|other| other.ours && !may.contains(other.name.as_str())) {
            violations.push(Violation::NoArrow { from: package.name.clone(), to: other.name.clone() });
        }
    }
    violations
}

/// The crates to which the arrows of one lead, over any number of steps.
fn led_to<'a>(rules: &'a Rules, name: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = rules.arrows.get(name).into_iter().flatten().map(String::as_str).collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(rules.arrows.get(next).into_iter().flatten().map(String::as_str));
        }
    }
    reached
}

fn banned(graph: &Graph, ban: &Ban) -> Vec<Violation> {
    let Some(under) = &ban.under else {
        let places = (0..graph.packages.len()).filter(|place| ban.concerns(&graph.packages[*place]));
        return places
            .map(|place| Violation::Banned {
                package: ban.title(&graph.packages[place]),
                why: ban.why.clone(),
                dependents: graph.dependents(place),
            })
            .collect();
    };
    let mut violations = Vec::new();
    let is_scope = |package: &Package| package.ours && under.contains(&package.name);
    for (scope, package) in graph.packages.iter().enumerate().filter(|(_, package)| is_scope(package)) {
        let reached = graph.reached_from(scope);
        for place in reached.into_iter().filter(|place| ban.concerns(&graph.packages[*place])) {
            violations.push(Violation::BannedUnder {
                package: ban.title(&graph.packages[place]),
                under: package.name.clone(),
                why: ban.why.clone(),
                dependents: graph.dependents(place),
            });
        }
    }
    violations
}

fn ours(graph: &Graph) -> impl Iterator<Item = &Package> {
    graph.packages.iter().filter(|package| package.ours)
}

impl Ban {
    fn concerns(&self, package: &Package) -> bool {
        package.name == self.name
            && self.feature.as_ref().is_none_or(|feature| package.features.contains(feature))
    }

    /// The package, with the feature if that is what is banned.
    fn title(&self, package: &Package) -> String {
        let feature = self.feature.as_ref().map(|feature| format!("/{feature}")).unwrap_or_default();
        format!("{}{feature} {}", package.name, package.version)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rules, Violation, check};
    use crate::graph::Graph;
    use crate::graph::sample::{Sample, graph};

    fn rules(text: &str) -> Rules {
        toml::from_str(text).unwrap()
    }

    /// `command` → `store` → `core`, each of ours; `core` uses `json`, and the tests of `core` use `runtime`.
    fn house() -> Graph {
        graph(&[
            Sample { name: "command", ours: true, needs: &["store", "core"], ..Sample::default() },
            Sample { name: "store", ours: true, needs: &["core", "runtime"], ..Sample::default() },
            Sample {
                name: "core",
                ours: true,
                needs: &["json"],
                tests_need: &["runtime"],
                ..Sample::default()
            },
            Sample { name: "json", features: &["std", "exact"], ..Sample::default() },
            Sample { name: "runtime", ..Sample::default() },
        ])
    }

    const ARROWS: &str = "[arrows]\ncommand = ['store']\nstore = ['core']\ncore = []\n";

    #[test]
    fn arrows_carry_on() {
        assert_eq!(check(&house(), &rules(ARROWS)), []);
    }

    #[test]
    fn an_import_against_the_arrows_is_found() {
        let found = check(&house(), &rules("[arrows]\ncommand = ['store']\nstore = []\ncore = ['store']\n"));
        let expected =
            ["command", "store"].map(|from| Violation::NoArrow { from: from.into(), to: "core".into() });
        assert_eq!(found, expected);
    }

    #[test]
    fn an_import_by_tests_needs_its_arrow_too() {
        let graph = graph(&[
            Sample { name: "core", ours: true, tests_need: &["store"], ..Sample::default() },
            Sample { name: "store", ours: true, ..Sample::default() },
        ]);
        let found = check(&graph, &rules("[arrows]\ncore = []\nstore = []\n"));
        assert_eq!(found, [Violation::NoArrow { from: "core".into(), to: "store".into() }]);
    }

    #[test]
    fn rules_and_workspace_name_the_same_crates() {
        let text = "[arrows]\ncommand = ['store']\nstore = ['core']\nold = []\n";
        let found = check(&house(), &rules(text));
        assert_eq!(found, [Violation::Unlisted("core".into()), Violation::Absent("old".into())]);
    }

    #[test]
    fn a_circle_of_arrows_is_found() {
        let text = "[arrows]\ncommand = ['store']\nstore = ['core']\ncore = ['store']\n";
        let found = check(&house(), &rules(text));
        assert_eq!(found, [Violation::Circle("core".into()), Violation::Circle("store".into())]);
    }

    #[test]
    fn a_banned_crate_is_found_with_those_who_need_it() {
        let ban = "[[ban]]\ncrate = 'runtime'\nwhy = 'too large'\n";
        let found = check(&house(), &rules(&format!("{ARROWS}{ban}")));
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["runtime 1.0.0 is banned: too large (needed by core 1.0.0, store 1.0.0)"]);
    }

    #[test]
    fn a_ban_under_a_crate_leaves_the_others_and_its_tests_alone() {
        let ban = |under| format!("{ARROWS}[[ban]]\ncrate = 'runtime'\nunder = ['{under}']\nwhy = 'pure'\n");
        assert_eq!(check(&house(), &rules(&ban("core"))), []);
        let found = check(&house(), &rules(&ban("command")));
        assert!(
            matches!(&found[..], [Violation::BannedUnder { under, .. }] if under == "command"),
            "{found:?}"
        );
    }

    #[test]
    fn a_banned_feature_is_found_only_when_it_is_on() {
        let ban =
            |feature| format!("{ARROWS}[[ban]]\ncrate = 'json'\nfeature = '{feature}'\nwhy = 'it spreads'\n");
        assert_eq!(check(&house(), &rules(&ban("other"))), []);
        let found = check(&house(), &rules(&ban("exact")));
        assert_eq!(found[0].to_string(), "json/exact 1.0.0 is banned: it spreads (needed by core 1.0.0)");
    }
}
