//! The hyperparameters: names, defaults and limits.
//!
//! Names, meanings and defaults are those of H2O's gradient boosting machine ("Gradient Boosting Machine (GBM)" in the H2O
//! documentation), with these differences: `seed` has a fixed default, so that a run can be repeated; `score_tree_interval`
//! defaults to 5, where H2O goes by elapsed time; `col_sample_rate` draws columns for each tree, where H2O draws for each
//! split; `min_rows` of a classification is a bound on the safe side, see [`Hyperparameters::min_rows`].

mod error;
mod literal;
mod training;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use error::HyperparameterError;
pub use literal::LiteralError;
pub use training::{DistributionChoice, TrainingOptions};

use crate::metrics::Metric;
use crate::suggest::nearest;

/// The file in the configuration directory, as SageMaker writes it: an object whose values are all strings.
const FILE: &str = "hyperparameters.json";

const NAMES: [&str; 13] = [
    "ntrees",
    "max_depth",
    "min_rows",
    "learn_rate",
    "sample_rate",
    "col_sample_rate",
    "score_tree_interval",
    "balance_classes",
    "stopping_metric",
    "stopping_rounds",
    "stopping_tolerance",
    "seed",
    "training",
];

/// All hyperparameters of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// `ntrees`: trees at most; of a multinomial target, rounds of one tree for each class. 1 to 10000, default 50.
    pub ntrees: usize,
    /// `max_depth`: splits from a tree's root to a leaf at most. 1 to 50, default 5.
    pub max_depth: usize,
    /// `min_rows`: rows in a leaf at least (by weight, if classes are balanced). 1 to 1000000, default 10.
    ///
    /// Trees are grown under a bound on a leaf's sum of second derivatives. For a number each row's is 1, and the bound is
    /// this count. For a class a row's is at most 1/4 of its weight, so a quarter of the count guarantees the count, and
    /// asks for more rows where the model is already sure.
    pub min_rows: u32,
    /// `learn_rate`: the share of a tree's correction that is applied. Above 0, up to 1; default 0.1.
    pub learn_rate: f64,
    /// `sample_rate`: the share of rows drawn for each tree. Above 0, up to 1; default 1.
    pub sample_rate: f64,
    /// `col_sample_rate`: the share of columns drawn for each tree, at least one. Above 0, up to 1; default 1.
    pub col_sample_rate: f64,
    /// `score_tree_interval`: trees between two scorings; 0 scores at the end only. Up to 10000, default 5.
    pub score_tree_interval: usize,
    /// `balance_classes`: whether classes get equal weight in training. Probabilities are corrected to the shares
    /// of the training data. Default false.
    pub balance_classes: bool,
    /// `stopping_metric`: the metric that stops training early; `AUTO` is logloss for a class, rmse for a number.
    pub stopping_metric: Option<Metric>,
    /// `stopping_rounds`: scorings without improvement that stop training; 0 never stops early. Up to 10000, default 0.
    pub stopping_rounds: usize,
    /// `stopping_tolerance`: the relative improvement that counts as one. 0 to 1, default 0.001.
    pub stopping_tolerance: f64,
    /// `seed`: of the draws of rows and columns. Any 64-bit whole number, default 0.
    pub seed: i64,
    /// `training`: an object, see [`TrainingOptions`].
    pub training: TrainingOptions,
}

