//! What an evaluation may allocate in all.
//!
//! The evaluator bounds each sequence and [`super::bounded`] each text, but not how many of them there are: an array of a hundred
//! thousand numbers is made for each of a hundred thousand items by an expression of one line. So the nodes that make values are
//! wrapped in [`COST`], which passes the value on and counts its size; what a value shares with others counts once, where it was
//! made. The body of a function counts its calls too, which also ends endless tail calls, at the same place each time.

use std::cell::Cell;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use super::bounded::{measure, too_large};
use super::functions::Used;
use super::tree::{self, Uses};

/// Counts its first argument and what the second one says, and returns the first; no expression can write the name.
pub(super) const COST: &str = "cost&bounded";
/// Counts a function that outlives the call that made it.
pub(super) const ESCAPE: &str = "escape&bounded";

/// Bytes that may be allocated for each unit of the size bound.
const BYTES: usize = 96;
/// A value's place in an array.
const ITEM: usize = 40;
/// A member of an object.
const MEMBER: usize = 100;
/// A container, however small.
const CONTAINER: usize = 64;
/// One of the combinations that `@$name` and `#$name` make.
const COMBINATION: usize = 500;
/// A call of a function of the expression's own.
const CALL: usize = 256;
/// Functions that may outlive the calls that made them: each may hold the one before it, and they are freed recursively.
const ESCAPES: usize = 10_000;
/// Bytes of stack that freeing them takes at most.
pub(super) const STACK: usize = 64 * 1024 * 1024;
/// Nodes that make values, up to which an expression without loops needs no count.
const FEW: usize = 32;

/// Builtins that make values, with how deep the new part of the value is.
const MAKERS: [(&str, usize); 47] = [
    ("append", 1),
    ("base64decode", 1),
    ("base64encode", 1),
    ("decodeUrl", 1),
    ("decodeUrlComponent", 1),
    ("distinct", 1),
    ("distinct&bounded", 1),
    ("each", 1),
    ("encodeUrl", 1),
    ("encodeUrlComponent", 1),
    ("filter", 1),
    ("formatBase", 1),
    ("formatInteger", 1),
    ("formatNumber", 1),
    ("fromMillis", 1),
    ("join", 1),
    ("join&bounded", 1),
    ("keys", 2),
    ("lookup", 1),
    ("lowercase", 1),
    ("map", 1),
    ("match", 4),
    ("merge", 1),
    ("now", 1),
    ("pad", 1),
    ("parse", 100),
    ("partition", 2),
    ("random", 1),
    ("range", 1),
    ("replace", 1),
    ("reverse", 1),
    ("shuffle", 1),
    ("sift", 1),
    ("single", 1),
    ("sort", 1),
    ("split", 2),
    ("spread", 2),
    ("string", 1),
    ("string&bounded", 1),
    ("substring", 1),
    ("substringAfter", 1),
    ("substringBefore", 1),
    ("trim", 1),
    ("uppercase", 1),
    ("uuid", 1),
    ("zip", 2),
    ("hash", 1),
];

/// Builtins whose function argument does not outlive the call.
const HIGHER: [&str; 8] = ["map", "filter", "reduce", "each", "sift", "sort", "single", "replace"];

pub(super) fn register(evaluator: &mut Evaluator, used: Used, size: usize) -> Result<(), EvaluatorError> {
    if used.has(COST) {
        let left = Cell::new(size.saturating_mul(BYTES));
        evaluator.register_fn(COST, move |arguments: &[JValue]| {
            let [value, depth, base, each] = arguments else { return Err(too_large()) };
            // What is shared inside may be small in memory and without end to whom walks through it.
            if matches!(value, JValue::Array(_) | JValue::Object(_)) {
                measure(value, size)?;
            }
            let items = if let JValue::Array(items) = value { items.len() } else { 1 };
            let bytes = (items.saturating_mul(count(each)))
                .saturating_add(count(base))
                .saturating_add(bytes(value, count(depth)));
            left.set(left.get().checked_sub(bytes).ok_or_else(too_large)?);
            Ok(value.clone())
        })?;
    }
    if used.has(ESCAPE) {
        let left = Cell::new(ESCAPES);
        evaluator.register_fn(ESCAPE, move |arguments: &[JValue]| {
            let count = arguments.first().map_or(0, count);
            left.set(left.get().checked_sub(count).ok_or_else(too_large)?);
            Ok(JValue::Undefined)
        })?;
    }
    Ok(())
}

