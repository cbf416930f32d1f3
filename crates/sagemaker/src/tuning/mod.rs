//! Hyperparameter tuning jobs.

mod actions;
mod describe;
mod request;
mod run;
mod trials;
