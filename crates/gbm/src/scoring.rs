//! The metrics while training goes on: measured, printed, and watched for the time to stop.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::boost::Raw;
use crate::data::DataError;
use crate::data::encode::Design;
use crate::hyperparameters::Hyperparameters;
use crate::metrics::Metric;
use crate::objective::{Objective, Truth, measure};
use crate::stopping::Stopping;
use crate::train::TrainError;
use crate::tree::Tree;

/// Rows to score a model on.
pub(crate) struct Rows {
    pub(crate) channel: &'static str,
    pub(crate) design: Design,
    pub(crate) truth: Truth,
}

/// The metrics of one scoring, those that are defined.
pub(crate) type Scores = Vec<(Metric, f64)>;

/// Takes the rounds of trees as they are grown.
pub(crate) struct Scoring<'a> {
    objective: &'a Objective,
    /// What is added to the raw outputs of a model in training to get those of the model that is saved.
    shift: &'a [f64],
    training: &'a Rows,
    validation: Option<(&'a Rows, Raw)>,
    rounds_at_most: usize,
    interval: usize,
    stopping_metric: Metric,
    stopping: Stopping,
    /// Rounds so far.
    rounds: usize,
    /// The last scoring.
    pub(crate) training_scores: Scores,
    pub(crate) validation_scores: Scores,
}

impl<'a> Scoring<'a> {
    /// Refuses a stopping metric that such a target does not have.
    pub(crate) fn new(
        objective: &'a Objective,
        hyperparameters: &Hyperparameters,
        shift: &'a [f64],
        start: &[f64],
        training: &'a Rows,
        validation: Option<&'a Rows>,
    ) -> Result<Self, DataError> {
        let metric = hyperparameters.stopping_metric.unwrap_or_else(|| objective.stopping_metric());
        if !objective.metrics().contains(&metric) {
            let allowed: Vec<_> = objective.metrics().iter().map(|it| it.name()).collect();
            return Err(DataError::StoppingMetric { metric: metric.name(), allowed: allowed.join(", ") });
        }
        Ok(Self {
            objective,
            shift,
            training,
            validation: validation.map(|rows| (rows, Raw::new(start, rows.design.rows))),
            rounds_at_most: hyperparameters.ntrees,
            interval: hyperparameters.score_tree_interval,
            stopping_metric: metric,
            stopping: Stopping::new(
                metric,
                hyperparameters.stopping_rounds,
                hyperparameters.stopping_tolerance,
            ),
            rounds: 0,
            training_scores: Scores::new(),
            validation_scores: Scores::new(),
        })
    }

    /// Takes a round of trees, with the training rows' raw outputs after it, and tells whether to stop. Prints a line
    /// if a scoring is due: by the interval, and of the last round, which an interrupted one is.
    pub(crate) fn take(
        &mut self,
        round: &[Tree],
        training: &Raw,
        interrupted: bool,
        out: &mut dyn Write,
    ) -> Result<bool, TrainError> {
        if let Some((rows, raw)) = &mut self.validation {
            raw.add(round, &rows.design);
        }
        self.rounds += 1;
        let is_first = self.training_scores.is_empty();
        let is_due = self.interval > 0 && self.rounds.is_multiple_of(self.interval);
        if !is_due && !interrupted && self.rounds < self.rounds_at_most {
            return Ok(false);
        }
        self.training_scores = self.scores(self.training, training);
        if let Some((rows, raw)) = &self.validation {
            self.validation_scores = self.scores(rows, raw);
        }
        if is_first {
            self.note_what_is_undefined(out)?;
        }
        self.print(out)?;
        Ok(self.is_time_to_stop()? || interrupted)
    }

    fn scores(&self, rows: &Rows, raw: &Raw) -> Scores {
        let shifted =
            |raw: &[f64]| raw.iter().zip(self.shift).map(|(raw, shift)| raw + shift).collect::<Vec<_>>();
        let answers: Vec<_> = raw.rows().map(|raw| self.objective.answer(&shifted(raw))).collect();
        let metrics = self.objective.metrics().iter();
        metrics.filter_map(|metric| Some((*metric, measure(*metric, &rows.truth, &answers)?))).collect()
    }

    fn note_what_is_undefined(&self, out: &mut dyn Write) -> Result<(), io::Error> {
        let sets = [(Some(self.training), &self.training_scores)];
        let validation = (self.validation.as_ref().map(|(rows, _)| *rows), &self.validation_scores);
        for (rows, scores) in sets.into_iter().chain([validation]) {
            let Some(rows) = rows else { continue };
            for metric in self.objective.metrics() {
                if !scores.iter().any(|(defined, _)| defined == metric) {
                    let (channel, name) = (rows.channel, metric.name());
                    writeln!(
                        out,
                        "note: {channel}:{name} is undefined, since all targets of the {channel} data are the same"
                    )?;
                }
            }
        }
        Ok(())
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), io::Error> {
        let mut line = format!("[{}]", self.rounds);
        for (channel, scores) in
            [("training", &self.training_scores), ("validation", &self.validation_scores)]
        {
            for (metric, value) in scores {
                // Writing to a string does not fail.
                let _ = write!(line, " {channel}:{}={value:.6}", metric.name());
            }
        }
        writeln!(out, "{line}")?;
        out.flush()
    }

    fn is_time_to_stop(&mut self) -> Result<bool, TrainError> {
        if self.rounds >= self.rounds_at_most {
            return Ok(false);
        }
        let (channel, scores) = match &self.validation {
            Some((rows, _)) => (rows.channel, &self.validation_scores),
            None => (self.training.channel, &self.training_scores),
        };
        let value =
            scores.iter().find(|(metric, _)| *metric == self.stopping_metric).map(|(_, value)| *value);
        match value {
            Some(value) => Ok(self.stopping.scored(value)),
            None if self.stopping.is_on() => {
                Err(DataError::UndefinedMetric { metric: self.stopping_metric.name(), channel }.into())
            }
            None => Ok(false),
        }
    }
}