/// A number that this module wrote into the tree.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
fn count(value: &JValue) -> usize {
    value.as_f64().map_or(0, |number| number as usize)
}

/// What the outer `depth` levels of `value` take in memory, about.
fn bytes(value: &JValue, depth: usize) -> usize {
    let Some(below) = depth.checked_sub(1) else { return 0 };
    match value {
        JValue::String(text) => text.len(),
        JValue::Array(items) => {
            let inner: usize = if below == 0 { 0 } else { items.iter().map(|item| bytes(item, below)).sum() };
            CONTAINER + items.len() * ITEM + inner
        }
        JValue::Object(members) => {
            let inner: usize =
                if below == 0 { 0 } else { members.values().map(|item| bytes(item, below)).sum() };
            CONTAINER + members.len() * MEMBER + inner
        }
        _ => 0,
    }
}

/// Wraps what makes values in `tree`, where they could add up.
pub(super) fn place(tree: &mut AstNode, uses: &mut Uses) {
    let mut survey = Survey::default();
    survey.look(tree);
    if survey.loops || survey.makers > FEW {
        walk(tree, uses);
        wrap(tree, uses);
    }
}

/// Whether values could add up.
#[derive(Default)]
struct Survey {
    loops: bool,
    makers: usize,
}

impl Survey {
    fn look(&mut self, node: &mut AstNode) {
        match node {
            AstNode::Lambda { .. }
            | AstNode::Transform { .. }
            | AstNode::ObjectTransform { .. }
            | AstNode::Binary { op: BinaryOp::ColonEqual, .. } => {
                self.loops = true;
            }
            AstNode::Path { steps } => {
                let simple = |node: &AstNode| {
                    matches!(
                        node,
                        AstNode::Name(_)
                            | AstNode::Variable(_)
                            | AstNode::String(_)
                            | AstNode::Wildcard
                            | AstNode::Descendant
                    )
                };
                self.loops |= steps.iter().skip(1).any(|step| !simple(&step.node) || combines(step));
                self.makers += 1;
            }
            _ => self.makers += usize::from(maker(node).is_some()),
        }
        tree::children(node, &mut |child| self.look(child));
    }
}

/// How deep the new part of a node's value is; `None` where the node makes none.
fn maker(node: &AstNode) -> Option<usize> {
    match node {
        AstNode::Binary { op: BinaryOp::Range, .. } | AstNode::Sort { .. } => Some(1),
        AstNode::Path { steps } => {
            let bound = steps.iter().any(|step| {
                step.is_tuple || step.inner_tuple || step.ancestor_label.is_some() || step.focus.is_some()
            });
            (steps.len() > 1 && !bound).then_some(1)
        }
        AstNode::Function { name, args, .. } if !args.contains(&AstNode::Placeholder) => {
            MAKERS.iter().find(|(known, _)| known == name).map(|(_, depth)| *depth)
        }
        _ => None,
    }
}

fn walk(node: &mut AstNode, uses: &mut Uses) {
    match node {
        // What is compared or calculated with is gone at once.
        AstNode::Binary { op, lhs, rhs } if !matches!(op, BinaryOp::ColonEqual | BinaryOp::ChainPipe) => {
            walk(lhs, uses);
            walk(rhs, uses);
        }
        AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => {
            below(lhs, uses);
            walk(rhs, uses);
        }
        AstNode::Path { steps } => {
            for (index, step) in steps.iter_mut().enumerate() {
                walk(&mut step.node, uses);
                if index > 0 && combines(step) {
                    combinations(&mut step.node, uses);
                }
                for stage in &mut step.stages {
                    if let Stage::Filter(filter) = stage {
                        walk(filter, uses);
                    }
                }
            }
        }
        AstNode::Sort { input, terms } => {
            walk(input, uses);
            for (term, _) in terms {
                walk(term, uses);
            }
        }
        AstNode::ObjectTransform { input, pattern } => {
            walk(input, uses);
            members(pattern, uses);
        }
        AstNode::Object(pairs) => members(pairs, uses),
        AstNode::Transform { location, update, delete } => {
            walk(location, uses);
            walk(update, uses);
            if let Some(delete) = delete {
                walk(delete, uses);
            }
        }
        AstNode::Call { procedure, args } => {
            walk(procedure, uses);
            for argument in args {
                below(argument, uses);
            }
        }
        AstNode::Lambda { body, .. } => {
            below(body, uses);
            let escapes = escapes(body);
            let inner = std::mem::replace(body.as_mut(), AstNode::Null);
            let mut block = vec![call(AstNode::Null, 0, CALL, uses)];
            if escapes > 0 {
                uses.functions.note(ESCAPE);
                let args = vec![number(escapes)];
                block.push(AstNode::Function { name: String::from(ESCAPE), args, is_builtin: true });
            }
            block.push(inner);
            **body = AstNode::Block(block);
        }
        AstNode::Array(items) | AstNode::ArrayGroup(items) => {
            let base = CONTAINER + items.len() * ITEM;
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, uses);
                // An array in the place of an item is appended to the others, unless it is written out.
                if !matches!(item, AstNode::Array(_)) && (index == 0 || !is_literal(item)) {
                    let inner = std::mem::replace(item, AstNode::Null);
                    let depth = maker(&inner).unwrap_or(1);
                    *item = call(inner, depth, if index == 0 { base } else { 0 }, uses);
                }
            }
        }
        AstNode::Function { name, args, .. } if HIGHER.contains(&name.as_str()) => {
            for argument in args {
                match argument {
                    AstNode::Lambda { .. } => walk(argument, uses),
                    _ => below(argument, uses),
                }
            }
        }
        other => tree::children(other, &mut |child| below(child, uses)),
    }
}

