//! Local means local.

use std::process::{Command, Stdio};

use crate::error::Error;
use crate::project::{Project, output};

/// Runs the example where there is no network but loopback.
pub(super) fn run(project: &Project) -> Result<(), Error> {
    let script = "ip link set lo up && test -z \"$(ip route)\" && exec \"$0\" run --quiet --json";
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--net", "sh", "-c", script])
        .arg(project.program())
        .current_dir(project.path())
        .stdin(Stdio::null());
    let outcome = output(&mut command)?;
    if outcome["prediction"].is_null() {
        return Err(Error::Check(format!("there is no prediction: {outcome}")));
    }
    println!("a prediction without a route");
    project.expect_nothing_left()
}
