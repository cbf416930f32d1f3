//! An expression's tree: what it mentions, found once when it is parsed, and where its results need bounds.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use super::bounded::{self, RENAMED};
use super::functions::Used;
use super::{allocation, direct, pictures};

/// Operators `&` up to which plain operands need no bound.
const FEW: usize = 64;

/// The names that an expression mentions.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Variables, without `$`, `states` among them.
    pub(super) variables: Vec<String>,
    pub(super) states: StatesUses,
    pub(super) functions: Used,
    /// Variables that are read, not called.
    read: Vec<String>,
    /// Variables that the expression itself binds.
    bound: Vec<String>,
    /// The expression can repeat itself or name intermediate values, so that nothing about sizes is evident.
    repeats: bool,
    /// `$replace` may call a function for its replacements.
    replaces: bool,
}

impl Uses {
    /// Variables that the expression reads and does not bind itself.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        let own = |name: &String| name.is_empty() || name == "states" || self.bound.contains(name);
        self.read.iter().filter(move |name| !own(name)).map(String::as_str)
    }
}

/// The members of `$states` that an expression may read.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each member of $states")]
pub(super) struct StatesUses {
    pub(super) input: bool,
    pub(super) result: bool,
    pub(super) error_output: bool,
    pub(super) context: bool,
}

impl StatesUses {
    pub(super) fn any(&self) -> bool {
        self.input || self.result || self.error_output || self.context
    }

    fn note(&mut self, member: Option<&str>) {
        match member {
            Some("input") => self.input = true,
            Some("result") => self.result = true,
            Some("errorOutput") => self.error_output = true,
            Some("context") => self.context = true,
            Some(_) => {}
            None => *self = Self { input: true, result: true, error_output: true, context: true },
        }
    }
}

/// The name of a variable as the expression has it.
pub(super) fn original(name: &str) -> &str {
    RENAMED.iter().find(|(_, stand_in)| *stand_in == name).map_or(name, |(original, _)| original)
}

/// Notes what `tree` uses, and puts bounds where its results could outgrow the memory.
pub(super) fn prepare(mut tree: AstNode) -> Result<(AstNode, Uses), String> {
    direct::calls(&mut tree);
    let mut shape = Shape::default();
    survey(&mut tree, &mut shape);
    if shape.replace_as_value {
        return Err(String::from("the function $replace can only be called directly"));
    }
    let repeats = shape.repeats || shape.concatenations > FEW;
    let mut uses = Uses { repeats, replaces: shape.replaces, ..Uses::default() };
    visit(&mut tree, &mut uses);
    allocation::place(&mut tree, &mut uses);
    Ok((tree, uses))
}

#[derive(Default)]
struct Shape {
    repeats: bool,
    replaces: bool,
    replace_as_value: bool,
    concatenations: usize,
}

fn survey(node: &mut AstNode, shape: &mut Shape) {
    match node {
        AstNode::Lambda { .. }
        | AstNode::Transform { .. }
        | AstNode::Binary { op: BinaryOp::ColonEqual, .. } => {
            shape.repeats = true;
        }
        AstNode::Binary { op: BinaryOp::Concatenate, .. } => shape.concatenations += 1,
        AstNode::Variable(name) if name == "replace" => shape.replace_as_value = true,
        AstNode::Function { name, .. } if name == "replace" => shape.replaces = true,
        _ => {}
    }
    children(node, &mut |child| survey(child, shape));
}

fn renamed(name: &str) -> String {
    let stand_in = RENAMED.iter().find(|(original, _)| *original == name).map(|(_, stand_in)| *stand_in);
    String::from(stand_in.unwrap_or(name))
}

fn note_variable(name: &mut String, uses: &mut Uses) {
    *name = renamed(name);
    uses.functions.note(name);
    if !uses.variables.iter().any(|known| known == name) {
        uses.variables.push(name.clone());
    }
}

