//! The course of a trial's objective, by which a trial is stopped before its end.

/// The objective of a trial after each iteration of its training, as it was reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course<'a> {
    /// The trial's number.
    pub index: usize,
    /// Its objectives, from the first iteration on. NaN is worse than every number.
    pub objectives: &'a [f64],
    /// Whether the training has ended by itself.
    pub completed: bool,
}

/// What is to be done with a running trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on.
    Continue,
    /// It is stopped; its objective is then the one after this iteration, counted from 1.
    Stop {
        /// The iteration that decided.
        iteration: usize,
    },
}
