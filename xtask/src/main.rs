//! The project's chores: test, ci, licences.
fn main() {}
