use std::process::ExitCode as ProcessExitCode;

use comfy_table::CellAlignment;
use serde_json::{Value, json};

use crate::config::Project;
use crate::error::CommandError;
use crate::executions::{OnAws, Trial, Trials};
use crate::exit_code::ExitCode;
use crate::output;

/// List the trials of a tuning job, the best one first
///
/// A trial is a training job that the tuning job started with values of its own for the hyperparameters. Its value is the final
/// one of the metric that the tuning job optimises. The table can be read while the tuning job runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An execution or a tuning job; without it, the newest execution that has a tuning job
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The best so many
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,
    /// Print as CSV, with the values as they are
    #[arg(long, group = "format")]
    csv: bool,
    /// Print as JSON
    #[arg(long, group = "format")]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let mut trials = {
        let on_aws = OnAws::of(project)?;
        super::block_on(Trials::find(project, on_aws, args.name.as_deref()))??
    };
    let all = trials.list.len();
    trials.list.truncate(args.limit.unwrap_or(usize::MAX));
    if args.csv {
        csv(&trials)?;
    } else if args.json {
        output::json(&as_json(&trials))?;
    } else {
        output::note(format_args!(
            "{}: {}, {}",
            trials.tuning_job,
            trials.status,
            output::count(all, "trial")
        ));
        table(&trials)?;
    }
    Ok(ExitCode::Success.into())
}

fn table(trials: &Trials) -> Result<(), CommandError> {
    if trials.list.is_empty() {
        return Ok(());
    }
    let names = trials.hyperparameters();
    let mut headings = vec!["", "trial", "status", trials.metric.as_str()];
    headings.extend(names.iter().copied());
    headings.push("time");
    let mut table = output::table(headings);
    let numbers = 4 + names.len();
    for (index, trial) in trials.list.iter().enumerate() {
        let mut row = vec![
            trial.value.map_or(String::new(), |_| (index + 1).to_string()),
            trial.name.clone(),
            trial.status.clone(),
            trial.value.map_or("-".to_owned(), |value| format!("{value:.4}")),
        ];
        row.extend(names.iter().map(|name| trial.hyperparameters.get(*name).map_or("-".to_owned(), short)));
        row.push(trial.seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1} s")));
        table.add_row(row);
    }
    for column in (3..=numbers).chain([0]) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    output::data(table)?;
    // Trials of one fault mostly fail alike.
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for trial in &trials.list {
        let Some(reason) = trial.failure_reason.as_deref() else { continue };
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, names)) => names.push(&trial.name),
            None => reasons.push((reason, vec![&trial.name])),
        }
    }
    for (reason, names) in reasons {
        let others = names.len() - 1;
        let others = if others == 0 { String::new() } else { format!(" and {others} more") };
        output::note(format_args!("{}{others}: {reason}", names.first().copied().unwrap_or_default()));
    }
    Ok(())
}

/// A value as the table has it: a long fraction is cut.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.len() <= 10 {
        return text;
    }
    match text.parse::<f64>() {
        Ok(number) if number != 0.0 && !(1e-4..1e9).contains(&number.abs()) => format!("{number:.4e}"),
        Ok(number) => format!("{number:.6}"),
        Err(_) => text,
    }
}

fn csv(trials: &Trials) -> Result<(), CommandError> {
    let names = trials.hyperparameters();
    let mut head = vec!["trial".to_owned(), "status".to_owned(), trials.metric.clone()];
    head.extend(names.iter().map(|name| (*name).to_owned()));
    head.extend(["seconds".to_owned(), "failure_reason".to_owned()]);
    line(&head)?;
    for trial in &trials.list {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let mut row = vec![trial.name.clone(), trial.status.clone(), number(trial.value)];
        row.extend(names.iter().map(|name| {
            trial.hyperparameters.get(*name).map_or(String::new(), |value| {
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            })
        }));
        row.extend([number(trial.seconds), trial.failure_reason.clone().unwrap_or_default()]);
        line(&row)?;
    }
    Ok(())
}

/// A line of CSV (RFC 4180).
fn line(fields: &[String]) -> Result<(), CommandError> {
    let quoted: Vec<_> = fields
        .iter()
        .map(|field| {
            if field.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field.clone()
            }
        })
        .collect();
    output::data(quoted.join(","))
}

fn as_json(trials: &Trials) -> Value {
    let one = |trial: &Trial| {
        json!({
            "training_job": trial.name,
            "status": trial.status,
            "value": trial.value,
            "hyperparameters": trial.hyperparameters,
            "definition": trial.definition,
            "seconds": trial.seconds,
            "failure_reason": trial.failure_reason,
        })
    };
    json!({
        "tuning_job": trials.tuning_job,
        "status": trials.status,
        "metric": trials.metric,
        "type": if trials.maximize { "Maximize" } else { "Minimize" },
        "trials": trials.list.iter().map(one).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_fractions_are_cut() {
        assert_eq!(short(&json!("12")), "12");
        assert_eq!(short(&json!("0.123456789012")), "0.123457");
        assert_eq!(short(&json!("0.00000123456789")), "1.2346e-6");
        assert_eq!(short(&json!("a-long-category")), "a-long-category");
    }
}
