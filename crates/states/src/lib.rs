//! Amazon States Language: parse, check, run.
