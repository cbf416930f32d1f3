//! A machine as a list of nodes and edges, for the formats whose readers lay it out themselves.
//!
//! A Map or Parallel state is a group with a node of its own, so that every edge leads from node to node: not every reader can
//! end one at a group. Dotted edges lead from it to the beginnings of what is inside.

use mlpp_states::outline::{Kind, Outline, Reason};

use super::labels;

/// What writes a format.
pub(super) trait Format {
    /// A node with its lines of text; `kind` is a type of state.
    fn node(&mut self, id: usize, kind: &str, lines: &[String]);
    /// What follows until the group's end is within it.
    fn open(&mut self, group: Group);
    fn close(&mut self);
    fn edge(&mut self, from: usize, to: usize, style: Style, label: &[String]);
}

/// A group, by a node in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// A Map or Parallel state.
    State(usize),
    /// A branch of a Parallel state, by its first state in the definition.
    Branch(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Next,
    Catch,
    /// Into a group.
    Inside,
}

/// The types that start and end are given for a node.
pub(super) const START: &str = "Start";
pub(super) const END: &str = "End";

/// Tells everything of a machine: 0 is the start, 1 the end.
pub(super) fn list(outline: &Outline<'_>, format: &mut impl Format) {
    format.node(0, START, &[START.to_owned()]);
    format.node(1, END, &[END.to_owned()]);
    let mut free = 2;
    let first = scope(outline, &mut free, format);
    format.edge(0, first + outline.start_at, Style::Next, &[]);
    for (position, _) in outline.states.iter().enumerate().filter(|(_, state)| state.ends) {
        format.edge(first + position, 1, Style::Next, &[]);
    }
}

/// The id of the scope's first state; the others follow.
fn scope(outline: &Outline<'_>, free: &mut usize, format: &mut impl Format) -> usize {
    let first = *free;
    *free += outline.states.len();
    for (position, state) in outline.states.iter().enumerate() {
        let id = first + position;
        let inner: &[Outline<'_>] = match &state.kind {
            Kind::Parallel { branches } => branches,
            Kind::Map { processor, .. } => std::slice::from_ref(processor),
            _ => &[],
        };
        let kind = labels::type_name(&state.kind);
        // Nobody breaks these lines: a plain space will do.
        let lines = [state.name.to_owned(), labels::about(&state.kind).replace('\u{a0}', " ")];
        if inner.is_empty() {
            format.node(id, kind, &lines);
            continue;
        }
        format.open(Group::State(id));
        format.node(id, kind, &lines);
        let mut starts = Vec::new();
        for branch in inner {
            let parallel = inner.len() > 1;
            if parallel {
                format.open(Group::Branch(*free));
            }
            starts.push(scope(branch, free, format) + branch.start_at);
            if parallel {
                format.close();
            }
        }
        format.close();
        for start in starts {
            format.edge(id, start, Style::Inside, &[]);
        }
    }
    for (position, state) in outline.states.iter().enumerate() {
        for transition in &state.transitions {
            let style = match transition.reason {
                Reason::Catch { .. } => Style::Catch,
                Reason::Next | Reason::Choice { .. } | Reason::Default => Style::Next,
            };
            let label = labels::of(&[&transition.reason]).map(|label| label.lines).unwrap_or_default();
            format.edge(first + position, first + transition.target, style, &label);
        }
    }
    first
}
