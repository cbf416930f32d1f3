//! The shipped workflows: what they ask of the services, for which inputs, and what becomes of failures. They run in virtual
//! time, and the services behind them are stand-ins.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod batch;
mod edges;
mod endpoints;
mod failures;
mod golden;
mod input_schemas;
mod instance_counts;
mod matrix;
mod request_shapes;
mod simulated;
mod tuning;
