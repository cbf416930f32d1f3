//! `mlpp up` by the real binary: what it does, and what becomes of what is bad.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod disk;
mod launching;
mod load;
mod manifests;
mod others;
mod requests;
mod running;
#[path = "../util/mod.rs"]
mod util;
