//! What the members of a tuning job imply together.

use std::collections::HashSet;

use super::number::{Integer, count};
use super::{find, pointer, ranges};
use crate::Diagnostic;
use crate::json::{Node, Value};

/// Default quotas (SageMaker Developer Guide, "Resource limits for automatic model tuning"): member, quota, what is said
/// of raising it.
const QUOTAS: [(&str, i64, &str); 2] = [
    ("maxParallelTrainingJobs", 10, "it can be raised to 100"),
    ("maxNumberOfTrainingJobs", 750, "it can be raised to 10000 for the Random strategy alone"),
];
/// The most hyperparameters that a training job takes, static and tuned together (SageMaker Developer Guide, "Define
/// hyperparameter ranges"). The objective's metric is added to them.
const MAX_HYPERPARAMETERS: usize = 100;

pub(super) fn check(root: &Node, findings: &mut Vec<Diagnostic>) {
    parallel(root, findings);
    quotas(root, findings);
    strategy(root, findings);
    hyperparameters(root, findings);
}

fn positive<'a>(root: &'a Node, name: &str) -> Option<(&'a Node, Integer<'a>)> {
    let node = root.value.get(name)?;
    count(node).map(|number| (node, number))
}

fn parallel(root: &Node, findings: &mut Vec<Diagnostic>) {
    let (parallel, total) = ("maxParallelTrainingJobs", "maxNumberOfTrainingJobs");
    let (Some((node, at_once)), Some((_, in_all))) = (positive(root, parallel), positive(root, total)) else {
        return;
    };
    if at_once > in_all {
        findings.push(
            Diagnostic::error(
                "tuning/parallel-over-total",
                node.span,
                format!("{at_once} training jobs at once are more than the {in_all} in all"),
            )
            .at(pointer(&[parallel]))
            .label(format!("more than {total}"))
            .help(format!("write at most {in_all}; fewer at once let the search learn from what has ended")),
        );
    }
}

fn quotas(root: &Node, findings: &mut Vec<Diagnostic>) {
    for (name, quota, raising) in QUOTAS {
        let Some((node, number)) = positive(root, name).filter(|(_, number)| number.cmp_i64(quota).is_gt())
        else {
            continue;
        };
        findings.push(
            Diagnostic::warning(
                "tuning/quota",
                node.span,
                format!("\"{name}\" is {number}; an account's quota is {quota} unless it was raised"),
            )
            .at(pointer(&[name]))
            .label(format!("more than the default quota of {quota}"))
            .help(format!("lower it, or see that the account's quota was raised: {raising}")),
        );
    }
}

fn strategy(root: &Node, findings: &mut Vec<Diagnostic>) {
    let Some(node) = root.value.get("tuningStrategy") else { return };
    match node.value.as_str() {
        Some("Grid") => {
            let Some(range) = ranges::first_numeric(root) else { return };
            let name = range.name().unwrap_or_default();
            findings.push(
                Diagnostic::error(
                    "tuning/grid",
                    node.span,
                    format!("the Grid strategy cannot search \"{name}\", which is in {}", range.kind),
                )
                .at(pointer(&["tuningStrategy"]))
                .label("takes categorical ranges alone")
                .help("list the values of each hyperparameter in CategoricalParameterRanges, or choose another strategy"),
            );
        }
        Some("Hyperband") => {
            let name = "trainingJobEarlyStoppingType";
            let stopping = root.value.get(name).filter(|node| node.value.as_str() == Some("Auto"));
            let Some(stopping) = stopping else { return };
            findings.push(
                Diagnostic::error(
                    "tuning/hyperband",
                    stopping.span,
                    "the Hyperband strategy stops training jobs itself".to_owned(),
                )
                .at(pointer(&[name]))
                .label("must be \"Off\"")
                .help(format!("set \"{name}\" to \"Off\" (HyperParameterTuningJobConfig)")),
            );
        }
        _ => {}
    }
}

fn hyperparameters(root: &Node, findings: &mut Vec<Diagnostic>) {
    let Some(Node { value: Value::Object(members), span }) = find(root, &["staticHyperParameters"]) else {
        return;
    };
    let place = pointer(&["staticHyperParameters"]);
    let tuned: HashSet<_> = ranges::all(root).filter_map(|range| range.name()).collect();
    for member in members.iter().filter(|member| tuned.contains(member.name.as_str())) {
        findings.push(
            Diagnostic::error(
                "hyperparameter/static-and-tuned",
                member.name_span,
                format!("the hyperparameter \"{}\" is both static and tuned", member.name),
            )
            .at(place.child(&member.name))
            .label("has a range as well")
            .help("remove it here, or remove its range"),
        );
    }
    let count = members.len() + tuned.len();
    if count > MAX_HYPERPARAMETERS {
        findings.push(
            Diagnostic::error(
                "hyperparameter/count",
                *span,
                format!("{} static and {} tuned hyperparameters are {count}", members.len(), tuned.len()),
            )
            .at(place)
            .label(format!("at most {MAX_HYPERPARAMETERS}, static and tuned together"))
            .help("remove those that have the algorithm's default, or join several into one value"),
        );
    }
}
