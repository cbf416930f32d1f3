//! `cargo xtask schemas`: the JSON Schemas below `schemas/`, written anew by the tests that otherwise compare them.

use crate::error::Error;
use crate::process::run as run_command;
use crate::workspace::Workspace;

/// The variable that makes those tests write.
const WRITE: &str = "MLPP_WRITE_SCHEMAS";

/// Writes every schema.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let documents = ["test", "--package", "mlpp-parameters", "--features", "schema", "--test", "schemas"];
    let settings = ["test", "--package", "mlpp", "--bin", "mlpp", "config::schema"];
    for arguments in [&documents[..], &settings[..]] {
        run_command(workspace.cargo().args(arguments).env(WRITE, "1"))?;
    }
    Ok(())
}
