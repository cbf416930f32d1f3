//! `mlpp states run`: one execution in virtual time, without a project.

mod answers;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use mlpp_states::{
    DefinitionLimits, HistoryEvent, Limits, Outcome, Simulation, StartParameters, Timestamp, WorkflowType,
};
use serde_json::Value;

use super::definition::Definition;
use super::source::Source;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use answers::Answers;

/// Run a definition once, in virtual time
///
/// Waits, timeouts and delays before retries pass at once. Tasks do nothing: each is answered what --tasks has recorded for
/// it. Nothing is written but the results of a distributed Map, below --objects. The exit code is 0 when the execution
/// succeeded, and 4 when it failed, timed out, or waits for ever.
///
/// Each JSON is a file, - for standard input, or the JSON itself where it begins with {, [ or ".
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The definition; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The execution's input; without it, the input is {}
    #[arg(long, value_name = "JSON")]
    input: Option<Source>,
    /// What tasks are answered: a list, each entry with state, attempt, iteration, and the result
    ///
    /// An entry is {"state": NAME, "attempt": 0, "iteration": [{"map": NAME, "index": 0}], "parameters": …, "submitted": …,
    /// "result": {"event": "TaskSucceeded", "output": …} or {"event": "TaskFailed", "error": …, "cause": …}}. All but the state
    /// may be left out; without a result the task runs into its timeout. A task takes the first entry that is like it and
    /// was not taken before.
    #[arg(long, value_name = "JSON")]
    tasks: Option<Source>,
    /// Redrive the execution up to this many times when it does not succeed
    #[arg(long, value_name = "NUMBER", default_value_t = 0, conflicts_with = "express")]
    redrive: u32,
    /// The objects that ItemReader reads and ResultWriter writes: a folder with a folder for each bucket
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// Run as a synchronous Express workflow
    #[arg(long)]
    express: bool,
    /// Show the history as well
    ///
    /// As JSON the events are flat and their data is JSON; --history=service gives them as GetExecutionHistory does, with
    /// details in a member of their own, data as text, and timestamps.
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "flat"
    )]
    history: Option<HistoryForm>,
    /// Print status, output, error and cause as JSON
    #[arg(long)]
    json: bool,
    /// The execution's name
    #[arg(long, value_name = "NAME", default_value = "execution")]
    name: String,
    /// Seed of everything random: jitter, $random, $uuid, States.UUID, States.MathRandom
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// When the execution starts, in RFC 3339; without it, now
    #[arg(long, value_name = "TIME")]
    start_time: Option<jiff::Timestamp>,
    /// Lift the service's limits on the definition, on data, on the length of the history and on concurrency
    #[arg(long)]
    no_limits: bool,
}

/// How events are written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HistoryForm {
    /// One object for each event, data as JSON
    Flat,
    /// As GetExecutionHistory
    Service,
}

/// What became of the execution.
struct Ended {
    /// `None` when it waits for something that never happens.
    outcome: Option<Outcome>,
    events: Vec<HistoryEvent>,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    Source::check_stdin(&args.file, [&args.input, &args.tasks])?;
    let definition = Definition::read(&args.file)?;
    let workflow = if args.express { WorkflowType::Express } else { WorkflowType::Standard };
    let limits = if args.no_limits { DefinitionLimits::lifted() } else { DefinitionLimits::default() };
    let machine = definition.compile(workflow, limits)?;
    let input: Value = args.input.as_ref().unwrap_or(&Source::empty()).read("--input")?.typed()?;
    let mut answers = Answers::read(args.tasks.as_ref(), args.objects.as_deref())?;
    let mut parameters = StartParameters::named("StateMachine", &args.name, Arc::new(input));
    parameters.seed = args.seed;
    if args.no_limits {
        parameters.limits = Limits::lifted();
    }
    if args.express {
        parameters = parameters.express();
    }
    let start = Timestamp(args.start_time.unwrap_or_else(jiff::Timestamp::now).as_millisecond());
    let mut simulation = Simulation::new(&machine, parameters, start);
    let mut events = Vec::new();
    let wanted = args.history.is_some();
    let mut outcome = None;
    for _ in 0..=args.redrive {
        outcome = simulation.run(
            |request| answers.answer(request),
            |more| {
                if wanted {
                    events.extend(more);
                }
            },
        )?;
        // What succeeded, or runs, is not redriven.
        if simulation.redrive().is_err() {
            break;
        }
    }
    answers.note_leftovers();
    let ended = Ended { outcome, events };
    if args.json {
        ended.print_json(args.history)?;
    } else {
        ended.print(wanted)?;
    }
    let succeeded = matches!(ended.outcome, Some(Outcome::Succeeded { .. }));
    Ok(if succeeded { ExitCode::Success } else { ExitCode::WorkflowFailed }.into())
}