impl Hyperparameters {
    /// Reads `hyperparameters.json` in `directory`.
    pub fn read(directory: &Path) -> Result<Self, HyperparameterError> {
        let path = directory.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(HyperparameterError::Read { path, source }),
        };
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
            .map_err(|source| HyperparameterError::NotAnObject { path, source })?;
        let mut values = BTreeMap::new();
        for (name, value) in object {
            match value {
                _ if is_platforms_own(&name) => {}
                serde_json::Value::String(text) => {
                    values.insert(name, text);
                }
                other => return Err(HyperparameterError::NotAString { name, value: other.to_string() }),
            }
        }
        Self::from_strings(&values)
    }

    /// Reads hyperparameters from their names and texts. Names that begin with `_` or `sagemaker_` are the platform's
    /// own (such as `_tuning_objective_metric`) and say nothing here.
    pub fn from_strings(values: &BTreeMap<String, String>) -> Result<Self, HyperparameterError> {
        for name in values.keys() {
            if !NAMES.contains(&name.as_str()) && !is_platforms_own(name) {
                let suggestion = nearest(name, NAMES);
                return Err(HyperparameterError::Unknown { name: name.clone(), suggestion });
            }
        }
        let given = Given(values);
        let hyperparameters = Self {
            ntrees: given.whole("ntrees", 1, 10_000, 50)?,
            max_depth: given.whole("max_depth", 1, 50, 5)?,
            min_rows: given.whole("min_rows", 1, 1_000_000, 10)?,
            learn_rate: given.share("learn_rate", 0.1)?,
            sample_rate: given.share("sample_rate", 1.0)?,
            col_sample_rate: given.share("col_sample_rate", 1.0)?,
            score_tree_interval: given.whole("score_tree_interval", 0, 10_000, 5)?,
            balance_classes: given.truth("balance_classes")?,
            stopping_metric: given.metric("stopping_metric")?,
            stopping_rounds: given.whole("stopping_rounds", 0, 10_000, 0)?,
            stopping_tolerance: given.tolerance("stopping_tolerance", 0.001)?,
            seed: given.whole("seed", i64::MIN, i64::MAX, 0)?,
            training: given
                .get("training")
                .map_or(Err(HyperparameterError::NoTraining), TrainingOptions::parse)?,
        };
        if hyperparameters.stopping_rounds > 0 && hyperparameters.score_tree_interval == 0 {
            return Err(HyperparameterError::Conflict {
                first: format!("`stopping_rounds` {}", hyperparameters.stopping_rounds),
                second: "`score_tree_interval` 0".to_owned(),
                why: "stopping early compares scorings, and there would be only one",
            });
        }
        Ok(hyperparameters)
    }
}

/// The hyperparameters that shaped a model, kept in its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Used {
    ntrees: usize,
    max_depth: usize,
    min_rows: u32,
    learn_rate: f64,
    sample_rate: f64,
    col_sample_rate: f64,
    score_tree_interval: usize,
    balance_classes: bool,
    stopping_metric: Option<Metric>,
    stopping_rounds: usize,
    stopping_tolerance: f64,
    seed: i64,
    distribution: DistributionChoice,
}

impl From<&Hyperparameters> for Used {
    fn from(all: &Hyperparameters) -> Self {
        Self {
            ntrees: all.ntrees,
            max_depth: all.max_depth,
            min_rows: all.min_rows,
            learn_rate: all.learn_rate,
            sample_rate: all.sample_rate,
            col_sample_rate: all.col_sample_rate,
            score_tree_interval: all.score_tree_interval,
            balance_classes: all.balance_classes,
            stopping_metric: all.stopping_metric,
            stopping_rounds: all.stopping_rounds,
            stopping_tolerance: all.stopping_tolerance,
            seed: all.seed,
            distribution: all.training.distribution,
        }
    }
}

fn is_platforms_own(name: &str) -> bool {
    name.starts_with('_') || name.starts_with("sagemaker_")
}

/// The texts as given.
struct Given<'a>(&'a BTreeMap<String, String>);

