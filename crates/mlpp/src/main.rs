//! The command: parameters and launches of ML workflows.
fn main() {}
