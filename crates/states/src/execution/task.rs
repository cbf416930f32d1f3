//! Task states.

use std::sync::Arc;

use super::engine::Engine;
use super::failure::{DATA_LIMIT, Failure};
use super::flow::{foreign, too_large};
use super::frame::{Activity, TaskWork};
use super::inspect::Point;
use super::{Command, FrameId, RunningTask, TaskId, TaskPurpose, TaskRequest, Timer};
use crate::data::{self, Json};
use crate::definition::{NumberField, Pattern, Resource, State, StateKind, TaskState};
use crate::environment::Problem;
use crate::history::{Details, EventType};

impl<'e> Engine<'e> {
    pub(super) fn begin_task(&mut self, id: FrameId, state: &State, task: &TaskState) -> Result<(), Problem> {
        if task.resource.pattern() != Pattern::RequestResponse || task.resource == Resource::Activity {
            let token = self.new_token();
            if let Some(frame) = self.execution.frames.get_mut(&id) {
                frame.task_token = Some(token);
            }
        }
        let parameters = self.effective_input(id, state)?;
        let selected = self.selected_input(id, state)?;
        let timeout_seconds = self.seconds(id, &selected, task.timeout.as_ref())?;
        let heartbeat_seconds = self.seconds(id, &selected, task.heartbeat.as_ref())?;
        let credentials = match &task.credentials {
            Some(template) => Some(
                self.with_environment(id, &selected, (None, None), |env| {
                    template.evaluate(env, "Credentials")
                })
                .unwrap_or_else(|| Err(foreign()))?,
            ),
            None => None,
        };
        self.check_size(&parameters, &state.name)?;
        self.report_scheduled(
            id,
            task,
            &parameters,
            (timeout_seconds, heartbeat_seconds),
            credentials.clone(),
        );
        let timer = |engine: &mut Self, timer, seconds: Option<u64>| {
            let millis = i64::try_from(seconds?).ok()?.saturating_mul(1_000);
            Some(engine.start_timer(timer, engine.now.plus_millis(millis)))
        };
        let timeout = timer(self, Timer::Timeout(id), timeout_seconds);
        let heartbeat = timer(self, Timer::Heartbeat(id), heartbeat_seconds);
        let task_id = self.request(
            id,
            TaskPurpose::Task,
            &state.name,
            &task.arn,
            parameters,
            (timeout_seconds, heartbeat_seconds),
            credentials,
        );
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = Activity::Task(TaskWork { id: task_id, timeout, heartbeat, heartbeat_seconds });
        }
        Ok(())
    }

    /// Asks for a task.
    #[expect(clippy::too_many_arguments, reason = "a request's parts")]
    pub(super) fn request(
        &mut self,
        frame_id: FrameId,
        purpose: TaskPurpose,
        state_name: &Arc<str>,
        resource: &Arc<str>,
        parameters: Json,
        (timeout_seconds, heartbeat_seconds): (Option<u64>, Option<u64>),
        credentials: Option<Json>,
    ) -> TaskId {
        let id = TaskId(self.next_id());
        let frame = self.execution.frames.get(&frame_id);
        let request = TaskRequest {
            id,
            purpose,
            state_name: Arc::clone(state_name),
            resource: Arc::clone(resource),
            parameters,
            attempt: frame.map_or(0, |frame| frame.retry_count),
            iterations: self.iterations(frame_id),
            timeout_seconds,
            heartbeat_seconds,
            credentials,
            task_token: frame.and_then(|frame| frame.task_token.clone()),
        };
        let request = Box::new(request);
        self.step.commands.push(Command::ScheduleTask(request.clone()));
        self.execution.tasks.insert(id, RunningTask { frame: frame_id, request, submitted: false });
        id
    }

    /// The iterations around a frame, outermost first.
    fn iterations(&self, id: FrameId) -> Vec<(Arc<str>, usize)> {
        let mut iterations = Vec::new();
        let mut frame = self.execution.frames.get(&id);
        while let Some(current) = frame {
            let outer = current.parent.and_then(|(parent, _)| self.execution.frames.get(&parent));
            if let (Some((index, _)), Some(state)) =
                (&current.item, outer.and_then(|outer| self.state(outer)))
            {
                iterations.push((Arc::clone(&state.name), *index));
            }
            frame = outer;
        }
        iterations.reverse();
        iterations
    }

    fn seconds(
        &mut self,
        id: FrameId,
        input: &Json,
        field: Option<&NumberField>,
    ) -> Result<Option<u64>, Problem> {
        let Some(field) = field else { return Ok(None) };
        let seconds = self.whole(id, input, field, "")?;
        match u64::try_from(seconds) {
            Ok(seconds) if seconds > 0 => Ok(Some(seconds)),
            _ => Err(Problem::runtime(format!(
                "The {} field must be a positive integer: {seconds}",
                field.name
            ))),
        }
    }

    fn new_token(&mut self) -> Arc<str> {
        use base64::Engine as _;
        let random = &mut self.execution.random;
        let bytes: Vec<u8> = (0..12).flat_map(|_| random.next().to_le_bytes()).collect();
        Arc::from(base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    /// The event of the schedule, and that of the start where it follows at once.
    fn report_scheduled(
        &mut self,
        id: FrameId,
        task: &TaskState,
        parameters: &Json,
        (timeout_seconds, heartbeat_seconds): (Option<u64>, Option<u64>),
        credentials: Option<Json>,
    ) {
        let parameters = Arc::clone(parameters);
        match &task.resource {
            Resource::Integration { service, action, .. } => {
                let region = Arc::from(self.execution.parameters.region());
                let details = Details::TaskScheduled {
                    resource_type: Arc::clone(service),
                    resource: Arc::clone(action),
                    region,
                    parameters,
                    timeout_seconds,
                    heartbeat_seconds,
                    credentials,
                };
                self.emit(id, EventType::TaskScheduled, details);
                self.emit(id, EventType::TaskStarted, task_details(service, action));
            }
            Resource::Lambda => {
                let resource = Arc::clone(&task.arn);
                let details = Details::WorkScheduled {
                    resource,
                    input: parameters,
                    timeout_seconds,
                    heartbeat_seconds,
                    credentials,
                };
                self.emit(id, EventType::LambdaFunctionScheduled, details);
                self.emit(id, EventType::LambdaFunctionStarted, Details::None);
            }
            Resource::Activity => {
                let resource = Arc::clone(&task.arn);
                let details = Details::WorkScheduled {
                    resource,
                    input: parameters,
                    timeout_seconds,
                    heartbeat_seconds,
                    credentials: None,
                };
                self.emit(id, EventType::ActivityScheduled, details);
            }
        }
    }

    pub(super) fn task_started(&mut self, id: TaskId, worker_name: Option<String>) {
        let Some((frame, task)) = self.task_of(id) else { return };
        if task.resource == Resource::Activity {
            let details = Details::ActivityStarted { worker_name: worker_name.map(Arc::from) };
            self.emit(frame, EventType::ActivityStarted, details);
        }
    }

    pub(super) fn task_submitted(&mut self, id: TaskId, output: Json) {
        let Some((frame, task)) = self.task_of(id) else { return };
        let first = |running: &mut RunningTask| !std::mem::replace(&mut running.submitted, true);
        if !self.execution.tasks.get_mut(&id).is_some_and(first) {
            return;
        }
        if let Resource::Integration { service, action, .. } = &task.resource {
            let details = Details::Task {
                resource_type: Arc::clone(service),
                resource: Arc::clone(action),
                output: Some(output),
                error: None,
                cause: None,
            };
            self.emit(frame, EventType::TaskSubmitted, details);
        }
    }

    pub(super) fn task_heartbeat(&mut self, id: TaskId) {
        let Some(frame_id) = self.frame_of(id) else { return };
        let Some(frame) = self.execution.frames.get(&frame_id) else { return };
        let Activity::Task(mut work) = frame.activity else { return };
        let Some(seconds) = work.heartbeat_seconds.and_then(|seconds| i64::try_from(seconds).ok()) else {
            return;
        };
        if let Some(timer) = work.heartbeat {
            self.cancel_timer(timer);
        }
        let at = self.now.plus_millis(seconds.saturating_mul(1_000));
        work.heartbeat = Some(self.start_timer(Timer::Heartbeat(frame_id), at));
        if let Some(frame) = self.execution.frames.get_mut(&frame_id) {
            frame.activity = Activity::Task(work);
        }
    }

    pub(super) fn task_succeeded(&mut self, id: TaskId, output: &Json) {
        let Some(frame_id) = self.frame_of(id) else { return };
        match self.execution.frames.get(&frame_id).map(|frame| &frame.activity) {
            Some(Activity::Reading(..)) => {
                self.execution.tasks.remove(&id);
                return self.items_read(frame_id, output);
            }
            Some(Activity::Writing(..)) => {
                self.execution.tasks.remove(&id);
                return self.results_written(frame_id);
            }
            _ => {}
        }
        let Some((frame, task)) = self.task_of(id) else { return };
        let limits = &self.execution.parameters.limits;
        if !data::fits(output, limits.data_bytes, limits.data_depth) {
            let name = match &task.resource {
                Resource::Integration { service, .. } => service,
                Resource::Lambda | Resource::Activity => &task.arn,
            };
            let cause = Some(Arc::from(too_large(name)));
            return self.task_failed(id, Failure::named(Some(Arc::from(DATA_LIMIT)), cause));
        }
        self.end_task(frame, id);
        let details = match &task.resource {
            Resource::Integration { service, action, .. } => Details::Task {
                resource_type: Arc::clone(service),
                resource: Arc::clone(action),
                output: Some(Arc::clone(output)),
                error: None,
                cause: None,
            },
            Resource::Lambda | Resource::Activity => Details::Output { output: Arc::clone(output) },
        };
        let event = match task.resource {
            Resource::Integration { .. } => EventType::TaskSucceeded,
            Resource::Lambda => EventType::LambdaFunctionSucceeded,
            Resource::Activity => EventType::ActivitySucceeded,
        };
        self.emit(frame, event, details);
        self.note(Point::Result, output);
        self.complete(frame, output);
    }

    pub(super) fn task_failed(&mut self, id: TaskId, failure: Failure) {
        let Some(frame_id) = self.frame_of(id) else { return };
        if let Some(Activity::Reading(..) | Activity::Writing(..)) =
            self.execution.frames.get(&frame_id).map(|frame| &frame.activity)
        {
            self.execution.tasks.remove(&id);
            return self.map_run_failed(frame_id, failure);
        }
        let Some((frame, task)) = self.task_of(id) else { return };
        self.end_task(frame, id);
        let event = match task.resource {
            Resource::Integration { .. } => EventType::TaskFailed,
            Resource::Lambda => EventType::LambdaFunctionFailed,
            Resource::Activity => EventType::ActivityFailed,
        };
        self.emit(frame, event, failure_details(task, &failure));
        self.fail(frame, failure.of_task());
    }

    pub(super) fn task_timed_out(&mut self, frame: FrameId, failure: Failure) {
        let Some(Activity::Task(work)) = self.execution.frames.get(&frame).map(|frame| &frame.activity)
        else {
            return;
        };
        let id = work.id;
        let Some((frame, task)) = self.task_of(id) else { return };
        self.cancel_task(id);
        self.end_task(frame, id);
        let event = match task.resource {
            Resource::Integration { .. } => EventType::TaskTimedOut,
            Resource::Lambda => EventType::LambdaFunctionTimedOut,
            Resource::Activity => EventType::ActivityTimedOut,
        };
        self.emit(frame, event, failure_details(task, &failure));
        self.fail(frame, failure.of_task());
    }

    /// Forgets a task that is over, with its timers.
    fn end_task(&mut self, frame_id: FrameId, id: TaskId) {
        self.execution.tasks.remove(&id);
        let Some(frame) = self.execution.frames.get_mut(&frame_id) else { return };
        if let Activity::Task(work) = std::mem::replace(&mut frame.activity, Activity::Work) {
            [work.timeout, work.heartbeat].into_iter().flatten().for_each(|timer| self.cancel_timer(timer));
        }
    }

    fn frame_of(&self, id: TaskId) -> Option<FrameId> {
        self.execution.tasks.get(&id).map(|task| task.frame)
    }

    /// The frame and the Task state of a task under way.
    fn task_of(&self, id: TaskId) -> Option<(FrameId, &'e TaskState)> {
        let frame_id = self.frame_of(id)?;
        let frame = self.execution.frames.get(&frame_id)?;
        match (&frame.activity, &self.state(frame)?.kind) {
            (Activity::Task(_), StateKind::Task(task)) => Some((frame_id, task)),
            _ => None,
        }
    }
}

fn task_details(service: &Arc<str>, action: &Arc<str>) -> Details {
    Details::Task {
        resource_type: Arc::clone(service),
        resource: Arc::clone(action),
        output: None,
        error: None,
        cause: None,
    }
}

fn failure_details(task: &TaskState, failure: &Failure) -> Details {
    let (error, cause) = (failure.error.clone(), failure.cause.clone());
    match &task.resource {
        Resource::Integration { service, action, .. } => Details::Task {
            resource_type: Arc::clone(service),
            resource: Arc::clone(action),
            output: None,
            error,
            cause,
        },
        Resource::Lambda | Resource::Activity => Details::Error { error, cause },
    }
}
