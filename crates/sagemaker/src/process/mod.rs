//! Programs under supervision.

pub(crate) mod child;
pub(crate) mod log;
mod status;
pub(crate) mod supervise;

pub(crate) use child::{Process, Program, wait_for_supervisor};
pub(crate) use status::{Ended, Exit};
