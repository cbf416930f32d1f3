use std::process::ExitCode as ProcessExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;

/// Print the completions of a shell
///
/// For bash: source <(mlpp completions bash), in ~/.bashrc. For zsh: mlpp completions zsh > _mlpp, in a folder of fpath.
/// For fish: mlpp completions fish > ~/.config/fish/completions/mlpp.fish.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mlpp", &mut script);
    output::data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::Success.into())
}
