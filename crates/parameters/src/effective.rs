use crate::json::{Node, Pointer, Span, Value, parse, to_pretty};
use crate::overlay::overlay;
use crate::secret::secret_member;
use crate::{Diagnostic, Documents, Manifest, ProjectRules, SECRET, Sources, StorePath, validate};

/// The parameters of one launch: those of a release, with what its manifest overrides laid over them, valid by every rule.
#[derive(Debug, Clone)]
pub struct Effective {
    /// They as one document.
    pub document: Node,
    /// The JSON pointers of the values that the manifest gave, in the order of the document. Of an object or range that is
    /// the manifest's as a whole there is one pointer.
    pub overridden: Vec<String>,
    /// What is worth a look.
    pub warnings: Vec<Diagnostic>,
    /// The texts that the warnings point into.
    pub sources: Sources,
}

impl Effective {
    /// Lays what `manifest` overrides over the parameters `resolved` and checks the whole by the rules of documents.
    ///
    /// `sources` are those of the manifest. The parameters have no text that a finding could point into, so they get one: as
    /// they would be written, under the name `name`, which says where they come from. `path` and `project` are the project's.
    ///
    /// # Errors
    /// Every finding, warnings as well, when one of them is an error; with them the texts that they point into.
    pub fn compose(
        resolved: &Node,
        name: impl Into<String>,
        manifest: &Manifest,
        path: &StorePath,
        project: &ProjectRules,
        mut sources: Sources,
    ) -> Result<Self, (Vec<Diagnostic>, Sources)> {
        let source = sources.add(name, to_pretty(&resolved.value));
        let mut document = match parse(&sources, source) {
            Ok(document) => document,
            Err(findings) => return Err((findings, sources)),
        };
        let mut overridden = Vec::new();
        if let Some(over) = &manifest.parameters {
            overlay(&mut document, over.clone());
            given(&document, over.span.source, &Pointer::default(), &mut overridden);
        }
        let checked = Documents { sources, root: as_written(&document), digests: Vec::new() };
        let result = validate(&checked, path, project).map(|valid| valid.warnings);
        let sources = checked.sources;
        let placed = |finding| placed(finding, manifest.parameters.as_ref());
        match result {
            Ok(warnings) => {
                let warnings = warnings.into_iter().map(placed).collect();
                Ok(Self { document, overridden, warnings, sources })
            }
            Err(findings) => Err((findings.into_iter().map(placed).collect(), sources)),
        }
    }
}

/// The document with each secret as a document has it: a source instead of a name and a version.
fn as_written(document: &Node) -> Node {
    let mut document = document.clone();
    sources_of_secrets(&mut document);
    document
}

fn sources_of_secrets(node: &mut Node) {
    let is_secret = secret_member(&node.value).is_some();
    match &mut node.value {
        Value::Object(members) if is_secret => {
            members.retain(|member| member.name == SECRET);
            for member in members {
                if let Value::String(name) = &mut member.node.value {
                    name.insert_str(0, "ssm:");
                }
            }
        }
        Value::Object(members) => {
            for member in members {
                sources_of_secrets(&mut member.node);
            }
        }
        // A secret is a parameter of its own, and a list is part of one.
        _ => {}
    }
}

/// Adds the pointers of what stands in the text `source`.
fn given(node: &Node, source: u16, pointer: &Pointer, found: &mut Vec<String>) {
    if node.span.source == source {
        return found.push(pointer.as_str().to_owned());
    }
    match &node.value {
        Value::Object(members) => {
            for member in members {
                given(&member.node, source, &pointer.child(&member.name), found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                given(element, source, &pointer.child(index), found);
            }
        }
        _ => {}
    }
}

/// A finding about what the manifest gave has its place there, where lists of ranges are shorter.
fn placed(finding: Diagnostic, given: Option<&Node>) -> Diagnostic {
    let found = given.and_then(|given| {
        let pointer = Pointer::default().child(crate::manifest::PARAMETERS);
        pointer_of(given, finding.span, &pointer)
    });
    match found {
        Some(pointer) => finding.at(pointer),
        None => finding,
    }
}

/// The pointer of the innermost value that holds `span`, itself or in its name.
fn pointer_of(node: &Node, span: Span, pointer: &Pointer) -> Option<Pointer> {
    let holds =
        |outer: Span| outer.source == span.source && outer.start <= span.start && span.end <= outer.end;
    if !holds(node.span) {
        return None;
    }
    let below = match &node.value {
        Value::Object(members) => members.iter().find_map(|member| {
            let pointer = pointer.child(&member.name);
            if holds(member.name_span) { Some(pointer) } else { pointer_of(&member.node, span, &pointer) }
        }),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .find_map(|(index, element)| pointer_of(element, span, &pointer.child(index))),
        _ => None,
    };
    below.or_else(|| Some(pointer.clone()))
}

#[cfg(test)]
mod tests;
