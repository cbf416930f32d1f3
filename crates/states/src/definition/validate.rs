//! Checks of a whole machine: states that nothing leads to, scopes that cannot end, names used twice.

use std::collections::HashSet;

use super::fields::Findings;
use super::{Scope, StateKind, StateMachine, Transition};
use crate::diagnostic::Code;

pub(super) fn check(machine: &StateMachine, locations: &[String], findings: &Findings) {
    for scope in &machine.scopes {
        let reached = reachable(machine, scope);
        let mut ends = false;
        let mut ids: Vec<u32> = scope.names.values().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(state) = machine.state(id) else { continue };
            ends |= state.next == Transition::End && !matches!(state.kind, StateKind::Choice(_));
            if !reached.contains(&id) {
                let message = format!("State \"{}\" is not reachable", state.name);
                findings.warning(Code::UnreachableState, message, &locations[id as usize]);
            }
        }
        if !ends && let Some(location) = locations.get(scope.start_at as usize) {
            findings.warning(Code::MissingEndState, "No state ends the state machine", location);
        }
    }
    let mut names = HashSet::new();
    for (state, location) in machine.states.iter().zip(locations) {
        if !names.insert(&*state.name) {
            let message = format!("State name \"{}\" is used more than once", state.name);
            findings.warning(Code::DuplicateStateName, message, location);
        }
    }
}

fn reachable(machine: &StateMachine, scope: &Scope) -> HashSet<u32> {
    let mut reached = HashSet::from([scope.start_at]);
    let mut open = vec![scope.start_at];
    while let Some(state) = open.pop().and_then(|id| machine.state(id)) {
        let mut targets: Vec<u32> = state.catch.iter().map(|catcher| catcher.next).collect();
        if let Transition::Next(next) = state.next {
            targets.push(next);
        }
        if let StateKind::Choice(choice) = &state.kind {
            targets.extend(choice.branches.iter().map(|branch| branch.next));
            targets.extend(choice.default);
        }
        for target in targets {
            if reached.insert(target) {
                open.push(target);
            }
        }
    }
    reached
}
