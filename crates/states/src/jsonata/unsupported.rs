//! What the service refuses in an expression when it reads the definition: references to a context that there is not.
//!
//! An expression is evaluated without context item: data is in `$states`, the rest in variables. Only the first step of a path reads
//! the top level; later steps, predicates, sort terms and groups see the values before them. The body of a function keeps the
//! context of the expression around it.

use jsonata_core::ast::{AstNode, PathStep, UnaryOp};

use super::Place;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// A name, or `$`.
    TopLevel(String),
    /// `$$`
    Root,
    /// `$states.errorOutput`
    ErrorOutput,
}

impl Reference {
    /// Why the reference cannot stand at `place`, if it cannot.
    pub(super) fn problem(&self, place: Place) -> Option<String> {
        match self {
            Self::TopLevel(name) => Some(format!("Reference to '{name}' at the top level is not supported.")),
            Self::Root => Some(String::from("Reference to '$$' is not supported.")),
            Self::ErrorOutput if place == Place::Catcher => None,
            Self::ErrorOutput => Some(String::from("Field '$states.errorOutput' does not exist.")),
        }
    }
}

/// The references of an expression, each once, in the order of the text.
pub(super) fn references(tree: &AstNode) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(tree, &mut found);
    found
}

fn note(reference: Reference, found: &mut Vec<Reference>) {
    if !found.contains(&reference) {
        found.push(reference);
    }
}

fn collect(node: &AstNode, found: &mut Vec<Reference>) {
    match node {
        AstNode::Name(name) => note(Reference::TopLevel(name.clone()), found),
        AstNode::Variable(name) if name.is_empty() => note(Reference::TopLevel(String::from("$")), found),
        AstNode::Variable(name) if name == "$" => note(Reference::Root, found),
        AstNode::ParentVariable(_) => note(Reference::Root, found),
        AstNode::Path { steps } => {
            if let Some(first) = steps.first() {
                collect(&first.node, found);
            }
            if reads_error_output(steps) {
                note(Reference::ErrorOutput, found);
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            collect(lhs, found);
            collect(rhs, found);
        }
        AstNode::Unary { op: UnaryOp::Negate | UnaryOp::Not, operand } => collect(operand, found),
        AstNode::Function { args, .. } => args.iter().for_each(|argument| collect(argument, found)),
        AstNode::Call { procedure, args } => {
            collect(procedure, found);
            for argument in args {
                collect(argument, found);
            }
        }
        AstNode::Lambda { body, .. } => collect(body, found),
        AstNode::Array(items) | AstNode::Block(items) => items.iter().for_each(|item| collect(item, found)),
        AstNode::Object(members) => members.iter().for_each(|(key, value)| {
            collect(key, found);
            collect(value, found);
        }),
        AstNode::ObjectTransform { input, .. } | AstNode::Sort { input, .. } => collect(input, found),
        AstNode::Conditional { condition, then_branch, else_branch } => {
            collect(condition, found);
            collect(then_branch, found);
            if let Some(branch) = else_branch {
                collect(branch, found);
            }
        }
        // What these read is a step before them, a value, or nothing.
        AstNode::ArrayGroup(_)
        | AstNode::FunctionApplication(_)
        | AstNode::Transform { .. }
        | AstNode::String(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
    }
}

fn reads_error_output(steps: &[PathStep]) -> bool {
    matches!(
        steps,
        [PathStep { node: AstNode::Variable(name), .. }, PathStep { node: AstNode::Name(member), .. }, ..]
            if name == "states" && member == "errorOutput"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Expression, Place};

    fn compile(text: &str) -> Result<Vec<String>, String> {
        let expression = Expression::compile(&format!("{{% {text} %}}"))?.unwrap();
        Ok(expression.unsupported(Place::State))
    }

    #[test]
    fn names_at_the_top_level_are_refused() {
        for (text, names) in [
            ("phone", vec!["phone"]),
            ("phone.mobile[kind = 'x']", vec!["phone"]),
            ("$states.input.items[value > 3].name", vec![]),
            ("$map($states.input.a, function($x){ b })", vec!["b"]),
            ("{aaa: 1, 'b': c}", vec!["aaa", "c"]),
            ("[a, -b, $x ? c : d]", vec!["a", "b", "c", "d"]),
            ("$states.input.a^(b)", vec![]),
            ("$states.input.a{b: c}", vec![]),
            ("($x := a; $x.b)", vec!["a"]),
            ("$", vec!["$"]),
            ("$undefined.a & 'text' & $now()", vec![]),
        ] {
            let expected: Vec<String> = names
                .iter()
                .map(|name| format!("Reference to '{name}' at the top level is not supported."))
                .collect();
            assert_eq!(compile(text), Ok(expected), "{text}");
        }
        assert_eq!(compile("$$"), Ok(vec![String::from("Reference to '$$' is not supported.")]));
    }

    #[test]
    fn the_error_output_is_for_catchers() {
        let expression = Expression::compile("{% $states.errorOutput.Cause %}").unwrap().unwrap();
        assert_eq!(expression.unsupported(Place::State), ["Field '$states.errorOutput' does not exist."]);
        assert!(expression.unsupported(Place::Catcher).is_empty());
    }
}
