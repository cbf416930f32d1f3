//! `mlpp`: typed, validated, versioned parameters for ML workflows, and launches that can be reproduced.

// Without the feature there is no account, and what would be done with one is never reached.
#![cfg_attr(not(feature = "aws"), allow(dead_code, unreachable_code, unreachable_patterns, unused_variables))]

mod backend;
mod commands;
mod config;
mod documents;
mod error;
mod excerpt;
mod executions;
mod exit_code;
mod file_set;
mod findings;
mod graph;
mod manifest;
mod output;
mod packaged;
mod pages;
mod store;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    if let Some(order) = commands::supervise::order(std::env::args_os()) {
        return commands::supervise::run(order);
    }
    commands::Cli::parse().run().unwrap_or_else(|error| {
        error.show();
        error.exit_code.into()
    })
}
