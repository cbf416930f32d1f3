//! Any definition that is accepted, under any events, keeps what the README promises under "Invariants".

use std::sync::Arc;

use mlpp_states::{
    Command, Event, Execution, HistoryEvent, StartParameters, StateMachine, Step, TaskId, TimerId, Timestamp,
};
use serde_json::{Value, json};

use super::{parts, pass};

/// Events of one input.
const EVENTS: usize = 64;
/// Transitions of one step.
const TRANSITIONS: usize = 40;

/// A definition, the input as JSON, and a script: each event a letter with an operand.
///
/// | letter | event |
/// |---|---|
/// | `S`, `F`, `H`, `B`, `A` | a task succeeds, fails, beats, is submitted, is started |
/// | `T` | a timer fires, when it is due; `E` at once |
/// | `C` | continue |
/// | `G` | started, again |
/// | `X` | stop |
/// | `R` | redrive |
///
/// The operand's low bits choose among what is pending, `!` to `/` an id that nobody has; for results also what the result is.
pub(crate) fn run(text: &str) {
    let [definition, input, script] = parts(text);
    let Ok(machine) = StateMachine::parse(definition) else { return };
    let input: Value = serde_json::from_str(input).unwrap_or_else(|_| json!({}));
    let (first, execution) = play(&machine, &input, script, false);
    let (second, _) = play(&machine, &input, script, true);
    assert!(first == second, "an execution that was written out and read back went on otherwise");
    if let Some(execution) = execution {
        assert!(execution.outcome().is_some(), "a stopped execution has an outcome");
    }
}

/// What the history became as text, and the execution where the script stops it.
fn play(machine: &StateMachine, input: &Value, script: &str, reread: bool) -> (String, Option<Execution>) {
    let mut parameters = StartParameters::named("m", "e", Arc::new(input.clone()));
    parameters.limits.jsonata = pass::JSONATA;
    parameters.limits.history_events = 2_000;
    let mut run = Run {
        machine,
        execution: Execution::new(parameters),
        now: Timestamp(1_700_000_000_000),
        last_id: 0,
        history: String::new(),
        reread,
    };
    run.feed(&Event::Started);
    let mut stopped = false;
    let mut letters = script.bytes();
    for _ in 0..EVENTS {
        let (Some(letter), Some(operand)) = (letters.next(), letters.next()) else { break };
        if let Some(event) = run.event(letter, operand) {
            stopped = match event {
                Event::StopExecution { .. } => true,
                Event::Redriven => false,
                _ => stopped,
            };
            run.feed(&event);
        }
    }
    let timed_out = run.history.contains("D1012");
    if timed_out {
        // The one limit that is no function of the input.
        return (String::new(), None);
    }
    (run.history, stopped.then_some(run.execution))
}

struct Run<'m> {
    machine: &'m StateMachine,
    execution: Execution,
    now: Timestamp,
    last_id: u64,
    history: String,
    reread: bool,
}

