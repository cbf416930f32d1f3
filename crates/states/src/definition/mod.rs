//! A definition, compiled once: names resolved to indexes, paths and expressions parsed, so that a transition looks nothing up twice.

mod choice;
mod compile;
mod fields;
mod map;
pub mod outline;
mod policy;
mod references;
mod resource;
mod source;
mod state;
mod task;
mod unique;
mod validate;

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use choice::{Branch, ChoiceState, Condition, Expected, Kind, Order, Rule, Test, What};
pub(crate) use map::{
    CsvHeaders, InputType, ItemBatcher, ItemReader, ItemSource, MapState, Objects, ResultWriter,
    Transformation,
};
pub(crate) use policy::{Catcher, Retrier};
pub(crate) use resource::{Pattern, Resource};
pub(crate) use task::TaskState;

use crate::data::Json;
use crate::diagnostic::{Code, DefinitionError, Diagnostic, Severity};
use crate::jsonata::Expression;
use crate::jsonpath::Path;
use crate::template::Template;

/// A state machine that can be run.
#[derive(Debug)]
pub struct StateMachine {
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) states: Vec<State>,
    /// Whether a state has JSONata or assigns variables, which the service has had since November 2024.
    pub(crate) jsonata_or_variables: bool,
    warnings: Vec<Diagnostic>,
}

/// How large a definition may be. The default is what the service allows:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefinitionLimits {
    /// Bytes of its text.
    pub bytes: usize,
    /// Characters of a state's name.
    pub name_characters: usize,
}

impl Default for DefinitionLimits {
    fn default() -> Self {
        Self { bytes: 1_048_576, name_characters: 80 }
    }
}

impl DefinitionLimits {
    /// No limits.
    pub fn lifted() -> Self {
        Self { bytes: usize::MAX, name_characters: usize::MAX }
    }
}

/// Whether executions are journalled by the service (Standard) or not (Express).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WorkflowType {
    /// Up to a year, exactly once, with a history.
    #[default]
    Standard,
    /// Up to five minutes, at least once; no `.sync` and no `.waitForTaskToken`.
    Express,
}

pub(crate) type StateId = u32;
pub(crate) type ScopeId = u32;

/// The machine itself, a branch, or an item processor: states that know each other.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) comment: Option<Arc<str>>,
    pub(crate) start_at: StateId,
    /// Its states, in the order of the definition.
    pub(crate) states: Vec<StateId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    JsonPath,
    Jsonata,
}

/// What becomes of a state's data.
#[derive(Debug)]
pub(crate) enum Flow {
    JsonPath(Box<JsonPathFlow>),
    Jsonata(Box<JsonataFlow>),
}

#[derive(Debug)]
pub(crate) struct JsonataFlow {
    pub(crate) arguments: Option<Template>,
    pub(crate) output: Option<Template>,
}

#[derive(Debug)]
pub(crate) struct JsonPathFlow {
    pub(crate) input_path: Selection,
    pub(crate) parameters: Option<Template>,
    pub(crate) result_selector: Option<Template>,
    pub(crate) result_path: ResultPath,
    pub(crate) output_path: Selection,
}

/// `InputPath` and `OutputPath`.
#[derive(Debug, PartialEq)]
pub(crate) enum Selection {
    Whole,
    /// `null`: the empty object.
    Nothing,
    Path(Box<Path>),
}

#[derive(Debug, PartialEq)]
pub(crate) enum ResultPath {
    /// `$`: the result is the output.
    Replace,
    /// `null`: the result is dropped.
    Discard,
    At(Box<Path>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    Next(StateId),
    End,
}

/// One state. Machines can have many, and of each little is read at a transition: what is large and seldom there is boxed.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: Arc<str>,
    pub(crate) comment: Option<Arc<str>>,
    pub(crate) flow: Flow,
    pub(crate) assign: Option<Template>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    pub(crate) next: Transition,
    pub(crate) kind: StateKind,
}

#[derive(Debug)]
pub(crate) enum StateKind {
    Pass { result: Option<Json> },
    Task(Box<TaskState>),
    Choice(Box<ChoiceState>),
    Wait(Box<Wait>),
    Succeed,
    Fail { error: Option<Box<TextField>>, cause: Option<Box<TextField>> },
    Parallel { branches: Vec<ScopeId> },
    Map(Box<MapState>),
}

#[derive(Debug)]
pub(crate) enum Wait {
    Seconds(NumberField),
    Timestamp(TextField),
}

/// A field that is written as a number, as a path (the field's name then ends in `Path`) or as an expression.
#[derive(Debug)]
pub(crate) struct NumberField {
    /// The field's name as it was written.
    pub(crate) name: &'static str,
    pub(crate) source: Source<f64>,
}

/// As [`NumberField`], for text.
#[derive(Debug)]
pub(crate) struct TextField {
    pub(crate) name: &'static str,
    pub(crate) source: Source<Arc<str>>,
}

#[derive(Debug)]
pub(crate) enum Source<T> {
    Literal(T),
    Path(Path),
    /// `ErrorPath` and `CausePath` take intrinsic functions as well.
    Call(crate::intrinsic::Call),
    Expression(Box<Expression>),
}

/// Findings that get a span; whoever makes more of them is not helped by theirs.
const SPANS: usize = 1_000;

