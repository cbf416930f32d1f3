mod events;
mod on_aws;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use comfy_table::Table;
use jiff::Timestamp;
use mlpp_local::{ExecutionRecord, status_text};
use serde_json::{Value, json};

use super::executions::{as_json, took};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions::{
    self, OnAws, Provenance, Resource, StateCourse, reason, seconds, short_name, unreadable,
};
use crate::exit_code::ExitCode;
use crate::file_set::replace;
use crate::{graph, output};

/// Show an execution: its states, the jobs that it started, and what was not simulated
///
/// It can be looked at while it runs. On AWS it is one of the target's executions, or any by its ARN.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The execution: its name, the beginning of its name, or its ARN; without it, the newest
    #[arg(value_name = "EXECUTION")]
    name: Option<String>,
    /// Show every event of its history
    #[arg(long)]
    history: bool,
    /// Draw its states, with what became of each, as SVG in a file
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Print everything as JSON, events in the shape of GetExecutionHistory among it
    #[arg(long)]
    json: bool,
}

/// What there is to tell of an execution.
struct Description {
    execution: ExecutionRecord,
    history: Vec<Value>,
    states: Vec<StateCourse>,
    /// What it made, with the members of the requests that have no meaning on this machine.
    resources: Vec<(Resource, Vec<String>)>,
    nested: Vec<ExecutionRecord>,
    /// Whether it is one of this machine, where some members have no meaning.
    is_here: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let description = match OnAws::of(project)? {
        Some(on_aws) => super::block_on(on_aws::read(on_aws, args))??,
        None => read(args, project)?,
    };
    if let Some(file) = &args.graph {
        draw(&description.execution, &description.states, file)?;
    }
    if args.json {
        output::json(&description.to_json())?;
    } else {
        description.print(args)?;
    }
    Ok(ExitCode::Success.into())
}

/// What there is to tell of an execution of this machine.
fn read(args: &Args, project: &Project) -> Result<Description, CommandError> {
    let recorded = executions::recorded(project)?;
    let all = recorded.list().map_err(|error| unreadable(&error))?;
    let execution = executions::find(&all, args.name.as_deref())?;
    let history = recorded.history(&execution.arn).map_err(|error| unreadable(&error))?;
    let history: Vec<Value> = history
        .iter()
        .map(|event| serde_json::from_str(event))
        .collect::<Result<_, _>>()
        .map_err(|error| CommandError::failed("read the execution's history", error))?;
    let end = execution.stop.unwrap_or_else(Timestamp::now);
    let states = executions::course(&history, execution.description.status, end);
    let made = executions::made_by(&recorded, &all, &execution.arn).map_err(|error| unreadable(&error))?;
    let resources = with_not_simulated(project, made)?;
    let nested =
        all.iter().rev().filter(|one| one.parent_arn.as_deref() == Some(&execution.arn)).cloned().collect();
    Ok(Description { execution: execution.clone(), history, states, resources, nested, is_here: true })
}

fn draw(
    execution: &ExecutionRecord,
    states: &[StateCourse],
    file: &std::path::Path,
) -> Result<(), CommandError> {
    let absent = || {
        let message = format!("the definition of the execution {} is not recorded", execution.name);
        let help = "it is of an earlier version of mlpp; mlpp states graph draws a definition".to_owned();
        let plain = Plain { code: "execution/no-definition", message, help };
        CommandError::one(ExitCode::InvalidInput, plain)
    };
    let definition = execution.definition.as_deref().ok_or_else(absent)?;
    let machine = mlpp_states::StateMachine::parse(definition)
        .map_err(|error| CommandError::failed("read the execution's definition", error))?;
    let statuses: BTreeMap<_, _> = states.iter().map(|state| (state.name.as_str(), state.status)).collect();
    let title = format!("{}: {}", short_name(&execution.state_machine_arn), execution.name);
    let svg = graph::svg_of_execution(&machine.outline(), &title, &statuses);
    if file == std::path::Path::new("-") {
        return output::data(svg.trim_end());
    }
    replace(file, &svg).map_err(|error| CommandError::failed(&format!("write {}", file.display()), error))
}

