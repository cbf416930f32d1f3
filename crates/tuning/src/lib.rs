//! Hyperparameter search: ask and tell.
//!
//! A [`Search`] proposes the values of the next trial from the trials so far; whoever runs the trials tells it how
//! they ended by handing them in again. It keeps no state between two questions: the answer is a function of the
//! strategy, the ranges, the seed and the trials, so that a search taken up again after a restart goes on as it would
//! have.
//!
//! Ranges are given and values are produced in the text form in which SageMaker's API carries them.
//!
//! # Example: the best of five
//!
//! ```
//! use mlpp_tuning::{Direction, Outcome, Range, Scaling, Search, Strategy, Trial};
//!
//! let ranges = vec![Range::continuous("learn_rate", "0.001", "0.1", Scaling::Logarithmic)?];
//! let search = Search::new(Strategy::Bayesian, Direction::Minimize, ranges, 42)?;
//! let mut trials = Vec::new();
//! while trials.len() < 5 {
//!     let Some(candidate) = search.ask(&trials) else { break };
//!     let rate: f64 = candidate.value("learn_rate").unwrap_or("0").parse()?;
//!     let index = trials.len();
//!     trials.push(Trial { index, candidate, outcome: Outcome::Completed((rate - 0.01).abs()) });
//! }
//! assert_eq!(trials.len(), 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bayesian;
mod course;
mod grid;
mod hyperband;
mod median;
mod random;
mod range;
mod search;
mod space;

pub use course::{Course, Decision};
pub use hyperband::{Hyperband, HyperbandError};
pub use median::median_rule;
pub use range::{Range, RangeError, Scaling};
pub use search::{Candidate, Direction, Outcome, Prior, Search, SearchError, Strategy, Trial};