fn visit(node: &mut AstNode, uses: &mut Uses) {
    match node {
        AstNode::Variable(name) => {
            if name == "states" {
                uses.states.note(None);
            }
            note_variable(name, uses);
            uses.read.push(name.clone());
            return;
        }
        AstNode::Path { steps } => {
            for step in steps.iter_mut() {
                [&mut step.focus, &mut step.index_var].into_iter().flatten().for_each(|name| {
                    note_variable(name, uses);
                    uses.bound.push(name.clone());
                });
            }
            if let [
                PathStep { node: AstNode::Variable(name), stages, .. },
                PathStep { node: AstNode::Name(member), .. },
                ..,
            ] = steps.as_slice()
                && name == "states"
                && stages.is_empty()
            {
                uses.states.note(Some(member));
                if !uses.variables.iter().any(|known| known == "states") {
                    uses.variables.push(String::from("states"));
                }
                let stages = steps.iter_mut().skip(1);
                stages.for_each(|step| step_children(step, &mut |child| visit(child, uses)));
                return;
            }
        }
        AstNode::Function { name, args, .. } => {
            if name == "now" && !args.is_empty() {
                // With a picture, the time goes through `$fromMillis`.
                args.insert(
                    0,
                    AstNode::Function { name: String::from("millis"), args: Vec::new(), is_builtin: true },
                );
                *name = String::from("fromMillis");
            }
            if args.is_empty()
                && matches!(name.as_str(), "string" | "base64encode" | "encodeUrl" | "encodeUrlComponent")
            {
                // The stand-ins do not see the context, which is the argument by default.
                args.push(AstNode::Variable(String::new()));
            }
            note_variable(name, uses);
        }
        AstNode::Lambda { params, .. } => {
            for name in params {
                note_variable(name, uses);
                uses.bound.push(name.clone());
            }
        }
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = lhs.as_ref() {
                uses.bound.push(renamed(name));
            }
        }
        _ => {}
    }
    children(node, &mut |child| visit(child, uses));
    put_bounds(node, uses);
}

fn put_bounds(node: &mut AstNode, uses: &mut Uses) {
    match node {
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => {
            for operand in [lhs, rhs] {
                if uses.repeats || !is_plain(operand) {
                    wrap(operand, uses);
                }
            }
        }
        AstNode::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In, lhs, rhs }
            if uses.repeats && !is_scalar(lhs) && !is_scalar(rhs) =>
        {
            wrap(lhs, uses);
            wrap(rhs, uses);
        }
        AstNode::Binary { op: BinaryOp::Range, lhs, rhs } => {
            for end in [lhs, rhs] {
                let near =
                    matches!(end.as_ref(), AstNode::Number(number) if number.abs() <= bounded::LAST_END);
                if !near {
                    stand_in(bounded::GUARD_RANGE, end, None, uses);
                }
            }
        }
        AstNode::Function { name, args, .. } if name == "replace" && args.len() > 2 => {
            uses.functions.note(bounded::GUARD_REPLACE);
            let text = std::mem::replace(&mut args[0], AstNode::Null);
            let both = vec![text, args[2].clone()];
            args[0] = AstNode::Function {
                name: String::from(bounded::GUARD_REPLACE),
                args: both,
                is_builtin: true,
            };
        }
        AstNode::Function { name, args, .. } => bound_arguments(name, args, uses),
        AstNode::Lambda { body, .. } if uses.replaces => wrap(body, uses),
        _ => {}
    }
}

/// Bounds on arguments that decide how much a builtin does.
fn bound_arguments(name: &str, args: &mut [AstNode], uses: &mut Uses) {
    match (name, args) {
        ("match" | "split", [text, ..]) => stand_in(bounded::GUARD_TEXT, text, None, uses),
        ("keys", [objects, ..]) => stand_in(bounded::GUARD_KEYS, objects, None, uses),
        ("fromMillis", [instant, rest @ ..]) => {
            stand_in(pictures::INSTANT, instant, None, uses);
            if let [picture, ..] = rest {
                stand_in(pictures::DATE_PICTURE, picture, None, uses);
            }
        }
        ("toMillis", [text, picture, ..]) => {
            stand_in(pictures::MOMENT, text, Some(picture), uses);
            stand_in(pictures::MOMENT_PICTURE, picture, None, uses);
        }
        ("formatInteger", [number, picture, ..]) => {
            stand_in(pictures::INTEGER, number, Some(picture), uses);
            stand_in(pictures::PICTURE, picture, None, uses);
        }
        ("formatNumber" | "parseInteger", [_, picture, ..]) => {
            stand_in(pictures::PICTURE, picture, None, uses);
        }
        _ => {}
    }
}

