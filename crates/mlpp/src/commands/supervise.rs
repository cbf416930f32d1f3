use std::ffi::OsString;
use std::process::ExitCode;

/// Watch over one program: end it when standard input closes, and write down how it ended
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the platform that starts it says
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    order: Vec<OsString>,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> ExitCode {
    let code = mlpp_sagemaker::supervise(args.order);
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}
