//! The example algorithm: gradient boosting behind SageMaker's train/serve container contract.
//!
//! A program calls [`run_train`] or [`run_serve`] with what it finds in its environment:
//!
//! ```no_run
//! use mlpp_gbm::{TrainEnvironment, run_train};
//!
//! let environment = TrainEnvironment::from_variables(|name| std::env::var_os(name));
//! let code = run_train(&environment, &mut std::io::stdout(), &mut std::io::stderr());
//! # let _: std::process::ExitCode = code;
//! ```
//!
//! - Training ([`train`]) reads `hyperparameters.json` ([`Hyperparameters`]) and CSV files with a header from the channel
//!   `training` and, if there is one, `validation`, prints metrics, and writes the model: one JSON file.
//! - Hosting ([`serve`]) answers `POST /invocations` with predictions for rows in CSV, JSON or JSON Lines.
//!
//! Trees are grown by the crate forust-ml; encoding, the boosting loop, metrics, early stopping, the model's format and
//! the server are here.

mod balance;
mod boost;
mod data;
mod environment;
mod hyperparameters;
mod metrics;
mod model;
mod objective;
mod program;
mod scoring;
mod serve;
mod stopping;
mod suggest;
mod target;
mod train;
mod tree;

pub use data::{DataError, Place};
pub use environment::{DEFAULT_PORT, EnvironmentError, ServeEnvironment, TrainEnvironment};
pub use hyperparameters::{
    DistributionChoice, HyperparameterError, Hyperparameters, LiteralError, TrainingOptions,
};
pub use metrics::Metric;
pub use model::ModelError;
pub use program::{run_serve, run_train};
pub use serve::{LARGEST_REQUEST, ServeError, Server, serve};
pub use suggest::Suggestion;
pub use train::{TrainError, TrainSummary, train};
