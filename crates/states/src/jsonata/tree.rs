//! What an expression mentions, found once when it is parsed.

use jsonata_core::ast::{AstNode, PathStep, Stage};

use super::functions::Used;

/// The names that an expression mentions.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Variables, without `$`, `states` among them.
    pub(super) variables: Vec<String>,
    pub(super) states: StatesUses,
    pub(super) functions: Used,
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

/// Notes what `tree` uses.
pub(super) fn prepare(mut tree: AstNode) -> Result<(AstNode, Uses), String> {
    let mut uses = Uses::default();
    visit(&mut tree, &mut uses);
    Ok((tree, uses))
}

fn visit(node: &mut AstNode, uses: &mut Uses) {
    match node {
        AstNode::Variable(name) => {
            if name == "states" {
                uses.states.note(None);
            }
            uses.functions.note(name);
            if !uses.variables.iter().any(|known| known == name) {
                uses.variables.push(name.clone());
            }
        }
        AstNode::Path { steps } => {
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
                visit_steps(&mut steps[1..], uses);
            } else {
                visit_steps(steps, uses);
            }
        }
        AstNode::Function { name, args, .. } => {
            if name == "now" && !args.is_empty() {
                // With a picture, the time goes through `$fromMillis`.
                let millis =
                    AstNode::Function { name: String::from("millis"), args: Vec::new(), is_builtin: true };
                args.insert(0, millis);
                *name = String::from("fromMillis");
            }
            uses.functions.note(name);
            if !uses.variables.iter().any(|known| known == name) {
                uses.variables.push(name.clone());
            }
            visit_all(args, uses);
        }
        AstNode::Binary { lhs, rhs, .. } => {
            visit(lhs, uses);
            visit(rhs, uses);
        }
        AstNode::Unary { operand, .. } => visit(operand, uses),
        AstNode::Call { procedure, args } => {
            visit(procedure, uses);
            visit_all(args, uses);
        }
        AstNode::Lambda { body, .. } => visit(body, uses),
        AstNode::Array(items) | AstNode::Block(items) | AstNode::ArrayGroup(items) => visit_all(items, uses),
        AstNode::Object(members) => visit_members(members, uses),
        AstNode::ObjectTransform { input, pattern } => {
            visit(input, uses);
            visit_members(pattern, uses);
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            visit(condition, uses);
            visit(then_branch, uses);
            if let Some(branch) = else_branch {
                visit(branch, uses);
            }
        }
        AstNode::FunctionApplication(inner) => visit(inner, uses),
        AstNode::Sort { input, terms } => {
            visit(input, uses);
            terms.iter_mut().for_each(|(term, _)| visit(term, uses));
        }
        AstNode::Transform { location, update, delete } => {
            visit(location, uses);
            visit(update, uses);
            if let Some(delete) = delete {
                visit(delete, uses);
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
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
    }
}

fn visit_all(nodes: &mut [AstNode], uses: &mut Uses) {
    nodes.iter_mut().for_each(|node| visit(node, uses));
}

fn visit_members(members: &mut [(AstNode, AstNode)], uses: &mut Uses) {
    for (key, value) in members {
        visit(key, uses);
        visit(value, uses);
    }
}

fn visit_steps(steps: &mut [PathStep], uses: &mut Uses) {
    for step in steps {
        visit(&mut step.node, uses);
        for stage in &mut step.stages {
            if let Stage::Filter(filter) = stage {
                visit(filter, uses);
            }
        }
    }
}
