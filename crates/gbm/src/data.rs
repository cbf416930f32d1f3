//! The data: from CSV files to a matrix of numbers.
//!
//! [`frame`] reads files into typed columns, [`encode`] turns columns, and at prediction single rows, into the numbers
//! that trees split on.

pub(crate) mod encode;
mod error;
pub(crate) mod frame;
pub(crate) mod value;

pub use error::{DataError, Place};
