//! A machine's structure, to be drawn and described: which states there are, and what leads from one to another.

use std::fmt::Write as _;

use super::{
    Condition, Expected, Order, Rule, ScopeId, State as Compiled, StateId, StateKind, StateMachine, Test,
    Transition as End, What,
};

/// States that know each other: those of the machine itself, of a branch, or of an item processor.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline<'m> {
    /// The `Comment`.
    pub comment: Option<&'m str>,
    /// Position of the first state in `states`.
    pub start_at: usize,
    /// In the order of the definition; never empty.
    pub states: Vec<State<'m>>,
}

/// A state, with what is inside it and what leads out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct State<'m> {
    /// The state's name.
    pub name: &'m str,
    /// The `Comment`.
    pub comment: Option<&'m str>,
    /// The state's type.
    pub kind: Kind<'m>,
    /// In the order of the definition: `Next`, or each entry of `Choices` and then `Default`; then each entry of `Catch`.
    pub transitions: Vec<Transition<'m>>,
    /// Whether the scope is over after this state: `End`, Succeed and Fail.
    pub ends: bool,
}

/// A state's type, with what a drawing shows of it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the types of the language")]
pub enum Kind<'m> {
    Pass,
    Task {
        /// The `Resource` as it was written.
        resource: &'m str,
    },
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel {
        /// Each of `Branches`.
        branches: Vec<Outline<'m>>,
    },
    Map {
        /// The `ItemProcessor`, or `Iterator` under its old name.
        processor: Box<Outline<'m>>,
        /// Whether its mode is `DISTRIBUTED`.
        distributed: bool,
    },
}

/// A way from a state to another one of its scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<'m> {
    /// When it is taken.
    pub reason: Reason<'m>,
    /// Position of the state that it leads to.
    pub target: usize,
}

/// When a transition is taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason<'m> {
    /// `Next`: always.
    Next,
    /// An entry of `Choices`.
    Choice {
        /// Its condition in words and operators, such as `$.count > 3 and not ($.name is present)`; for JSONata the
        /// expression. On one line, of any length.
        condition: String,
    },
    /// `Default`: when no entry of `Choices` holds.
    Default,
    /// An entry of `Catch`.
    Catch {
        /// Its `ErrorEquals`.
        errors: &'m [String],
    },
}

impl StateMachine {
    /// The machine's structure.
    ///
    /// Scopes are nested as deep as the definition nests Map and Parallel states, which parsing limits to 32.
    pub fn outline(&self) -> Outline<'_> {
        self.outline_of(0)
    }

    fn outline_of(&self, scope: ScopeId) -> Outline<'_> {
        let Some(scope) = self.scope(scope) else {
            return Outline { comment: None, start_at: 0, states: Vec::new() };
        };
        let ids = &scope.states;
        let position = |id: StateId| ids.binary_search(&id).unwrap_or_default();
        let states = ids.iter().filter_map(|id| self.state(*id)).map(|state| State {
            name: &state.name,
            comment: state.comment.as_deref(),
            kind: self.kind_of(state),
            transitions: transitions(state, &position),
            ends: state.next == End::End && !matches!(state.kind, StateKind::Choice(_)),
        });
        let states = states.collect();
        Outline { comment: scope.comment.as_deref(), start_at: position(scope.start_at), states }
    }

    fn kind_of<'m>(&'m self, state: &'m Compiled) -> Kind<'m> {
        match &state.kind {
            StateKind::Pass { .. } => Kind::Pass,
            StateKind::Task(task) => Kind::Task { resource: &task.arn },
            StateKind::Choice(_) => Kind::Choice,
            StateKind::Wait(_) => Kind::Wait,
            StateKind::Succeed => Kind::Succeed,
            StateKind::Fail { .. } => Kind::Fail,
            StateKind::Parallel { branches } => {
                Kind::Parallel { branches: branches.iter().map(|branch| self.outline_of(*branch)).collect() }
            }
            StateKind::Map(map) => Kind::Map {
                processor: Box::new(self.outline_of(map.processor)),
                distributed: map.distributed,
            },
        }
    }
}

