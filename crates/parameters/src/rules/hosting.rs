//! What the members of an endpoint and of its scaling imply together.

use super::number::{self, Integer, double};
use super::{find, pointer};
use crate::Diagnostic;
use crate::json::Node;

const MIN: &[&str] = &["autoscalingMinCapacity"];
const MAX: &[&str] = &["autoscalingMaxCapacity"];
const INITIAL: &[&str] = &["model", "hosting", "initialInstanceCount"];
const TARGET: &[&str] = &["targetTrackingScalingPolicyConfiguration", "TargetValue"];

pub(super) fn check(root: &Node, findings: &mut Vec<Diagnostic>) {
    let [min, max, initial] = [MIN, MAX, INITIAL].map(|path| count(root, path));
    let told = match (min, max) {
        (Some((node, min)), Some((_, max))) if min > max => {
            findings.push(capacity(
                node,
                MIN,
                format!("the least capacity, {min}, is above the greatest, {max}"),
            ));
            true
        }
        _ => false,
    };
    if let (Some((node, initial)), false) = (initial, told) {
        if let Some((_, min)) = min.filter(|(_, min)| initial < *min) {
            let message = format!("the endpoint starts with {initial}, fewer than the least capacity, {min}");
            findings.push(capacity(node, INITIAL, message));
        } else if let Some((_, max)) = max.filter(|(_, max)| initial > *max) {
            let message =
                format!("the endpoint starts with {initial}, more than the greatest capacity, {max}");
            findings.push(capacity(node, INITIAL, message));
        }
    }
    target_value(root, findings);
}

fn count<'a>(root: &'a Node, path: &[&str]) -> Option<(&'a Node, Integer<'a>)> {
    let node = find(root, path)?;
    number::count(node).map(|number| (node, number))
}

/// `RegisterScalableTarget`: the capacity lies between its two bounds.
fn capacity(node: &Node, path: &[&str], message: String) -> Diagnostic {
    Diagnostic::error("scaling/capacity", node.span, message)
        .at(pointer(path))
        .label("out of order")
        .help("keep autoscalingMinCapacity ≤ model.hosting.initialInstanceCount ≤ autoscalingMaxCapacity")
}

/// `TargetTrackingScalingPolicyConfiguration`, member `TargetValue`: from -2^360 to 2^360.
fn target_value(root: &Node, findings: &mut Vec<Diagnostic>) {
    let Some(node) = find(root, TARGET) else { return };
    if double(node).is_some_and(|value| value.abs() > 2_f64.powi(360)) {
        findings.push(
            Diagnostic::error("value/bounds", node.span, "\"TargetValue\" is larger than the service takes")
                .at(pointer(TARGET))
                .label("-2^360 to 2^360 is allowed")
                .help("write the value of the metric that the policy is to keep, such as 5000"),
        );
    }
}