impl Run<'_> {
    fn event(&mut self, letter: u8, operand: u8) -> Option<Event> {
        let (mut tasks, mut timers) = (Vec::new(), Vec::new());
        for command in self.execution.pending_commands() {
            match command {
                Command::ScheduleTask(request) => tasks.push(request.id),
                Command::StartTimer { id, at } => timers.push((id, at)),
                Command::CancelTask { .. } | Command::CancelTimer { .. } => {}
            }
        }
        let choice = usize::from(operand);
        let unknown = (b'!'..=b'/').contains(&operand);
        let pick = |len: usize| choice.checked_rem(len);
        let task = match pick(tasks.len()) {
            Some(at) if !unknown => tasks[at],
            _ => TaskId(u64::from(operand)),
        };
        let (timer, at) = match pick(timers.len()) {
            Some(at) if !unknown => timers[at],
            _ => (TimerId(u64::from(operand)), self.now),
        };
        self.now = self.now.plus_millis(250);
        Some(match letter {
            b'S' => Event::TaskSucceeded { id: task, output: Arc::new(result(operand)) },
            b'F' => Event::TaskFailed { id: task, error: error(operand), cause: Some(String::from("cause")) },
            b'H' => Event::TaskHeartbeat { id: task },
            b'B' => Event::TaskSubmitted { id: task, output: Arc::new(result(operand)) },
            b'A' => Event::TaskStarted { id: task, worker_name: Some(String::from("worker")) },
            b'T' => {
                self.now = self.now.max(at);
                Event::TimerFired { id: timer }
            }
            b'E' => Event::TimerFired { id: timer },
            b'C' => Event::Continue,
            b'G' => Event::Started,
            b'R' => Event::Redriven,
            b'X' => Event::StopExecution { error: error(operand), cause: None },
            _ => return None,
        })
    }

    /// One step, with everything that has to hold before and after.
    fn feed(&mut self, event: &Event) {
        let before = self.text();
        let settled = !self.execution.has_more();
        let wanted = self.wants(event);
        if self.reread {
            self.execution = serde_json::from_str(&before).expect("an execution can be read back");
            assert!(self.text() == before, "an execution reads back otherwise than it was written");
        }
        let step = self.execution.step_bounded(self.machine, event.clone(), self.now, TRANSITIONS);
        if settled && !wanted {
            assert_eq!(step, Step::default(), "{event:?} changes something that is over");
            assert!(self.text() == before, "{event:?} changes an execution that it does not concern");
        }
        self.count(&step.events);
        let pending = self.execution.pending_commands();
        assert_eq!(step.more, self.execution.has_more());
        if self.execution.outcome().is_some() {
            assert!(pending.is_empty(), "an execution that is over waits for {pending:?}");
        } else {
            assert!(step.more || !pending.is_empty(), "nothing can bring the execution on after {event:?}");
        }
    }

    /// Whether something waits for `event`.
    fn wants(&self, event: &Event) -> bool {
        let pending = self.execution.pending_commands();
        match event {
            Event::Started => !self.execution.has_started(),
            Event::Continue => false,
            Event::StopExecution { .. } => self.execution.outcome().is_none(),
            Event::Redriven => self.execution.redrivable().is_ok(),
            Event::TimerFired { id } => {
                pending.iter().any(|c| matches!(c, Command::StartTimer { id: known, .. } if known == id))
            }
            Event::TaskStarted { id, .. }
            | Event::TaskSubmitted { id, .. }
            | Event::TaskSucceeded { id, .. }
            | Event::TaskFailed { id, .. }
            | Event::TaskHeartbeat { id } => {
                pending.iter().any(|c| matches!(c, Command::ScheduleTask(request) if request.id == *id))
            }
        }
    }

    /// Ids count from 1 without gaps, each event follows an earlier one, and each has its forms as JSON.
    fn count(&mut self, events: &[HistoryEvent]) {
        for event in events {
            assert_eq!(event.id, self.last_id + 1);
            assert!(event.previous_event_id < event.id);
            self.last_id = event.id;
            let (json, flat) = (event.to_json(), event.to_flat_json());
            assert!(json.is_object() && flat.is_object());
            self.history.push_str(&json.to_string());
            self.history.push('\n');
        }
    }

    fn text(&self) -> String {
        serde_json::to_string(&self.execution).expect("an execution can be written out")
    }
}

fn result(operand: u8) -> Value {
    match operand % 12 {
        0 => json!(null),
        1 => json!({"a": 1, "list": [1, 2, 3], "s": "text"}),
        2 => json!([1, "x", {"k": [true]}]),
        3 => json!("text"),
        4 => json!(-1.5),
        5 => json!({"Contents": [{"Key": "a", "Size": 1}, {"Key": "b", "Size": 2}]}),
        6 => json!("{\"k\": 1}\n{\"k\": 2}\n"),
        7 => json!("a,b\n1,2\n3,4\n"),
        8 => json!("[{\"k\": 1}, {\"k\": 2}]"),
        9 => json!({"ResultWriterDetails": {"Bucket": "b", "Key": "k"}}),
        10 => json!({"Payload": {"list": []}, "StatusCode": 200, "error": "E"}),
        _ => Value::from("x".repeat(300_000)),
    }
}

fn error(operand: u8) -> Option<String> {
    match operand % 6 {
        0 => None,
        1 => Some(String::from("A")),
        2 => Some(String::from("States.Timeout")),
        3 => Some(String::from("States.Runtime")),
        4 => Some(String::from("States.TaskFailed")),
        _ => Some(String::from("Lambda.TooManyRequestsException")),
    }
}
