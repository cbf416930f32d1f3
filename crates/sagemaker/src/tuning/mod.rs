//! Hyperparameter tuning jobs.

mod actions;
mod describe;
mod early;
mod request;
mod run;
mod trials;
mod warm_start;
