//! The real binary with `--backend aws`, against a server of moto.

#![allow(clippy::similar_names, clippy::unwrap_used)]

mod adopt;
mod deploy;
mod failures;
mod releases;
mod support;
#[path = "../util/mod.rs"]
mod util;
