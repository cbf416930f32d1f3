//! The ports keep their contract against a server of moto, and what goes wrong on the way does no harm.

#![allow(clippy::unwrap_used)]

mod contract;
mod parameters;
mod project;
mod support;
