//! Executions in virtual time: nothing is waited for, everything is a function of what goes in.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::definition::StateMachine;
use crate::execution::{
    Command, Event, Execution, NotRedrivable, Outcome, StartParameters, TaskRequest, TimerId,
};
use crate::history::HistoryEvent;
use crate::time::Timestamp;

/// An execution that runs in virtual time.
///
/// What a task is answered happens at once, in the order in which tasks were asked for; when nothing is left to happen, the clock jumps
/// to the next timer. A task that gets no answer is under way until its timeout. Two simulations of the same machine, parameters,
/// beginning and answers give the same bytes of history.
#[derive(Debug)]
pub struct Simulation<'m> {
    machine: &'m StateMachine,
    execution: Execution,
    now: Timestamp,
    coming: VecDeque<Event>,
    queue: BTreeSet<(Timestamp, TimerId)>,
    timers: HashMap<TimerId, Timestamp>,
    /// Transitions of one step.
    bound: usize,
}

/// Transitions of one step where nobody asks for another bound; a step's events are held in memory.
const BOUND: usize = 100;

impl<'m> Simulation<'m> {
    /// An execution that begins at `start`.
    pub fn new(machine: &'m StateMachine, parameters: StartParameters, start: Timestamp) -> Self {
        Self::of(machine, Execution::new(parameters), start)
    }

    /// Goes on with an execution at `now`: tasks that were under way are asked for again.
    pub fn of(machine: &'m StateMachine, execution: Execution, now: Timestamp) -> Self {
        Self {
            machine,
            execution,
            now,
            coming: VecDeque::new(),
            queue: BTreeSet::new(),
            timers: HashMap::new(),
            bound: BOUND,
        }
    }

    /// The same with at most `transitions` in a step.
    #[must_use]
    pub fn bounded(mut self, transitions: usize) -> Self {
        self.bound = transitions.max(1);
        self
    }

    /// The execution.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The execution, to be put in the place of itself after it was written out and read back.
    pub fn execution_mut(&mut self) -> &mut Execution {
        &mut self.execution
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets happen what comes next; `answer` gives the events that a task leads to. The history's new events; `None` when nothing is left
    /// to happen: then the execution is over, or it waits for a task that has no answer and no timeout.
    ///
    /// # Errors
    /// Those of `answer`; the execution stands as it was when the task was asked for.
    pub fn step<E>(
        &mut self,
        answer: &mut impl FnMut(&TaskRequest) -> Result<Vec<Event>, E>,
    ) -> Result<Option<Vec<HistoryEvent>>, E> {
        let Some(event) = self.next() else { return Ok(None) };
        let step = self.execution.step_bounded(self.machine, event, self.now, self.bound);
        for command in step.commands {
            self.carry_out(command, answer)?;
        }
        if step.more {
            self.coming.push_front(Event::Continue);
        }
        Ok(Some(step.events))
    }

    /// Redrives the execution at the virtual time: see [`Event::Redriven`].
    ///
    /// # Errors
    /// The execution cannot be redriven.
    pub fn redrive(&mut self) -> Result<(), NotRedrivable> {
        self.execution.redrivable()?;
        self.coming.clear();
        self.coming.push_back(Event::Redriven);
        self.queue.clear();
        self.timers.clear();
        Ok(())
    }

    /// Runs on until nothing is left to happen; `history` gets the new events. `None` as the outcome: see [`Self::step`].
    ///
    /// # Errors
    /// Those of `answer`.
    pub fn run<E>(
        &mut self,
        mut answer: impl FnMut(&TaskRequest) -> Result<Vec<Event>, E>,
        mut history: impl FnMut(Vec<HistoryEvent>),
    ) -> Result<Option<Outcome>, E> {
        while let Some(events) = self.step(&mut answer)? {
            history(events);
        }
        Ok(self.execution.outcome().cloned())
    }

    /// What happens next.
    fn next(&mut self) -> Option<Event> {
        if self.execution.outcome().is_some() {
            return self.coming.pop_front().filter(|event| *event == Event::Redriven);
        }
        if !self.execution.has_started() {
            return Some(Event::Started);
        }
        if let Some(event) = self.coming.pop_front() {
            return Some(event);
        }
        let (at, id) = self.queue.pop_first()?;
        self.timers.remove(&id);
        self.now = self.now.max(at);
        Some(Event::TimerFired { id })
    }

    fn carry_out<E>(
        &mut self,
        command: Command,
        answer: &mut impl FnMut(&TaskRequest) -> Result<Vec<Event>, E>,
    ) -> Result<(), E> {
        match command {
            Command::ScheduleTask(request) => self.coming.extend(answer(&request)?),
            // What it still says changes nothing.
            Command::CancelTask { .. } => {}
            Command::StartTimer { id, at } => {
                self.queue.insert((at, id));
                self.timers.insert(id, at);
            }
            Command::CancelTimer { id } => {
                if let Some(at) = self.timers.remove(&id) {
                    self.queue.remove(&(at, id));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn outcome(definition: &serde_json::Value, mut answers: Vec<Vec<Event>>) -> (Option<Outcome>, i64) {
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let parameters = StartParameters::named("machine", "execution", Arc::new(json!({})));
        let mut simulation = Simulation::new(&machine, parameters, Timestamp(0));
        let outcome = simulation.run(
            |request| {
                let events = if answers.is_empty() { Vec::new() } else { answers.remove(0) };
                let of_this = |event| match event {
                    Event::TaskSucceeded { output, .. } => Event::TaskSucceeded { id: request.id, output },
                    other => other,
                };
                Ok::<_, Infallible>(events.into_iter().map(of_this).collect())
            },
            drop,
        );
        (outcome.unwrap(), simulation.now().0)
    }

    #[test]
    fn waiting_takes_virtual_time_alone() {
        let definition =
            json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": true}}});
        let (outcome, now) = outcome(&definition, Vec::new());
        assert_eq!(outcome.map(|outcome| outcome.status()), Some("SUCCEEDED"));
        assert_eq!(now, 86_400_000);
    }

    #[test]
    fn a_task_without_an_answer_runs_into_its_timeout_or_goes_on_for_ever() {
        let task = |fields: serde_json::Value| {
            let mut task = json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true});
            task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            json!({"StartAt": "T", "States": {"T": task}})
        };
        let (timed_out, now) = outcome(&task(json!({"TimeoutSeconds": 7})), Vec::new());
        assert_eq!(timed_out.map(|outcome| outcome.status()), Some("FAILED"));
        assert_eq!(now, 7_000);
        // A day is the service's own timeout of a task; without one nothing would ever happen.
        let (done, _) = outcome(
            &task(json!({})),
            vec![vec![Event::TaskSucceeded { id: crate::TaskId(0), output: Arc::new(json!(1)) }]],
        );
        assert_eq!(done.map(|outcome| outcome.status()), Some("SUCCEEDED"));
        let (open, _) = outcome(&task(json!({})), Vec::new());
        assert_eq!(open, None);
    }
}