/// Puts `node` through the function `name`, which also sees `other`.
fn stand_in(name: &str, node: &mut AstNode, other: Option<&AstNode>, uses: &mut Uses) {
    if *node == AstNode::Placeholder {
        return;
    }
    uses.functions.note(name);
    let mut args = vec![std::mem::replace(node, AstNode::Null)];
    args.extend(other.cloned());
    *node = AstNode::Function { name: String::from(name), args, is_builtin: true };
}

fn wrap(node: &mut AstNode, uses: &mut Uses) {
    if is_scalar(node) {
        return;
    }
    uses.functions.note(bounded::GUARD);
    let inner = std::mem::replace(node, AstNode::Null);
    *node = AstNode::Function { name: String::from(bounded::GUARD), args: vec![inner], is_builtin: true };
}

fn is_scalar(node: &AstNode) -> bool {
    matches!(
        node,
        AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null | AstNode::Undefined
    )
}

/// Whether the value is evidently no larger than what the expression is given, or a few times that.
fn is_plain(node: &AstNode) -> bool {
    match node {
        AstNode::Variable(_) | AstNode::Name(_) => true,
        AstNode::Path { steps } => steps.iter().all(|step| {
            step.stages.is_empty()
                && (is_scalar(&step.node) || matches!(step.node, AstNode::Variable(_) | AstNode::Name(_)))
        }),
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => is_plain(lhs) && is_plain(rhs),
        AstNode::Function { name, .. } => {
            matches!(
                name.as_str(),
                "now" | "uuid" | "millis" | "random" | "substring" | "length" | "count" | "sum"
            ) || RENAMED.iter().any(|(_, stand_in)| stand_in == name)
        }
        other => is_scalar(other),
    }
}

/// Calls `each` for the nodes right below `node`.
pub(super) fn children(node: &mut AstNode, each: &mut dyn FnMut(&mut AstNode)) {
    match node {
        AstNode::Path { steps } => steps.iter_mut().for_each(|step| step_children(step, each)),
        AstNode::Function { args, .. } => args.iter_mut().for_each(each),
        AstNode::Binary { lhs, rhs, .. } => {
            each(lhs);
            each(rhs);
        }
        AstNode::Unary { operand, .. } => each(operand),
        AstNode::Call { procedure, args } => {
            each(procedure);
            args.iter_mut().for_each(each);
        }
        AstNode::Lambda { body, .. } => each(body),
        AstNode::Array(items) | AstNode::Block(items) | AstNode::ArrayGroup(items) => {
            items.iter_mut().for_each(each);
        }
        AstNode::Object(members) => member_children(members, each),
        AstNode::ObjectTransform { input, pattern } => {
            each(input);
            member_children(pattern, each);
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            each(condition);
            each(then_branch);
            if let Some(branch) = else_branch {
                each(branch);
            }
        }
        AstNode::FunctionApplication(inner) => each(inner),
        AstNode::Sort { input, terms } => {
            each(input);
            for (term, _) in terms {
                each(term);
            }
        }
        AstNode::Transform { location, update, delete } => {
            each(location);
            each(update);
            if let Some(delete) = delete {
                each(delete);
            }
        }
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
    }
}

fn member_children(members: &mut [(AstNode, AstNode)], each: &mut dyn FnMut(&mut AstNode)) {
    for (key, value) in members {
        each(key);
        each(value);
    }
}

fn step_children(step: &mut PathStep, each: &mut dyn FnMut(&mut AstNode)) {
    each(&mut step.node);
    for stage in &mut step.stages {
        if let Stage::Filter(filter) = stage {
            each(filter);
        }
    }
}
