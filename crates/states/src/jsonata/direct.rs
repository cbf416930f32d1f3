//! Calls of builtins, written out: `$f := $pad` as `$f := function($text, …) { $pad($text, …) }`, `text ~> $pad(9)` as
//! `$pad(text, 9)`. Bounds are put around calls, and so each call has to be seen.

use jsonata_core::ast::{AstNode, BinaryOp};

use super::tree;

/// Builtins that have bounds, with the number of their parameters. `$replace` as a value is refused.
const BUILTINS: [(&str, usize); 43] = [
    ("append", 2),
    ("base64decode", 1),
    ("base64encode", 1),
    ("decodeUrl", 1),
    ("decodeUrlComponent", 1),
    ("distinct", 1),
    ("each", 2),
    ("encodeUrl", 1),
    ("encodeUrlComponent", 1),
    ("filter", 2),
    ("formatBase", 2),
    ("formatInteger", 2),
    ("formatNumber", 3),
    ("fromMillis", 3),
    ("hash", 2),
    ("join", 2),
    ("keys", 1),
    ("lookup", 2),
    ("lowercase", 1),
    ("map", 2),
    ("match", 3),
    ("merge", 1),
    ("pad", 3),
    ("parse", 1),
    ("parseInteger", 2),
    ("partition", 2),
    ("range", 3),
    ("reduce", 3),
    ("reverse", 1),
    ("shuffle", 1),
    ("sift", 2),
    ("single", 2),
    ("sort", 2),
    ("split", 3),
    ("spread", 1),
    ("string", 1),
    ("substring", 3),
    ("substringAfter", 2),
    ("substringBefore", 2),
    ("toMillis", 2),
    ("trim", 1),
    ("uppercase", 1),
    ("replace", 4),
];

/// Writes out the calls in `tree`. Names that the expression binds itself are its own.
pub(super) fn calls(tree: &mut AstNode) {
    let mut bound = Vec::new();
    bindings(tree, &mut bound);
    rewrite(tree, &bound);
}

fn bindings(node: &mut AstNode, bound: &mut Vec<String>) {
    match node {
        AstNode::Lambda { params, .. } => bound.extend(params.iter().cloned()),
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = lhs.as_ref() {
                bound.push(name.clone());
            }
        }
        AstNode::Path { steps } => {
            bound
                .extend(steps.iter().flat_map(|step| [step.focus.clone(), step.index_var.clone()]).flatten());
        }
        _ => {}
    }
    tree::children(node, &mut |child| bindings(child, bound));
}

fn parameters(name: &str, bound: &[String]) -> Option<usize> {
    if bound.iter().any(|own| own == name) {
        return None;
    }
    BUILTINS.iter().find(|(known, _)| *known == name).map(|(_, parameters)| *parameters)
}

fn rewrite(node: &mut AstNode, bound: &[String]) {
    chained(node, bound);
    tree::children(node, &mut |child| rewrite(child, bound));
    match node {
        AstNode::Variable(name) if name != "replace" => {
            if let Some(count) = parameters(name, bound) {
                let name = std::mem::take(name);
                *node = function(name, vec![AstNode::Placeholder; count]);
            }
        }
        AstNode::Function { name, args, .. }
            if args.contains(&AstNode::Placeholder) && parameters(name, bound).is_some() =>
        {
            let (name, args) = (std::mem::take(name), std::mem::take(args));
            *node = function(name, args);
        }
        // Their bounds look at both arguments, which are evaluated once: they become parameters.
        AstNode::Function { name, args, .. }
            if matches!(name.as_str(), "toMillis" | "formatInteger")
                && parameters(name, bound).is_some()
                && matches!(args.as_slice(), [_, picture] if !is_repeatable(picture)) =>
        {
            let (name, args) = (std::mem::take(name), std::mem::take(args));
            let procedure = Box::new(function(name, vec![AstNode::Placeholder; args.len()]));
            *node = AstNode::Call { procedure, args };
        }
        _ => {}
    }
}

fn is_repeatable(node: &AstNode) -> bool {
    matches!(node, AstNode::String(_) | AstNode::Variable(_))
}

/// `value ~> $name(…)` as `$name(value, …)`.
fn chained(node: &mut AstNode, bound: &[String]) {
    if let AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } = node
        && let AstNode::Function { name, args, is_builtin: true } = rhs.as_mut()
        && parameters(name, bound).is_some()
        && !args.contains(&AstNode::Placeholder)
    {
        let (name, mut args) = (std::mem::take(name), std::mem::take(args));
        args.insert(0, std::mem::replace(lhs.as_mut(), AstNode::Null));
        *node = AstNode::Function { name, args, is_builtin: true };
    }
}

/// A function of the placeholders in `args` that calls `$name(args)`.
fn function(name: String, mut args: Vec<AstNode>) -> AstNode {
    let mut params = Vec::new();
    for argument in args.iter_mut().filter(|argument| **argument == AstNode::Placeholder) {
        let parameter = format!("{}&argument", params.len());
        *argument = AstNode::Variable(parameter.clone());
        params.push(parameter);
    }
    let body = Box::new(AstNode::Function { name, args, is_builtin: true });
    AstNode::Lambda { params, body, signature: None, thunk: false }
}
