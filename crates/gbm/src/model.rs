//! The model: what training leaves behind and hosting answers with.
//!
//! One JSON file. It is written with its fields in a fixed order and without anything of the moment, so that the same
//! data, hyperparameters and program give the same bytes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::data::encode::{Kind, Schema};
use crate::hyperparameters::Used;
use crate::objective::Objective;
use crate::tree::Tree;

/// The file in the model directory.
pub(crate) const FILE: &str = "gbm-model.json";

const FORMAT: &str = "mlpp-gbm";
const VERSION: u32 = 1;

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    format: String,
    version: u32,
    hyperparameters: Used,
    pub(crate) objective: Objective,
    pub(crate) schema: Schema,
    /// The raw outputs before the first tree.
    start: Vec<f64>,
    /// Rounds of one tree for each output.
    rounds: Vec<Vec<Tree>>,
}

/// What tells whether the rest of a file can be read.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

/// A model's file cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    #[error("read the model {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("write the model {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no JSON, or lacks what a model has.
    #[error("the model {} is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// The file is JSON, but no model of this program.
    #[error("{} is no model of this program: its format is not `mlpp-gbm`", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file has another version of the format.
    #[error("the model {} has version {version} of the format; this program reads version 1", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// The parts of the model do not fit each other.
    #[error("the model {} is inconsistent: {problem}", path.display())]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
}

impl Model {
    pub(crate) fn new(
        hyperparameters: Used,
        objective: Objective,
        schema: Schema,
        start: Vec<f64>,
        rounds: Vec<Vec<Tree>>,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            hyperparameters,
            objective,
            schema,
            start,
            rounds,
        }
    }

    /// The answer for a row of numbers: the labels' probabilities, or the value.
    pub(crate) fn answer(&self, row: &[f64]) -> Vec<f64> {
        let mut raw = self.start.clone();
        for round in &self.rounds {
            for (output, tree) in raw.iter_mut().zip(round) {
                *output += tree.predict(|column| row[column]);
            }
        }
        self.objective.answer(&raw)
    }

    /// Writes the model into a directory, which is made if need be, and tells the file.
    pub(crate) fn save(&self, directory: &Path) -> Result<PathBuf, ModelError> {
        let path = directory.join(FILE);
        if let Some(problem) = self.fault() {
            return Err(ModelError::Inconsistent { path, problem });
        }
        let write = || {
            fs::create_dir_all(directory)?;
            // Written aside and renamed, so that there is never half a model.
            let aside = directory.join(format!(".{FILE}.part"));
            fs::write(&aside, serde_json::to_vec(self)?)?;
            fs::rename(aside, &path)
        };
        match write() {
            Ok(()) => Ok(path),
            Err(source) => Err(ModelError::Write { path, source }),
        }
    }

    /// Reads the model from a directory.
    pub(crate) fn load(directory: &Path) -> Result<Self, ModelError> {
        let path = directory.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(ModelError::Read { path, source }),
        };
        let head: Head = match serde_json::from_slice(&bytes) {
            Ok(head) => head,
            Err(source) => return Err(ModelError::Damaged { path, source }),
        };
        match (head.format.as_deref(), head.version) {
            (Some(FORMAT), Some(version)) if version == u64::from(VERSION) => {}
            (Some(FORMAT), Some(version)) => return Err(ModelError::Version { path, version }),
            _ => return Err(ModelError::Foreign { path }),
        }
        let model: Self = match serde_json::from_slice(&bytes) {
            Ok(model) => model,
            Err(source) => return Err(ModelError::Damaged { path, source }),
        };
        match model.fault() {
            None => Ok(model),
            Some(problem) => Err(ModelError::Inconsistent { path, problem }),
        }
    }

    /// What does not fit; nothing of a sound model.
    fn fault(&self) -> Option<String> {
        let outputs = self.objective.outputs();
        if matches!(&self.objective, Objective::Multinomial { labels } if labels.len() < 2) {
            return Some("it has fewer than two labels".to_owned());
        }
        if self.start.len() != outputs || !self.start.iter().all(|it| it.is_finite()) {
            return Some(format!("its start is not {outputs} finite numbers"));
        }
        let targets = self.schema.columns.iter().filter(|it| it.kind == Kind::Target).count();
        if targets != 1 {
            return Some(format!("it has {targets} targets"));
        }
        if let Some(column) = self.schema.columns.iter().find(|it| !it.is_sound()) {
            return Some(format!(
                "the categories of column `{}` differ in their count of numbers",
                column.name
            ));
        }
        let width = self.schema.width();
        self.rounds.iter().enumerate().find_map(|(number, round)| {
            if round.len() != outputs {
                return Some(format!("round {number} has {} trees instead of {outputs}", round.len()));
            }
            round
                .iter()
                .find_map(|tree| tree.fault(width))
                .map(|it| format!("a tree of round {number}: {it}"))
        })
    }
}
