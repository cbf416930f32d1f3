//! `cargo xtask test`: every test of the workspace, with the peers that they compare with.
//!
//! The tests find in their environment:
//! - `MLPP_PEERS_PYTHON`: the interpreter with every peer installed; not set when one is missing;
//! - `MLPP_SKIPPED`: a file to which a test that cannot run here appends a line `part: test`;
//! - `MLPP_SHARED`: a directory of recorded material that is no part of the repository, where `shared` lies
//!   beside the checkout or the variable is set already.

use std::env;
use std::fs;

use clap::Args;

use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::peers::{self, Peers};
use crate::process::tee;
use crate::totals::Results;
use crate::workspace::{Workspace, is_ci};

/// Run every test, with the peers that they compare with
///
/// Installs the peers (xtask/peers.txt) from the Python Package Index into a private environment in Cargo's target directory, then
/// runs `cargo test`. A part that this machine cannot have is reported as skipped, by name; with CI=true in the
/// environment it is an error. The last line of the output is `N passed, N failed, N skipped`.
///
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Arguments for `cargo test` in place of `--workspace`, such as `-p mlpp-states`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<String>,
}

/// Runs the tests and prints what was skipped and the totals.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<Conclusion, Error> {
    let peers = peers::prepare(workspace, &peers::TESTS)?;
    if is_ci() && !peers.missing.is_empty() {
        return Err(Error::PeersMissing(peers.missing.iter().map(ToString::to_string).collect()));
    }
    let skips = tempfile::Builder::new()
        .prefix("skipped-")
        .tempfile_in(&workspace.target)
        .map_err(Error::file("write", &workspace.target))?;

    let mut cargo = workspace.cargo();
    cargo.args(["test", "--no-fail-fast"]).env("MLPP_SKIPPED", skips.path());
    if arguments.cargo.is_empty() {
        cargo.arg("--workspace");
    } else {
        cargo.args(&arguments.cargo);
    }
    announce(&mut cargo, workspace, &peers);
    let mut results = Results::default();
    let end = tee(&mut cargo, |line| results.read(line))?;

    let skips = fs::read_to_string(skips.path()).map_err(Error::file("read", skips.path()))?;
    if end.left_running {
        results.left_running();
    }
    let (report, totals) = results.finish(&skips, &peers.missing, end.status.success());
    println!();
    for line in &report {
        println!("{line}");
    }
    let error =
        if totals.failed > 0 { Some(Error::TestsFailed(totals.failed)) } else { end.check(&cargo).err() };
    Ok(Conclusion { totals: Some(totals.to_string()), error })
}

/// Tells the tests what there is.
fn announce(cargo: &mut std::process::Command, workspace: &Workspace, peers: &Peers) {
    match &peers.python {
        Some(python) => cargo.env("MLPP_PEERS_PYTHON", python),
        None => cargo.env_remove("MLPP_PEERS_PYTHON"),
    };
    let shared = workspace.root.join("../shared");
    if env::var_os("MLPP_SHARED").is_none() && shared.is_dir() {
        cargo.env("MLPP_SHARED", shared.canonicalize().unwrap_or(shared));
    }
}
