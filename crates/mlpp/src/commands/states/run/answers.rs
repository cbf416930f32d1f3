//! What tasks are answered: recorded results, and objects in a folder.

use std::path::Path;

use mlpp_local::{LocalObjects, MapObjects};
use mlpp_states::recorded::{RecordedTask, RecordedTasks};
use mlpp_states::{Event, TaskPurpose, TaskRequest};

use super::super::source::Source;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::output;

/// Answers the tasks of one execution.
pub(super) struct Answers {
    tasks: RecordedTasks,
    /// Whether there is a file of recorded tasks.
    recorded: bool,
    objects: Option<MapObjects>,
}

impl Answers {
    /// Recorded tasks, and objects below a folder.
    ///
    /// # Errors
    /// A file that is not there or is no list of tasks; a folder that is not there.
    pub(super) fn read(tasks: Option<&Source>, objects: Option<&Path>) -> Result<Self, CommandError> {
        let list: Vec<RecordedTask> = match tasks {
            Some(source) => source.read("--tasks")?.typed()?,
            None => Vec::new(),
        };
        if let Some(folder) = objects.filter(|folder| !folder.is_dir()) {
            let message = format!("there is no folder {}", folder.display());
            let help = "--objects names a folder with a folder for each bucket".to_owned();
            let plain = Plain { code: "states/file-absent", message, help };
            return Err(CommandError::one(ExitCode::InvalidInput, plain));
        }
        Ok(Self {
            tasks: RecordedTasks::new(list),
            recorded: tasks.is_some(),
            objects: objects.map(|folder| MapObjects::new(LocalObjects::new(folder).with_old_bucket_names())),
        })
    }

    /// The events that a task leads to.
    ///
    /// # Errors
    /// `states/no-result`, `states/no-objects`: the execution cannot go on.
    pub(super) fn answer(&mut self, request: &TaskRequest) -> Result<Vec<Event>, CommandError> {
        if request.purpose == TaskPurpose::Task {
            return self.recorded(request);
        }
        let Some(objects) = &self.objects else {
            let message =
                format!("the Map state \"{}\" uses objects, and there are none", request.state_name);
            let help = "--objects names a folder with a folder for each bucket".to_owned();
            return Err(stopped("states/no-objects", message, help));
        };
        Ok(vec![match objects.answer(request) {
            Ok(output) => Event::TaskSucceeded { id: request.id, output: output.into() },
            Err(failure) => Event::TaskFailed { id: request.id, error: failure.error, cause: failure.cause },
        }])
    }

    fn recorded(&mut self, request: &TaskRequest) -> Result<Vec<Event>, CommandError> {
        let Some(replayed) = self.tasks.take(request) else {
            let message = format!("no result is recorded for the task of {}", place(request));
            let help = if self.recorded {
                format!(
                    "add an entry to the file of --tasks; the task's parameters are {}",
                    request.parameters
                )
            } else {
                format!("--tasks names a file with results; the task's parameters are {}", request.parameters)
            };
            return Err(stopped("states/no-result", message, help));
        };
        if let Some(recorded) = replayed.other_parameters {
            output::note(format_args!(
                "warning: the task of {} is given other parameters than were recorded\n  given:    {}\n  recorded: {recorded}",
                place(request),
                request.parameters
            ));
        }
        Ok(replayed.events)
    }

    /// Says which recorded results no task asked for.
    pub(super) fn note_leftovers(&self) {
        for task in self.tasks.unused() {
            let state = task.state.as_deref().unwrap_or("(no name)");
            output::note(format_args!(
                "warning: no task asked for the recorded result of state \"{state}\", attempt {}",
                task.attempt
            ));
        }
    }
}

/// State, attempt and iterations of a task, for people.
fn place(request: &TaskRequest) -> String {
    let mut text = format!("state \"{}\", attempt {}", request.state_name, request.attempt);
    for (map, index) in &request.iterations {
        text = format!("{text}, iteration {index} of \"{map}\"");
    }
    text
}

fn stopped(code: &'static str, message: String, help: String) -> CommandError {
    CommandError::one(ExitCode::InvalidInput, Plain { code, message, help })
}
