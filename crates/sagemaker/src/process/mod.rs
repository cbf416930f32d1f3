//! Programs under supervision.

pub(crate) mod child;
pub(crate) mod log;
mod status;
pub(crate) mod supervise;

pub(crate) use child::{Process, Program};
pub(crate) use status::Exit;
