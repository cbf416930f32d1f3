//! Training: from the channels to a model, with the metrics printed on the way.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use forust_ml::errors::ForustError;
use thiserror::Error;

use crate::balance::Balance;
use crate::boost::{Task, boost};
use crate::data::DataError;
use crate::data::encode::Schema;
use crate::data::frame::Frame;
use crate::environment::TrainEnvironment;
use crate::hyperparameters::{HyperparameterError, Hyperparameters, Used};
use crate::metrics::Metric;
use crate::model::{Model, ModelError};
use crate::scoring::{Rows, Scoring};
use crate::target;

/// What a training run made.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSummary {
    /// The model's file.
    pub model: PathBuf,
    /// Rounds of trees in it.
    pub rounds: usize,
    /// Whether the stopping metric, or a signal, ended training before `ntrees` rounds.
    pub stopped_early: bool,
    /// The model's metrics on the training data.
    pub training: Vec<(Metric, f64)>,
    /// Its metrics on the validation data, if there are any.
    pub validation: Vec<(Metric, f64)>,
}

/// Why a training run failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The hyperparameters.
    #[error(transparent)]
    Hyperparameters(#[from] HyperparameterError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The growing of the trees.
    #[error("grow the trees: {0}")]
    Grow(#[from] ForustError),
    /// The model's file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The metrics could not be printed.
    #[error("print the metrics: {0}")]
    Print(#[from] io::Error),
}

/// Trains a model on the channels and writes it to the model directory.
///
/// After every `score_tree_interval` rounds and after the last one, a line with the metrics goes to `out`, such as
///
/// ```text
/// [20] training:auc=0.871235 training:logloss=0.401284 … validation:auc=0.858012 validation:logloss=0.420511 …
/// ```
///
/// for the platform to find by regular expression: `auc` (two labels only), `logloss`, `misclassification` and `accuracy` of
/// a class; `rmse`, `mse`, `mae` and `r2` of a number. `validation:` metrics are there if the channel is. The last line
/// is about the model that is saved. A metric that the data leave undefined is not printed, and a note says so once.
///
/// # Errors
///
/// Hyperparameters or data that cannot be used, a model that cannot be written, `out` that cannot be written.
pub fn train(environment: &TrainEnvironment, out: &mut dyn Write) -> Result<TrainSummary, TrainError> {
    train_until(environment, out, &|| false)
}

/// The same, which ends after the round in which `interrupted` comes true, with the model so far.
pub(crate) fn train_until(
    environment: &TrainEnvironment,
    out: &mut dyn Write,
    interrupted: &dyn Fn() -> bool,
) -> Result<TrainSummary, TrainError> {
    let hyperparameters = Hyperparameters::read(&environment.config_directory)?;
    let options = &hyperparameters.training;
    let frame = Frame::read_training(&environment.training_channel, options)?;
    let objective = target::objective(&frame, options)?;
    let truth = target::truth(&frame, &objective)?;
    let responses = objective.responses(&truth);
    let balance = Balance::new(&objective, &truth, hyperparameters.balance_classes);
    let schema = Schema::fit(&frame, &responses);
    if schema.width() == 0 {
        return Err(DataError::NoValue.into());
    }
    let training = Rows { channel: "training", design: schema.design(&frame), truth };
    let validation = match &environment.validation_channel {
        None => None,
        Some(directory) => {
            let frame = Frame::read_like("validation", directory, &frame.layout)?;
            let truth = target::truth(&frame, &objective)?;
            Some(Rows { channel: "validation", design: schema.design(&frame), truth })
        }
    };
    // The texts have become numbers.
    drop(frame);

    let start = objective.start(&weighted_means(&responses, &balance.weights));
    let task = Task {
        design: &training.design,
        objective: &objective,
        responses: &responses,
        weights: &balance.weights,
        start: &start,
    };
    let (shift, validation) = (&balance.shift, validation.as_ref());
    let mut scoring = Scoring::new(&objective, &hyperparameters, shift, &start, &training, validation)?;
    let mut rounds = Vec::new();
    let mut outcome = Ok(false);
    boost(&task, &hyperparameters, |round, raw| {
        outcome = scoring.take(&round, raw, interrupted(), out);
        rounds.push(round);
        if matches!(outcome, Ok(false)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let stopped_early = outcome?;
    let (training, validation) = (scoring.training_scores, scoring.validation_scores);

    let start = start.iter().zip(shift).map(|(start, shift)| start + shift).collect();
    let count = rounds.len();
    let model = Model::new(Used::from(&hyperparameters), objective, schema, start, rounds);
    let path = model.save(&environment.model_directory)?;
    let early = if stopped_early { ", stopped early" } else { "" };
    writeln!(out, "model of {count} rounds{early}: {}", path.display())?;
    out.flush()?;
    Ok(TrainSummary { model: path, rounds: count, stopped_early, training, validation })
}

/// The weighted mean of each output's responses.
fn weighted_means(responses: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mean = |of_output: &Vec<f64>| {
        of_output.iter().zip(weights).map(|(response, weight)| response * weight).sum::<f64>() / total
    };
    responses.iter().map(mean).collect()
}