fn transitions<'m>(state: &'m Compiled, position: &impl Fn(StateId) -> usize) -> Vec<Transition<'m>> {
    let mut all = Vec::new();
    if let End::Next(next) = state.next {
        all.push(Transition { reason: Reason::Next, target: position(next) });
    }
    if let StateKind::Choice(choice) = &state.kind {
        all.extend(choice.branches.iter().map(|branch| {
            let reason = Reason::Choice { condition: condition(&branch.condition) };
            Transition { reason, target: position(branch.next) }
        }));
        all.extend(choice.default.map(|next| Transition { reason: Reason::Default, target: position(next) }));
    }
    all.extend(state.catch.iter().map(|catcher| Transition {
        reason: Reason::Catch { errors: &catcher.errors },
        target: position(catcher.next),
    }));
    all
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Rule(rule) => {
            let mut text = String::new();
            write_rule(rule, false, &mut text);
            text
        }
        Condition::Expression(expression) => one_line(expression.text()),
        Condition::Constant(constant) => constant.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes a rule; `inner` is within another, where a combination needs brackets.
fn write_rule(rule: &Rule, inner: bool, text: &mut String) {
    match rule {
        Rule::And(rules) => write_rules(rules, " and ", inner, text),
        Rule::Or(rules) => write_rules(rules, " or ", inner, text),
        Rule::Not(rule) => {
            text.push_str("not (");
            write_rule(rule, false, text);
            text.push(')');
        }
        Rule::Test { variable, test } => {
            text.push_str(&one_line(variable.text()));
            write_test(test, text);
        }
    }
}

fn write_rules(rules: &[Rule], between: &str, inner: bool, text: &mut String) {
    let brackets = inner && rules.len() > 1;
    if brackets {
        text.push('(');
    }
    for (index, rule) in rules.iter().enumerate() {
        if index > 0 {
            text.push_str(between);
        }
        write_rule(rule, rules.len() > 1, text);
    }
    if brackets {
        text.push(')');
    }
}

