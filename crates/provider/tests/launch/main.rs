//! What a manifest's event comes to: one execution with the right name and input, or none and the reason.

#![allow(clippy::unwrap_used, clippy::panic)]

mod checks;
mod defects;
mod events;
mod inputs;
mod project;
#[path = "../support/mod.rs"]
mod support;
