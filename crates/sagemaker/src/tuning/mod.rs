//! Hyperparameter tuning jobs.

mod actions;
mod describe;
mod early_stopping;
mod ranges;
mod request;
mod run;
mod trials;
mod warm_start;
