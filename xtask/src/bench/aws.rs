//! `cargo xtask bench aws`: the functions' cold start, calls and times, beside the calls of the replaced system by boto3
//! (`xtask/peers/aws.py`), over services that cost next to nothing.
//!
//! `crates/lambdas/benches/aws` measures both sides and prints the tables; here the functions are built as they are deployed.

use super::bench;
use crate::error::Error;
use crate::functions;
use crate::peers::{self, BENCHMARKS};
use crate::process::run as run_command;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let peers = peers::prepare(workspace, &BENCHMARKS)?;
    let functions = functions::build(workspace)?;
    let mut command = bench(workspace, "mlpp-lambdas", "aws");
    command
        .env("MLPP_FUNCTIONS", functions)
        .env("MLPP_PEER_SCRIPT", workspace.root.join("xtask/peers/aws.py"));
    if let Some(python) = &peers.python {
        command.env("MLPP_PEERS_PYTHON", python);
    }
    for missing in &peers.missing {
        println!("{missing}");
    }
    run_command(&mut command)
}
