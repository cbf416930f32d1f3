//! The Lambda functions, built as they are deployed.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::process::run;
use crate::workspace::Workspace;

/// The programs.
const PROGRAMS: [&str; 3] = ["import-parameters", "launch-workflow", "manifest-notification"];
/// The most that a program has, in bytes.
const LARGEST: u64 = 6 * 1024 * 1024;

/// Builds the functions, and tells the directory in which they are.
///
/// Cargo is called in their package's folder, as `sam build` does it: `.cargo/config.toml` is there. Their target directory is
/// their own, since another profile would build the workspace's dependencies anew each time.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, Error> {
    let target = workspace.target.join("functions");
    let mut cargo = workspace.cargo();
    cargo.current_dir(workspace.root.join("crates/lambdas"));
    cargo.args(["build", "--release", "--bins", "--target-dir"]).arg(&target);
    run(&mut cargo)?;
    Ok(target.join("release"))
}

/// Checks the sizes of the functions in `directory`, and prints them.
pub(crate) fn check_sizes(directory: &Path) -> Result<(), Error> {
    let mut too_large = Vec::new();
    for program in PROGRAMS {
        let path = directory.join(program);
        let size = std::fs::metadata(&path).map_err(Error::file("read", &path))?.len();
        println!("{program}: {}.{:02} MiB", size >> 20, ((size & 0xf_ffff) * 100) >> 20);
        if size > LARGEST {
            too_large.push(program);
        }
    }
    if too_large.is_empty() {
        return Ok(());
    }
    Err(Error::Check(format!(
        "{} larger than {} MiB: {}",
        too_large.len(),
        LARGEST >> 20,
        too_large.join(", ")
    )))
}
