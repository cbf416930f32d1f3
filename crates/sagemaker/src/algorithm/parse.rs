//! Reading `algorithm.toml`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::{Algorithm, Hyperparameter, HyperparameterKind, Inference, Metric, Objective, Run, Training};

/// Why an `algorithm.toml` cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}:{line}:{column}: {message}", path.display())]
pub struct AlgorithmError {
    /// The file.
    pub path: PathBuf,
    /// The place, as bytes of the file.
    pub span: Range<usize>,
    /// The line of the place, from 1.
    pub line: usize,
    /// The column of the place in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    description: Option<String>,
    training: Spanned<TrainingTable>,
    inference: Option<Spanned<InferenceTable>>,
    #[serde(default)]
    metrics: Vec<MetricTable>,
    #[serde(default)]
    objectives: Vec<ObjectiveTable>,
    #[serde(default)]
    hyperparameters: Vec<HyperparameterTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainingTable {
    command: Option<Spanned<Vec<String>>>,
    script: Option<Spanned<String>>,
    interpreter: Option<Spanned<String>>,
    #[serde(default)]
    content_types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InferenceTable {
    command: Option<Spanned<Vec<String>>>,
    script: Option<Spanned<String>>,
    interpreter: Option<Spanned<String>>,
    #[serde(default)]
    content_types: Vec<String>,
    #[serde(default)]
    image_aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricTable {
    name: Spanned<String>,
    regex: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectiveTable {
    metric: Spanned<String>,
    r#type: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HyperparameterTable {
    name: Spanned<String>,
    description: Option<String>,
    r#type: Spanned<String>,
    min: Option<Spanned<String>>,
    max: Option<Spanned<String>>,
    values: Option<Spanned<Vec<String>>>,
    default: Option<Spanned<String>>,
    #[serde(default)]
    tunable: bool,
    #[serde(default)]
    required: bool,
}

/// A finding before its place is known as line and column.
type Finding = (Range<usize>, String);

impl Algorithm {
    /// Reads the text of an `algorithm.toml`; `path` is for errors and for the folder that relative commands start
    /// from. Unknown keys are errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, AlgorithmError> {
        let place = |(span, message): Finding| {
            let before = text.get(..span.start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            AlgorithmError {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                span,
                message,
            }
        };
        let file: File = toml::from_str(text)
            .map_err(|error| place((error.span().unwrap_or(0..0), error.message().trim_end().to_owned())))?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        build(file, folder).map_err(place)
    }
}

fn build(file: File, folder: PathBuf) -> Result<Algorithm, Finding> {
    let name = file.name.as_ref();
    if name.len() > 63 || !crate::request::is_name(name) || name.is_empty() {
        let message = "name must be 1 to 63 letters, digits and hyphens, without a hyphen at either end";
        return Err((file.name.span(), message.to_owned()));
    }
    let training_span = file.training.span();
    let training = file.training.into_inner();
    let inference = file.inference.map(|table| {
        let span = table.span();
        (table.into_inner(), span)
    });
    let metrics = metrics(file.metrics)?;
    let objectives = objectives(file.objectives, &metrics)?;
    Ok(Algorithm {
        name: file.name.into_inner(),
        description: file.description,
        folder,
        training: Training {
            run: run(training.command, training.script, training.interpreter, training_span)?,
            content_types: training.content_types,
        },
        inference: match inference {
            None => None,
            Some((inference, span)) => Some(Inference {
                run: run(inference.command, inference.script, inference.interpreter, span)?,
                content_types: inference.content_types,
                image_aliases: inference.image_aliases,
            }),
        },
        metrics,
        objectives,
        hyperparameters: hyperparameters(file.hyperparameters)?,
    })
}

/// What a table says is to be run; `table` is its place.
fn run(
    words: Option<Spanned<Vec<String>>>,
    script: Option<Spanned<String>>,
    interpreter: Option<Spanned<String>>,
    table: Range<usize>,
) -> Result<Run, Finding> {
    match (words, script) {
        (Some(words), None) => match interpreter {
            None => command(words).map(Run::Command),
            Some(interpreter) => Err((
                interpreter.span(),
                "an interpreter is for a script; put it into the command".to_owned(),
            )),
        },
        (None, Some(script)) => {
            let interpreter = interpreter.unwrap_or_else(|| Spanned::new(0..0, "python3".to_owned()));
            for text in [&script, &interpreter] {
                if text.as_ref().is_empty() {
                    return Err((text.span(), "the text must not be empty".to_owned()));
                }
            }
            Ok(Run::Script { interpreter: interpreter.into_inner(), script: script.into_inner() })
        }
        (_, script) => {
            let place = script.map_or(table, |script| script.span());
            Err((place, "the table needs either a command or a script".to_owned()))
        }
    }
}

fn command(words: Spanned<Vec<String>>) -> Result<Vec<String>, Finding> {
    if words.as_ref().first().is_none_or(String::is_empty) {
        return Err((words.span(), "command must name a program".to_owned()));
    }
    Ok(words.into_inner())
}

fn metrics(tables: Vec<MetricTable>) -> Result<Vec<Metric>, Finding> {
    let mut metrics: Vec<Metric> = Vec::with_capacity(tables.len());
    for table in tables {
        if metrics.iter().any(|metric| metric.name == *table.name.as_ref()) {
            return Err((table.name.span(), format!("metric {} is declared twice", table.name.as_ref())));
        }
        let regex = Regex::new(table.regex.as_ref())
            .map_err(|error| (table.regex.span(), format!("not a regular expression: {error}")))?;
        if regex.captures_len() < 2 {
            let message = "the expression needs a group around the metric's value, such as ([0-9.]+)";
            return Err((table.regex.span(), message.to_owned()));
        }
        metrics.push(Metric { name: table.name.into_inner(), regex });
    }
    Ok(metrics)
}

fn objectives(tables: Vec<ObjectiveTable>, metrics: &[Metric]) -> Result<Vec<Objective>, Finding> {
    tables
        .into_iter()
        .map(|table| {
            if !metrics.iter().any(|metric| metric.name == *table.metric.as_ref()) {
                return Err((
                    table.metric.span(),
                    format!("no metric has the name {}", table.metric.as_ref()),
                ));
            }
            if !["Maximize", "Minimize"].contains(&table.r#type.as_ref().as_str()) {
                return Err((table.r#type.span(), "type must be Maximize or Minimize".to_owned()));
            }
            Ok(Objective { metric: table.metric.into_inner(), kind: table.r#type.into_inner() })
        })
        .collect()
}

fn hyperparameters(tables: Vec<HyperparameterTable>) -> Result<Vec<Hyperparameter>, Finding> {
    let mut hyperparameters: Vec<Hyperparameter> = Vec::with_capacity(tables.len());
    for table in tables {
        let name = table.name.as_ref();
        if hyperparameters.iter().any(|hyperparameter| hyperparameter.name == *name) {
            return Err((table.name.span(), format!("hyperparameter {name} is declared twice")));
        }
        let kind = kind(&table)?;
        if table.tunable && kind == HyperparameterKind::FreeText {
            return Err((table.name.span(), "a FreeText hyperparameter cannot be tunable".to_owned()));
        }
        if let Some(default) = &table.default {
            kind.check(default.as_ref()).map_err(|wrong| (default.span(), format!("default {wrong}")))?;
        }
        hyperparameters.push(Hyperparameter {
            name: table.name.into_inner(),
            description: table.description,
            kind,
            default: table.default.map(Spanned::into_inner),
            tunable: table.tunable,
            required: table.required,
        });
    }
    Ok(hyperparameters)
}

fn kind(table: &HyperparameterTable) -> Result<HyperparameterKind, Finding> {
    let name = table.r#type.as_ref().as_str();
    if !["Integer", "Continuous", "Categorical", "FreeText"].contains(&name) {
        let message = "type must be Integer, Continuous, Categorical or FreeText";
        return Err((table.r#type.span(), message.to_owned()));
    }
    let numeric = matches!(name, "Integer" | "Continuous");
    if let Some(bound) = table.min.as_ref().or(table.max.as_ref()).filter(|_| !numeric) {
        return Err((bound.span(), format!("a {name} hyperparameter has no bounds")));
    }
    if let Some(values) = table.values.as_ref().filter(|_| name != "Categorical") {
        return Err((values.span(), format!("a {name} hyperparameter has no list of values")));
    }
    let text = |bound: &Option<Spanned<String>>| bound.as_ref().map(|bound| bound.as_ref().clone());
    let kind = match name {
        "Integer" => HyperparameterKind::Integer { min: text(&table.min), max: text(&table.max) },
        "Continuous" => HyperparameterKind::Continuous { min: text(&table.min), max: text(&table.max) },
        "Categorical" => {
            let values = table.values.as_ref().map(|values| values.as_ref().clone()).unwrap_or_default();
            if values.is_empty() {
                return Err((table.r#type.span(), "a Categorical hyperparameter needs values".to_owned()));
            }
            HyperparameterKind::Categorical { values }
        }
        _ => HyperparameterKind::FreeText,
    };
    for bound in [&table.min, &table.max].into_iter().flatten() {
        kind.check_type(bound.as_ref()).map_err(|wrong| (bound.span(), format!("bound {wrong}")))?;
    }
    if let (Some(_), Some(max)) = (&table.min, &table.max) {
        kind.check(max.as_ref()).map_err(|_| (max.span(), "max is below min".to_owned()))?;
    }
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "gbm"
description = "Gradient boosting"
[training]
command = ["mlpp", "algorithm", "gbm", "train"]
content_types = ["text/csv"]
[inference]
command = ["mlpp", "algorithm", "gbm", "serve"]
[[metrics]]
name = "validation:auc"
regex = 'validation:auc=([0-9.eE+-]+)'
[[objectives]]
metric = "validation:auc"
type = "Maximize"
[[hyperparameters]]
name = "ntrees"
type = "Integer"
min = "1"
max = "10000"
default = "50"
tunable = true
[[hyperparameters]]
name = "metric"
type = "Categorical"
values = ["auc", "logloss"]
"#;

    fn error(from: &str, to: &str) -> AlgorithmError {
        assert!(GOOD.contains(from), "{from}");
        Algorithm::parse(&GOOD.replacen(from, to, 1), Path::new("a.toml")).unwrap_err()
    }

    #[test]
    fn a_whole_file() {
        let algorithm = Algorithm::parse(GOOD, Path::new("x/algorithm.toml")).unwrap();
        assert_eq!((algorithm.name(), algorithm.folder.as_path()), ("gbm", Path::new("x")));
        assert_eq!((algorithm.metrics.len(), algorithm.hyperparameters.len()), (1, 2));
        assert!(algorithm.hyperparameters[0].tunable && !algorithm.hyperparameters[1].tunable);
    }

    #[test]
    fn each_mistake_has_its_place() {
        for (from, to, line, message) in [
            ("description", "descriptoin", 3, "unknown field"),
            ("\"gbm\"", "\"-gbm\"", 2, "name must be"),
            ("(", "([", 11, "not a regular expression"),
            ("([0-9.eE+-]+)", "x", 11, "needs a group"),
            ("metric = \"validation:auc\"", "metric = \"auc\"", 13, "no metric has the name auc"),
            ("Maximize", "maximise", 14, "Maximize or Minimize"),
            ("\"Integer\"", "\"Int\"", 17, "type must be"),
            ("min = \"1\"", "min = \"1.5\"", 18, "bound '1.5' is not an integer"),
            ("max = \"10000\"", "max = \"0\"", 19, "max is below min"),
            ("default = \"50\"", "default = \"0\"", 20, "default '0' is below 1"),
            (
                "\"metric\"\ntype = \"Categorical\"",
                "\"metric\"\ntype = \"FreeText\"",
                25,
                "no list of values",
            ),
            (
                "command = [\"mlpp\", \"algorithm\", \"gbm\", \"train\"]",
                "command = []",
                5,
                "must name a program",
            ),
        ] {
            let error = error(from, to);
            assert!(error.message.contains(message), "{from} → {to}: {error}");
            assert_eq!(error.line, line, "{error}");
            assert!(error.to_string().starts_with("a.toml:"), "{error}");
        }
    }
}
