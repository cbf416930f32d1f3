//! `cargo xtask conformance`: the engine beside recorded behaviour of AWS Step Functions.

use crate::error::Error;
use crate::process::run as run_command;
use crate::workspace::Workspace;

/// Runs the crate's conformance tests; the one that knows the table prints it and writes it into the crate's README.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let test = ["test", "--package", "mlpp-states", "--test", "conformance", "--"];
    run_command(
        workspace
            .cargo()
            .args(test)
            .args(["--exact", "the_readme_tells_what_passes", "--nocapture"])
            .env("MLPP_WRITE_CONFORMANCE", "1"),
    )?;
    run_command(workspace.cargo().args(test))
}