fn with_not_simulated(
    project: &Project,
    made: Vec<Resource>,
) -> Result<Vec<(Resource, Vec<String>)>, CommandError> {
    let runtime = super::runtime()?;
    let _within = runtime.enter();
    let jobs = executions::jobs(project)?;
    let mut resources = Vec::new();
    for resource in made {
        let members = match &jobs {
            // One that was refused, or was deleted since, has none.
            Some(jobs) => runtime
                .block_on(jobs.not_simulated(resource.r#type.kind(), &resource.name))
                .unwrap_or_default(),
            None => Vec::new(),
        };
        resources.push((resource, members));
    }
    Ok(resources)
}

impl Description {
    fn print(&self, args: &Args) -> Result<(), CommandError> {
        if args.graph.as_deref() == Some(std::path::Path::new("-")) {
            return Ok(());
        }
        output::data(self.facts())?;
        if !self.states.is_empty() {
            output::data(self.states())?;
        }
        if !self.resources.is_empty() {
            output::data(self.resources())?;
        }
        if args.history {
            output::data(events::table(&self.history, self.execution.start))?;
        }
        Ok(())
    }

    fn facts(&self) -> Table {
        let execution = &self.execution;
        let mut table = output::facts();
        table.add_row(["execution", &execution.name]);
        table.add_row(["ARN", &execution.arn]);
        table.add_row(["state machine", short_name(&execution.state_machine_arn)]);
        table.add_row(["status", status_text(execution.description.status)]);
        table.add_row(["started", &execution.start.strftime("%Y-%m-%d %H:%M:%SZ").to_string()]);
        table.add_row(["took", &took(execution)]);
        if let Some(from) = Provenance::of(&execution.input) {
            let release = from.release.map_or("none".to_owned(), |number| number.to_string());
            table.add_row(["release", &release]);
            table.add_row(["manifest", &from.manifest_uri()]);
            if from.attempt > 1 {
                table.add_row(["attempt", &from.attempt.to_string()]);
            }
        }
        if let Some(parent) = &execution.parent_arn {
            table.add_row(["nested in", parent]);
        }
        for nested in &self.nested {
            table.add_row([
                "started",
                &format!("{} ({})", nested.name, short_name(&nested.state_machine_arn)),
            ]);
        }
        if let Some(error) = &execution.description.error {
            table.add_row(["error", error]);
        }
        if let Some(cause) = &execution.description.cause {
            table.add_row(["cause", &reason(cause)]);
        }
        table
    }

    fn states(&self) -> Table {
        let mut table = output::table(["state", "type", "status", "entered", "failures", "time", "error"]);
        for state in &self.states {
            table.add_row([
                state.name.clone(),
                state.r#type.clone(),
                state.status.text().to_owned(),
                state.entered.to_string(),
                state.failures.to_string(),
                seconds(state.took.try_into().unwrap_or_default()),
                state.error.clone().unwrap_or_default(),
            ]);
        }
        table
    }

    fn resources(&self) -> Table {
        if !self.is_here {
            let mut table = output::table(["made", "name"]);
            for (resource, _) in &self.resources {
                table.add_row([resource.r#type.name(), &resource.name]);
            }
            return table;
        }
        let mut table = output::table(["made", "name", "not simulated"]);
        for (resource, members) in &self.resources {
            let members = if members.is_empty() { "-".to_owned() } else { members.join("\n") };
            table.add_row([resource.r#type.name().to_owned(), resource.name.clone(), members]);
        }
        table
    }

    fn to_json(&self) -> Value {
        let description = &self.execution.description;
        let parsed =
            |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let resources: Vec<_> = self
            .resources
            .iter()
            .map(|(resource, members)| {
                json!({"type": resource.r#type.name(), "name": resource.name, "not_simulated": members})
            })
            .collect();
        let mut value = as_json(&self.execution);
        value["input"] = parsed(&self.execution.input);
        value["output"] = json!(description.output.as_deref().map(parsed));
        value["error"] = json!(description.error);
        value["cause"] = json!(description.cause);
        value["states"] = json!(self.states);
        value["resources"] = json!(resources);
        value["executions"] = json!(self.nested.iter().map(|nested| &nested.arn).collect::<Vec<_>>());
        value["history"] = json!(self.history);
        value
    }
}
