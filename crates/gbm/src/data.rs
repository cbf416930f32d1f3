//! The data: from CSV files to a matrix of numbers.
//!
//! [`frame`] reads files, row by row, into typed columns; [`encode`] turns columns, and at prediction single rows, into the numbers
//! that trees split on.

pub(crate) mod encode;
mod error;
pub(crate) mod frame;
mod rows;
pub(crate) mod value;

pub use error::{DataError, Place};
