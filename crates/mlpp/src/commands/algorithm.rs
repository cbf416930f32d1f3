use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use mlpp_gbm::{ServeEnvironment, TrainEnvironment};

/// Run an algorithm that comes with the tool, as its training or its serving program
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The algorithm
    algorithm: Algorithm,
    #[command(subcommand)]
    program: Program,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Algorithm {
    /// Gradient boosting of decision trees
    Gbm,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Program {
    /// Train a model, as a SageMaker training container would: data, hyperparameters and places come from the `SM_*` variables
    Train,
    /// Answer /ping and /invocations with the model in `SM_MODEL_DIR`, on the port `SAGEMAKER_BIND_TO_PORT`
    Serve,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> ExitCode {
    let variable = |name: &str| std::env::var_os(name);
    match (args.algorithm, args.program) {
        (Algorithm::Gbm, Program::Train) => {
            let environment = TrainEnvironment::from_variables(variable);
            mlpp_gbm::run_train(&environment, &mut std::io::stdout(), &mut std::io::stderr())
        }
        (Algorithm::Gbm, Program::Serve) => {
            mlpp_gbm::run_serve(ServeEnvironment::from_variables(variable), &mut std::io::stderr())
        }
    }
}
