//! Where the workspace lies, and how its programs are called.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// The checkout that the chores work on.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The directory of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory: by `CARGO_TARGET_DIR`, Cargo's configuration, or `target`.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the workspace that this program belongs to.
    pub(crate) fn find() -> Result<Self, Error> {
        // `cargo run` sets the variable; the compiled-in value serves a program that is started directly.
        let xtask = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let metadata =
            MetadataCommand::new().manifest_path(Path::new(&xtask).join("Cargo.toml")).no_deps().exec()?;
        Ok(Self { root: metadata.workspace_root.into(), target: metadata.target_directory.into() })
    }

    /// The resolved dependency graph, of all platforms and with the features of the whole workspace,
    /// as `Cargo.lock` has it.
    pub(crate) fn metadata(&self) -> Result<Metadata, Error> {
        let metadata = MetadataCommand::new()
            .manifest_path(self.root.join("Cargo.toml"))
            .other_options(["--locked".to_owned()])
            .exec()?;
        Ok(metadata)
    }

    /// Cargo, run at the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        command.current_dir(&self.root);
        command
    }

    /// Reads one of the chores' own TOML tables; `path` is relative to the root.
    pub(crate) fn table<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let path = self.root.join(path);
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        toml::from_str(&text).map_err(|source| Error::Table { path, source: Box::new(source) })
    }
}

/// Whether this run is the continuous integration's (`CI=true`), where nothing may be missing.
pub(crate) fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| matches!(value.as_str(), "true" | "1"))
}
