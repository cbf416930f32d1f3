//! What the fuzz targets do with their bytes, and how they vary them.
//!
//! A target panics where the engine breaks a promise. The functions here know nothing of the fuzzer, so that an ordinary test of
//! `mlpp-states` runs them too, over the same corpus.

mod definition;
mod execution;
mod intrinsic;
mod jsonata;
mod jsonpath;
pub mod mutate;
mod pass;

/// A part of the engine that is fed with arbitrary bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A definition's text, with a map of substitutions.
    Definition,
    /// A path, and the data that it reads and writes.
    JsonPath,
    /// A call of an intrinsic function, and the data of its paths.
    Intrinsic,
    /// A JSONata expression, and its input.
    Jsonata,
    /// A definition, its input, and what happens to the execution.
    Execution,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 5] =
        [Self::Definition, Self::JsonPath, Self::Intrinsic, Self::Jsonata, Self::Execution];

    /// The directory of its corpus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::JsonPath => "jsonpath",
            Self::Intrinsic => "intrinsic",
            Self::Jsonata => "jsonata",
            Self::Execution => "execution",
        }
    }
}

/// Between the parts of an input that has several: a line of its own.
const SEPARATOR: &str = "\n%%\n";

/// Feeds `bytes` to `target`. Bytes that are not UTF-8 are none of its inputs.
///
/// # Panics
///
/// Where the engine breaks a promise.
pub fn run(target: Target, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match target {
        Target::Definition => definition::run(text),
        Target::JsonPath => jsonpath::run(text),
        Target::Intrinsic => intrinsic::run(text),
        Target::Jsonata => jsonata::run(text),
        Target::Execution => execution::run(text),
    }
}

/// The parts of an input, which are empty where they are missing.
fn parts<const N: usize>(text: &str) -> [&str; N] {
    let mut parts = text.splitn(N, SEPARATOR);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