impl Given<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim())
    }

    fn whole<T>(&self, name: &'static str, min: T, max: T, default: T) -> Result<T, HyperparameterError>
    where
        T: FromStr + PartialOrd + std::fmt::Display + Copy,
    {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().ok().filter(|number| *number >= min && *number <= max).ok_or_else(|| {
            HyperparameterError::Value {
                name,
                value: text.to_owned(),
                allowed: format!("a whole number from {min} to {max}"),
            }
        })
    }

    fn real(
        &self,
        name: &'static str,
        default: f64,
        is_allowed: impl Fn(f64) -> bool,
        allowed: &str,
    ) -> Result<f64, HyperparameterError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().ok().filter(|number| is_allowed(*number)).ok_or_else(|| HyperparameterError::Value {
            name,
            value: text.to_owned(),
            allowed: allowed.to_owned(),
        })
    }

    fn share(&self, name: &'static str, default: f64) -> Result<f64, HyperparameterError> {
        self.real(name, default, |it| it > 0.0 && it <= 1.0, "a number above 0, up to 1")
    }

    fn tolerance(&self, name: &'static str, default: f64) -> Result<f64, HyperparameterError> {
        self.real(name, default, |it| (0.0..=1.0).contains(&it), "a number from 0 to 1")
    }

    fn truth(&self, name: &'static str) -> Result<bool, HyperparameterError> {
        let Some(text) = self.get(name) else { return Ok(false) };
        match text.to_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(HyperparameterError::Value {
                name,
                value: text.to_owned(),
                allowed: "true or false".to_owned(),
            }),
        }
    }

    fn metric(&self, name: &'static str) -> Result<Option<Metric>, HyperparameterError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if text.eq_ignore_ascii_case("auto") {
            return Ok(None);
        }
        Metric::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(text)).map(Some).ok_or_else(|| {
            let names: Vec<_> = Metric::ALL.iter().map(|it| it.name()).collect();
            HyperparameterError::Value {
                name,
                value: text.to_owned(),
                allowed: format!("AUTO, {}", names.join(", ")),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Hyperparameters, HyperparameterError> {
        let values: BTreeMap<_, _> = [("training", "{'target': 'y'}")]
            .iter()
            .chain(pairs)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Hyperparameters::from_strings(&values)
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let all =
            read(&[("_tuning_objective_metric", "validation:auc"), ("sagemaker_region", "here")]).unwrap();
        assert_eq!((all.ntrees, all.max_depth, all.min_rows), (50, 5, 10));
        assert_eq!((all.balance_classes, all.stopping_metric, all.stopping_rounds), (false, None, 0));
    }

    #[test]
    fn texts_are_read_as_the_platform_writes_them() {
        let all = read(&[
            ("balance_classes", "True"),
            ("stopping_metric", "AUC"),
            ("stopping_tolerance", "1e-9"),
            ("learn_rate", "0.0031622776601683795"),
            ("seed", "-1"),
        ])
        .unwrap();
        assert!(all.balance_classes);
        assert_eq!(all.stopping_metric, Some(Metric::Auc));
        assert!((all.stopping_tolerance - 1e-9).abs() < f64::EPSILON);
        assert!((all.learn_rate - 0.003_162_277_660_168_379_5).abs() < f64::EPSILON);
        assert_eq!(all.seed, -1);
    }

    #[test]
    fn a_bad_value_is_told_with_what_is_allowed() {
        let fault = |name, value| read(&[(name, value)]).unwrap_err().to_string();
        assert_eq!(
            fault("ntrees", "0"),
            "hyperparameter `ntrees` is `0`: it must be a whole number from 1 to 10000"
        );
        assert_eq!(
            fault("ntrees", "10.5"),
            "hyperparameter `ntrees` is `10.5`: it must be a whole number from 1 to 10000"
        );
        assert_eq!(
            fault("learn_rate", "0"),
            "hyperparameter `learn_rate` is `0`: it must be a number above 0, up to 1"
        );
        assert_eq!(
            fault("sample_rate", "NaN"),
            "hyperparameter `sample_rate` is `NaN`: it must be a number above 0, up to 1"
        );
        assert_eq!(
            fault("balance_classes", "yes"),
            "hyperparameter `balance_classes` is `yes`: it must be true or false"
        );
        assert!(fault("stopping_metric", "lift_top_group").contains("it must be AUTO, auc, logloss"));
        assert_eq!(
            fault("stopping_tolerance", "-1"),
            "hyperparameter `stopping_tolerance` is `-1`: it must be a number from 0 to 1"
        );
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_nearest_known_one() {
        let fault = |name| read(&[(name, "1")]).unwrap_err().to_string();
        assert_eq!(fault("n_trees"), "there is no hyperparameter `n_trees`; did you mean `ntrees`?");
        assert_eq!(fault("colour"), "there is no hyperparameter `colour`");
    }

    #[test]
    fn stopping_early_needs_scorings() {
        let fault = read(&[("stopping_rounds", "3"), ("score_tree_interval", "0")]).unwrap_err();
        assert!(
            fault.to_string().starts_with("`stopping_rounds` 3 does not go with `score_tree_interval` 0")
        );
    }

    #[test]
    fn the_file_is_an_object_of_strings() {
        let directory = tempfile::tempdir().unwrap();
        let fault = |text: &str| {
            fs::write(directory.path().join(FILE), text).unwrap();
            Hyperparameters::read(directory.path()).unwrap_err().to_string()
        };
        assert!(fault("[]").contains("are not a JSON object"));
        assert_eq!(
            fault(r#"{"ntrees": 5, "training": "{'target': 'y'}"}"#),
            "hyperparameter `ntrees` is 5: every hyperparameter is a string, so write it in double quotes"
        );
        assert_eq!(
            fault("{}"),
            "hyperparameter `training` is required: an object such as {'target': 'survived'}"
        );
        let absent = Hyperparameters::read(&directory.path().join("nowhere")).unwrap_err();
        assert!(matches!(absent, HyperparameterError::Read { .. }));
    }
}