impl StateMachine {
    /// Compiles a Standard workflow's definition.
    ///
    /// # Errors
    /// Everything that is wrong with the definition, with places; see [`Diagnostic`].
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        Self::parse_as(text, WorkflowType::Standard)
    }

    /// Compiles a definition for a type of workflow: Express refuses `.sync`, `.waitForTaskToken` and activities.
    ///
    /// # Errors
    /// Everything that is wrong with the definition, with places; see [`Diagnostic`].
    pub fn parse_as(text: &str, workflow: WorkflowType) -> Result<Self, DefinitionError> {
        Self::parse_within(text, workflow, DefinitionLimits::default())
    }

    /// The same with other limits than the service's.
    ///
    /// # Errors
    /// As [`Self::parse_as`].
    pub fn parse_within(
        text: &str,
        workflow: WorkflowType,
        limits: DefinitionLimits,
    ) -> Result<Self, DefinitionError> {
        Self::accept(text, compile::machine(text, workflow, limits))
    }

    /// Compiles a state by itself, by the name `name`; its `Next` and the like may name anything.
    pub(crate) fn parse_state(text: &str, name: &str) -> Result<Self, DefinitionError> {
        Self::accept(text, compile::lone_state(text, name))
    }

    fn accept(
        text: &str,
        (machine, mut diagnostics): (Option<Self>, Vec<Diagnostic>),
    ) -> Result<Self, DefinitionError> {
        let placed = diagnostics.iter_mut().filter(|found| found.code != Code::InvalidJsonDescription);
        // Each span is looked for from the beginning of the text.
        for diagnostic in placed.take(SPANS) {
            diagnostic.span = source::span(text, &diagnostic.pointer);
        }
        match machine {
            Some(mut machine) if diagnostics.iter().all(|d| d.severity == Severity::Warning) => {
                machine.warnings = diagnostics;
                Ok(machine)
            }
            _ => Err(DefinitionError { diagnostics }),
        }
    }

    /// What is odd about the definition without making it unusable.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The states' names with their types, in the order of the definition; inner states follow their owner.
    pub fn states(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.states.iter().map(|state| (&*state.name, state.kind.type_name()))
    }

    /// The state of this name, wherever in the machine it is.
    pub(crate) fn find(&self, name: &str) -> Option<(StateId, &State)> {
        let index = self.states.iter().position(|state| &*state.name == name)?;
        Some((StateId::try_from(index).ok()?, self.states.get(index)?))
    }

    /// The state of this name somewhere below the Map or Parallel state `outer`, on a way from a beginning there.
    pub(crate) fn inner(&self, outer: &State, name: &str) -> Option<&State> {
        let mut open = self.beginnings(outer);
        let mut seen = HashSet::new();
        while let Some(id) = open.pop() {
            let Some(state) = self.state(id).filter(|_| seen.insert(id)) else { continue };
            if &*state.name == name {
                return Some(state);
            }
            open.extend(state.targets());
            open.extend(self.beginnings(state));
        }
        None
    }

    /// The states that a Map or Parallel state begins with inside.
    fn beginnings(&self, outer: &State) -> Vec<StateId> {
        let scopes: &[ScopeId] = match &outer.kind {
            StateKind::Parallel { branches } => branches,
            StateKind::Map(map) => std::slice::from_ref(&map.processor),
            _ => &[],
        };
        scopes.iter().filter_map(|id| self.scope(*id)).map(|scope| scope.start_at).collect()
    }

    pub(crate) fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id as usize)
    }

    pub(crate) fn scope(&self, id: ScopeId) -> Option<&Scope> {
        self.scopes.get(id as usize)
    }
}

impl State {
    /// Whether it has JSONata or assigns variables.
    fn jsonata_or_variables(&self) -> bool {
        let in_choice = |choice: &ChoiceState| choice.branches.iter().any(|branch| branch.assign.is_some());
        self.language() == Language::Jsonata
            || self.assign.is_some()
            || self.catch.iter().any(|catcher| catcher.assign.is_some())
            || matches!(&self.kind, StateKind::Choice(choice) if in_choice(choice))
    }

    /// The states that it names as the next one.
    fn targets(&self) -> Vec<StateId> {
        let mut targets: Vec<StateId> = self.catch.iter().map(|catcher| catcher.next).collect();
        if let Transition::Next(next) = self.next {
            targets.push(next);
        }
        if let StateKind::Choice(choice) = &self.kind {
            targets.extend(choice.branches.iter().map(|branch| branch.next));
            targets.extend(choice.default);
        }
        targets
    }

    /// A Succeed state that passes its input on.
    fn succeed(name: Arc<str>) -> Self {
        let flow = JsonPathFlow {
            input_path: Selection::Whole,
            parameters: None,
            result_selector: None,
            result_path: ResultPath::Replace,
            output_path: Selection::Whole,
        };
        Self {
            name,
            comment: None,
            flow: Flow::JsonPath(Box::new(flow)),
            assign: None,
            retry: Vec::new(),
            catch: Vec::new(),
            next: Transition::End,
            kind: StateKind::Succeed,
        }
    }

    pub(crate) fn language(&self) -> Language {
        match self.flow {
            Flow::JsonPath(_) => Language::JsonPath,
            Flow::Jsonata(_) => Language::Jsonata,
        }
    }
}

impl StateKind {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "Pass",
            Self::Task(_) => "Task",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Parallel { .. } => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}