fn write_test(test: &Test, into: &mut String) {
    let written = match test {
        Test::Compare { order, expected, .. } => {
            let order = match order {
                Order::Equals => "==",
                Order::LessThan => "<",
                Order::LessThanEquals => "<=",
                Order::GreaterThan => ">",
                Order::GreaterThanEquals => ">=",
            };
            match expected {
                Expected::Literal(value) => write!(into, " {order} {value}"),
                Expected::Path(path) => write!(into, " {order} {}", one_line(path.text())),
            }
        }
        Test::Matches(pattern) => write!(into, " matches {}", serde_json::Value::from(pattern.as_str())),
        Test::Is { what, expected } => {
            let what = match what {
                What::Boolean => "boolean",
                What::Null => "null",
                What::Numeric => "numeric",
                What::Present => "present",
                What::String => "a string",
                What::Timestamp => "a timestamp",
            };
            write!(into, " is {}{what}", if *expected { "" } else { "not " })
        }
    };
    // Writing to a String does not fail.
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(definition: &serde_json::Value) -> StateMachine {
        StateMachine::parse(&definition.to_string()).unwrap()
    }

    #[test]
    fn tells_states_and_transitions_in_the_order_of_the_definition() {
        let machine = parse(&json!({
            "Comment": "An order",
            "StartAt": "Work",
            "States": {
                "Done": {"Type": "Succeed"},
                "Work": {
                    "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Comment": "Sends", "Next": "Ask",
                    "Catch": [
                        {"ErrorEquals": ["A", "B"], "Next": "Lost"},
                        {"ErrorEquals": ["States.ALL"], "Next": "Work"},
                    ],
                },
                "Ask": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Work"}],
                    "Default": "Done",
                },
                "Lost": {"Type": "Fail"},
            },
        }));
        let outline = machine.outline();
        assert_eq!((outline.comment, outline.start_at), (Some("An order"), 1));
        let names: Vec<_> = outline.states.iter().map(|state| (state.name, state.ends)).collect();
        assert_eq!(names, [("Done", true), ("Work", false), ("Ask", false), ("Lost", true)]);
        let work = &outline.states[1];
        assert_eq!(work.kind, Kind::Task { resource: "arn:aws:states:::sqs:sendMessage" });
        assert_eq!(work.comment, Some("Sends"));
        let both = ["A".to_owned(), "B".to_owned()];
        let all = ["States.ALL".to_owned()];
        assert_eq!(
            work.transitions,
            [
                Transition { reason: Reason::Next, target: 2 },
                Transition { reason: Reason::Catch { errors: &both }, target: 3 },
                Transition { reason: Reason::Catch { errors: &all }, target: 1 },
            ]
        );
        assert_eq!(
            outline.states[2].transitions,
            [
                Transition { reason: Reason::Choice { condition: "$.n > 3".to_owned() }, target: 1 },
                Transition { reason: Reason::Default, target: 0 },
            ]
        );
    }

    #[test]
    fn nests_branches_and_processors() {
        let pass = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
        let mut distributed = pass("Item");
        distributed["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
        let machine = parse(&json!({
            "StartAt": "Both",
            "States": {
                "Both": {"Type": "Parallel", "Branches": [pass("Left"), pass("Right")], "Next": "Each"},
                "Each": {"Type": "Map", "ItemProcessor": distributed, "End": true},
            },
        }));
        let outline = machine.outline();
        let Kind::Parallel { branches } = &outline.states[0].kind else { panic!("{outline:?}") };
        let names: Vec<_> = branches.iter().map(|branch| branch.states[0].name).collect();
        assert_eq!(names, ["Left", "Right"]);
        let Kind::Map { processor, distributed: true } = &outline.states[1].kind else {
            panic!("{outline:?}")
        };
        assert_eq!(processor.states[0].name, "Item");
        assert!(outline.states[1].ends && !outline.states[0].ends);
    }

    #[test]
    fn writes_conditions_as_people_read_them() {
        let one = json!({"Variable": "$.a", "StringEquals": "x \"y\""});
        let two = json!({"Variable": "$.b", "IsPresent": false});
        let three = json!({"Variable": "$.c", "NumericLessThanEqualsPath": "$.d"});
        for (rule, expected) in [
            (one.clone(), r#"$.a == "x \"y\"""#),
            (two.clone(), "$.b is not present"),
            (three.clone(), "$.c <= $.d"),
            (json!({"Variable": "$.e", "StringMatches": "a*"}), r#"$.e matches "a*""#),
            (json!({"Variable": "$.e", "IsNumeric": true}), "$.e is numeric"),
            (
                json!({"Variable": "$.t", "TimestampLessThan": "2020-01-01T00:00:00Z"}),
                r#"$.t < "2020-01-01T00:00:00Z""#,
            ),
            (json!({"Not": two.clone()}), "not ($.b is not present)"),
            (json!({"And": [two.clone()]}), "$.b is not present"),
            (
                json!({"And": [two.clone(), {"Or": [three.clone(), two.clone()]}]}),
                "$.b is not present and ($.c <= $.d or $.b is not present)",
            ),
        ] {
            let mut rule = rule;
            rule["Next"] = json!("End");
            let machine = parse(&json!({
                "StartAt": "Ask",
                "States": {"Ask": {"Type": "Choice", "Choices": [rule]}, "End": {"Type": "Succeed"}},
            }));
            let outline = machine.outline();
            let Reason::Choice { condition } = &outline.states[0].transitions[0].reason else {
                panic!("{outline:?}")
            };
            assert_eq!(condition, expected);
        }
    }

    #[test]
    fn shows_an_expression_on_one_line() {
        let machine = parse(&json!({
            "QueryLanguage": "JSONata",
            "StartAt": "Ask",
            "States": {
                "Ask": {"Type": "Choice", "Choices": [
                    {"Condition": "{% $states.input.n\n   > 3 %}", "Next": "End"},
                    {"Condition": true, "Next": "End"},
                ]},
                "End": {"Type": "Succeed"},
            },
        }));
        let outline = machine.outline();
        let conditions: Vec<_> = outline.states[0].transitions.iter().map(|t| &t.reason).collect();
        assert_eq!(
            conditions,
            [
                &Reason::Choice { condition: "$states.input.n > 3".to_owned() },
                &Reason::Choice { condition: "true".to_owned() },
            ]
        );
    }
}
