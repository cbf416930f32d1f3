//! What the members of training jobs and models imply together: networks and spot instances.

use super::{find, pointer};
use crate::Diagnostic;
use crate::json::{Node, Value};

/// The two members of each `VpcConfig`: security groups and subnets.
const NETWORKS: [[&[&str]; 2]; 2] = [
    [&["model", "trainingSecurityGroupIds"], &["model", "trainingSubnets"]],
    [&["model", "hosting", "securityGroupIds"], &["model", "hosting", "subnets"]],
];

pub(super) fn check(root: &Node, findings: &mut Vec<Diagnostic>) {
    for [groups, subnets] in NETWORKS {
        match (given(root, groups), given(root, subnets)) {
            (Some(node), None) if is_list(node) => findings.push(alone(node, groups, subnets)),
            (None, Some(node)) if is_list(node) => findings.push(alone(node, subnets, groups)),
            _ => {}
        }
    }
    checkpoints(root, findings);
}

fn given<'a>(root: &'a Node, path: &[&str]) -> Option<&'a Node> {
    find(root, path).filter(|node| match &node.value {
        Value::Array(elements) => !elements.is_empty(),
        Value::String(text) => !text.is_empty(),
        other => !matches!(other, Value::Null),
    })
}

/// What is no list is wrong by itself.
fn is_list(node: &Node) -> bool {
    matches!(node.value, Value::Array(_))
}

/// `VpcConfig` requires both of its members.
fn alone(node: &Node, path: &[&str], other: &[&str]) -> Diagnostic {
    let name = path.last().copied().unwrap_or_default();
    let other_name = other.last().copied().unwrap_or_default();
    Diagnostic::error("network/vpc", node.span, format!("\"{name}\" is given without \"{other_name}\""))
        .at(pointer(path))
        .label(format!("\"{other_name}\" is missing or empty"))
        .help(format!("give both, or leave \"{name}\" out to run outside a VPC (VpcConfig requires both)"))
}

fn checkpoints(root: &Node, findings: &mut Vec<Diagnostic>) {
    let uri = given(root, &["spotTrainingCheckpointS3Uri"]);
    let Some(uri) = uri.filter(|node| node.value.as_str().is_some()) else { return };
    let off = match root.value.get("enableManagedSpotTraining").map(|node| &node.value) {
        None | Some(Value::Boolean(false)) => true,
        Some(Value::String(text)) => text == "false",
        Some(_) => false,
    };
    if off {
        findings.push(
            Diagnostic::warning(
                "spot/checkpoint-unused",
                uri.span,
                "no checkpoints are written: spot training is off",
            )
            .at(pointer(&["spotTrainingCheckpointS3Uri"]))
            .label("not used")
            .help("set \"enableManagedSpotTraining\" to true, or leave this out"),
        );
    }
}
