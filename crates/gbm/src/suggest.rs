//! "Did you mean …": the known name nearest to one that is not known.

use std::fmt;

/// The candidate nearest to `unknown`, if one is near enough to be a slip of the pen.
pub(crate) fn nearest<'a>(unknown: &str, candidates: impl IntoIterator<Item = &'a str>) -> Suggestion {
    let wanted = unknown.to_lowercase();
    let best = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.chars().count() * 2 / 5);
    Suggestion(best.map(|(_, candidate)| candidate.to_owned()))
}

/// The end of an error's text: empty, or `; did you mean …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion(Option<String>);

impl Suggestion {
    /// The suggested name.
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => Ok(()),
            Some(name) => write!(out, "; did you mean `{name}`?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let names = ["ntrees", "max_depth", "learn_rate"];
        assert_eq!(nearest("n_trees", names).name(), Some("ntrees"));
        assert_eq!(nearest("Max_Depht", names).name(), Some("max_depth"));
        assert_eq!(nearest("colour", names).name(), None);
        // Every letter is near to every other one.
        assert_eq!(nearest("x", ["y", "Z"]).name(), None);
        assert_eq!(nearest("z", ["y", "Z"]).name(), Some("Z"));
        assert_eq!(nearest("learnrate", names).to_string(), "; did you mean `learn_rate`?");
    }
}
