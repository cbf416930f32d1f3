//! Which variables a state reads: `variableReferences` of `DescribeStateMachine`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ChoiceState, Condition, Expected, Flow, ItemSource, MapState, NumberField, ResultPath, Rule, Selection,
    Source, State, StateKind, StateMachine, Test, Wait,
};
use crate::jsonpath::{Path, Root};
use crate::template::Template;

type Names = BTreeSet<String>;

impl StateMachine {
    /// The variables that each state reads, by the state's name, both in alphabetical order; states that read none are left out.
    pub fn variable_references(&self) -> BTreeMap<String, Vec<String>> {
        let mut references: BTreeMap<String, Names> = BTreeMap::new();
        for state in &self.states {
            let mut names = Names::new();
            of_state(state, &mut names);
            if !names.is_empty() {
                references.entry(state.name.to_string()).or_default().extend(names);
            }
        }
        references.into_iter().map(|(state, names)| (state, names.into_iter().collect())).collect()
    }
}

fn of_state(state: &State, names: &mut Names) {
    match &state.flow {
        Flow::JsonPath(flow) => {
            of_selection(&flow.input_path, names);
            of_selection(&flow.output_path, names);
            if let ResultPath::At(path) = &flow.result_path {
                of_path(path, names);
            }
            of_templates([&flow.parameters, &flow.result_selector], names);
        }
        Flow::Jsonata(flow) => of_templates([&flow.arguments, &flow.output], names),
    }
    of_templates([&state.assign], names);
    for catcher in &state.catch {
        of_templates([&catcher.output, &catcher.assign], names);
    }
    match &state.kind {
        StateKind::Pass { .. } | StateKind::Succeed | StateKind::Parallel { .. } => {}
        StateKind::Task(task) => {
            of_numbers([&task.timeout, &task.heartbeat], names);
            of_templates([&task.credentials], names);
        }
        StateKind::Choice(choice) => of_choice(choice, names),
        StateKind::Wait(wait) => match &**wait {
            Wait::Seconds(field) => of_source(&field.source, names),
            Wait::Timestamp(field) => of_source(&field.source, names),
        },
        StateKind::Fail { error, cause } => {
            for field in [error, cause].into_iter().flatten() {
                of_source(&field.source, names);
            }
        }
        StateKind::Map(map) => of_map(map, names),
    }
}

fn of_map(map: &MapState, names: &mut Names) {
    match &map.items {
        ItemSource::Input => {}
        ItemSource::Path(path) => of_path(path, names),
        ItemSource::Template(template) => of_template(template, names),
    }
    of_templates([&map.item_selector], names);
    of_numbers([&map.max_concurrency, &map.tolerated_count, &map.tolerated_percentage], names);
    if let Some(reader) = &map.reader {
        of_templates([&reader.arguments], names);
        of_numbers([&reader.max_items], names);
    }
    if let Some(batcher) = &map.batcher {
        of_templates([&batcher.batch_input], names);
        of_numbers([&batcher.max_items, &batcher.max_bytes], names);
    }
    if let Some(writer) = &map.writer {
        of_templates([&writer.arguments], names);
    }
}

fn of_choice(choice: &ChoiceState, names: &mut Names) {
    for branch in &choice.branches {
        match &branch.condition {
            Condition::Constant(_) => {}
            Condition::Expression(expression) => names.extend(expression.references().map(String::from)),
            Condition::Rule(rule) => of_rule(rule, names),
        }
        of_templates([&branch.assign, &branch.output], names);
    }
}

fn of_rule(rule: &Rule, names: &mut Names) {
    match rule {
        Rule::And(rules) | Rule::Or(rules) => rules.iter().for_each(|rule| of_rule(rule, names)),
        Rule::Not(rule) => of_rule(rule, names),
        Rule::Test { variable, test } => {
            of_path(variable, names);
            if let Test::Compare { expected: Expected::Path(path), .. } = test {
                of_path(path, names);
            }
        }
    }
}

fn of_numbers<const N: usize>(fields: [&Option<NumberField>; N], names: &mut Names) {
    for field in fields.into_iter().flatten() {
        of_source(&field.source, names);
    }
}

fn of_source<T>(source: &Source<T>, names: &mut Names) {
    match source {
        Source::Literal(_) => {}
        Source::Path(path) => of_path(path, names),
        Source::Call(call) => call.for_each_path(&mut |path| of_path(path, names)),
        Source::Expression(expression) => names.extend(expression.references().map(String::from)),
    }
}

fn of_selection(selection: &Selection, names: &mut Names) {
    if let Selection::Path(path) = selection {
        of_path(path, names);
    }
}

fn of_templates<const N: usize>(templates: [&Option<Template>; N], names: &mut Names) {
    for template in templates.into_iter().flatten() {
        of_template(template, names);
    }
}

fn of_template(template: &Template, names: &mut Names) {
    match template {
        Template::Literal(_) => {}
        Template::Path(path) => of_path(path, names),
        Template::Call(call) => call.for_each_path(&mut |path| of_path(path, names)),
        Template::Expression(expression) => names.extend(expression.references().map(String::from)),
        Template::Object(members) => members.iter().for_each(|(_, inner)| of_template(inner, names)),
        Template::Array(items) => items.iter().for_each(|inner| of_template(inner, names)),
    }
}

fn of_path(path: &Path, names: &mut Names) {
    if let Root::Variable(name) = path.root() {
        names.insert(name.to_string());
    }
}