fn members(pairs: &mut [(AstNode, AstNode)], uses: &mut Uses) {
    let base = CONTAINER + pairs.len() * MEMBER;
    for (key, value) in pairs.iter_mut() {
        walk(key, uses);
        walk(value, uses);
        if !is_literal(value)
            && !matches!(value, AstNode::Array(_) | AstNode::Object(_) | AstNode::Lambda { .. })
        {
            let inner = std::mem::replace(value, AstNode::Null);
            let depth = maker(&inner).unwrap_or(0);
            *value = call(inner, depth, 0, uses);
        }
    }
    if let Some((key, _)) = pairs.first_mut() {
        charge(key, base, uses);
    }
}

fn is_literal(node: &AstNode) -> bool {
    matches!(node, AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null)
}

/// Whether a step of a path keeps each value together with those of the steps before it.
fn combines(step: &PathStep) -> bool {
    step.focus.is_some() || step.index_var.is_some()
}

/// Counts each combination that a step makes.
fn combinations(node: &mut AstNode, uses: &mut Uses) {
    let items = match node {
        AstNode::Array(items) | AstNode::ArrayGroup(items) => items.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    for item in items {
        let inner = std::mem::replace(item, AstNode::Null);
        uses.functions.note(COST);
        let args = vec![inner, number(1), number(CONTAINER), number(COMBINATION)];
        *item = AstNode::Function { name: String::from(COST), args, is_builtin: true };
    }
}

/// Walks `node` and wraps it where it makes a value that is kept.
fn below(node: &mut AstNode, uses: &mut Uses) {
    walk(node, uses);
    wrap(node, uses);
}

fn wrap(node: &mut AstNode, uses: &mut Uses) {
    if let Some(depth) = maker(node) {
        let inner = std::mem::replace(node, AstNode::Null);
        *node = call(inner, depth, 0, uses);
    }
}

/// Counts `base` each time `node` is evaluated.
fn charge(node: &mut AstNode, base: usize, uses: &mut Uses) {
    let inner = std::mem::replace(node, AstNode::Null);
    *node = call(inner, 0, base, uses);
}

fn call(inner: AstNode, depth: usize, base: usize, uses: &mut Uses) -> AstNode {
    uses.functions.note(COST);
    AstNode::Function {
        name: String::from(COST),
        args: vec![inner, number(depth), number(base), number(0)],
        is_builtin: true,
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(number: usize) -> AstNode {
    AstNode::Number(number as f64)
}

/// How many functions one evaluation of `node` may make that outlive it, without those that inner functions make.
fn escapes(node: &mut AstNode) -> usize {
    let mut count = match node {
        AstNode::Lambda { .. } => return 1,
        AstNode::Function { args, .. } if args.contains(&AstNode::Placeholder) => 1,
        AstNode::Binary { op: BinaryOp::ChainPipe, rhs, .. } => {
            usize::from(!matches!(rhs.as_ref(), AstNode::Function { .. }))
        }
        _ => 0,
    };
    let higher = matches!(node, AstNode::Function { name, .. } if HIGHER.contains(&name.as_str()));
    tree::children(node, &mut |child| {
        if !(higher && matches!(child, AstNode::Lambda { .. })) {
            count += escapes(child);
        }
    });
    count
}
