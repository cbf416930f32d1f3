//! The Lambda functions, built as they are deployed.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::process::run;
use crate::workspace::Workspace;

/// Cargo's configuration, and the programs that are built by it.
const PROGRAMS: [(&str, &[&str]); 2] = [
    ("deploy/functions.toml", &["launch-workflow"]),
    ("deploy/custom-resources.toml", &["import-parameters", "manifest-notification"]),
];
/// The most that a program has, in bytes.
const LARGEST: u64 = 6 * 1024 * 1024;

/// Builds the functions, and tells the directory in which they are.
///
/// Their target directory is their own: other profiles would build the workspace's dependencies anew each time.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, Error> {
    let target = workspace.target.join("functions");
    for (configuration, programs) in PROGRAMS {
        let mut cargo = workspace.cargo();
        // Features unify across what is built together: by package, a function has those that it needs.
        cargo.args(["build", "--release", "--package", "mlpp-lambdas", "--config", configuration]);
        cargo.arg("--target-dir").arg(&target);
        for program in programs {
            cargo.args(["--bin", program]);
        }
        run(&mut cargo)?;
    }
    Ok(target.join("release"))
}

/// Checks the sizes of the functions in `directory`, and prints them.
pub(crate) fn check_sizes(directory: &Path) -> Result<(), Error> {
    let mut too_large = Vec::new();
    for program in PROGRAMS.iter().flat_map(|(_, programs)| *programs) {
        let path = directory.join(program);
        let size = std::fs::metadata(&path).map_err(Error::file("read", &path))?.len();
        println!("{program}: {}.{:02} MiB", size >> 20, ((size & 0xf_ffff) * 100) >> 20);
        if size > LARGEST {
            too_large.push(*program);
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
