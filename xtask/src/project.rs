//! A project that a check or a benchmark has for itself, and the command that it is used with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::error::Error;
use crate::process::{run, shown};
use crate::workspace::Workspace;

/// Builds the command with optimisation, and tells where it is.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, Error> {
    run(workspace.cargo().args(["build", "--release", "--package", "mlpp"]))?;
    Ok(workspace.metadata()?.target_directory.join("release/mlpp").into_std_path_buf())
}

/// A copy of the example, and the command that it is used with.
pub(crate) struct Project {
    folder: TempDir,
    program: PathBuf,
}

impl Project {
    pub(crate) fn example(workspace: &Workspace, program: &Path) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("mlpp-example-").tempdir();
        let folder = folder.map_err(Error::file("make", std::env::temp_dir()))?;
        copy(&workspace.root.join("examples/titanic"), folder.path())?;
        Ok(Self { folder, program: program.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> Result<(), Error> {
        let path = self.path().join(file);
        fs::write(&path, text).map_err(Error::file("write", path))
    }

    /// A document as it is, to be changed.
    pub(crate) fn document(&self, file: &str) -> Result<Value, Error> {
        let path = self.path().join(file);
        let text = fs::read_to_string(&path).map_err(Error::file("read", path))?;
        serde_json::from_str(&text).map_err(|source| Error::Output { command: file.to_owned(), source })
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// What a command prints as JSON; it must end well.
    pub(crate) fn json(&self, args: &[&str]) -> Result<Value, Error> {
        output(&mut self.command(args))
    }

    /// Checks that no process works in the folder any more.
    pub(crate) fn expect_nothing_left(&self) -> Result<(), Error> {
        let mut left = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            let at = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            if at.starts_with(self.path()) || command.contains(&*self.path().to_string_lossy()) {
                left.push(command);
            }
        }
        if left.is_empty() { Ok(()) } else { Err(Error::Check(format!("left running: {}", left.join("; ")))) }
    }
}

/// What a command prints as JSON; it must end well.
pub(crate) fn output(command: &mut Command) -> Result<Value, Error> {
    let name = shown(command);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|source| Error::Start { program: name.clone(), source })?;
    if !output.status.success() {
        return Err(Error::Failed { command: name, status: output.status });
    }
    serde_json::from_slice(&output.stdout).map_err(|source| Error::Output { command: name, source })
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(from).map_err(Error::file("read", from))? {
        let entry = entry.map_err(Error::file("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".mlpp" {
            continue;
        }
        if source.is_dir() {
            fs::create_dir(&target).map_err(Error::file("make", &target))?;
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(Error::file("write", &target))?;
        }
    }
    Ok(())
}
