//! Whether values and ranges fit what an algorithm declares.

use serde_json::{Map, Value};

use super::{Algorithm, Hyperparameter, HyperparameterKind};

/// The hyperparameter which the service itself adds to the trials of a tuning job.
pub(crate) const OBJECTIVE_HYPERPARAMETER: &str = "_tuning_objective_metric";

/// A range to tune over, as the request has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tuned<'a> {
    Integer { min: &'a str, max: &'a str },
    Continuous { min: &'a str, max: &'a str },
    Categorical { values: &'a [String] },
}

impl HyperparameterKind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "Integer",
            Self::Continuous { .. } => "Continuous",
            Self::Categorical { .. } => "Categorical",
            Self::FreeText => "FreeText",
        }
    }

    /// Whether `text` reads as a value of this type, bounds aside; else what is wrong with it.
    pub(super) fn check_type(&self, text: &str) -> Result<(), String> {
        let well_formed = match self {
            Self::Integer { .. } => text.parse::<i64>().is_ok(),
            Self::Continuous { .. } => text.parse::<f64>().is_ok_and(f64::is_finite),
            Self::Categorical { .. } | Self::FreeText => true,
        };
        let expected = if matches!(self, Self::Integer { .. }) { "an integer" } else { "a finite number" };
        if well_formed { Ok(()) } else { Err(format!("'{text}' is not {expected}")) }
    }

    /// Whether `text` is a value of this type within its bounds; else what is wrong with it.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        self.check_type(text)?;
        let (min, max) = match self {
            Self::Integer { min, max } | Self::Continuous { min, max } => (min, max),
            Self::Categorical { values } if !values.iter().any(|value| value == text) => {
                return Err(format!("'{text}' is none of [{}]", values.join(", ")));
            }
            Self::Categorical { .. } | Self::FreeText => return Ok(()),
        };
        // Both types compare as floats: bounds of integers are far below 2⁵³ in practice, and equal texts are equal.
        let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
        match (min, max) {
            (Some(min), _) if number(text) < number(min) => Err(format!("'{text}' is below {min}")),
            (_, Some(max)) if number(text) > number(max) => Err(format!("'{text}' is above {max}")),
            _ => Ok(()),
        }
    }
}

impl Algorithm {
    /// Whether the hyperparameters of a training job fit; else why not. An algorithm that declares none takes any.
    pub(crate) fn check_hyperparameters(
        &self,
        given: &Map<String, Value>,
        tuned: &[(&str, Tuned<'_>)],
    ) -> Result<(), String> {
        for (name, _) in tuned {
            if given.contains_key(*name) {
                return Err(format!("hyperparameter {name} is both static and tuned"));
            }
        }
        if self.hyperparameters.is_empty() {
            return Ok(());
        }
        for (name, value) in given {
            if name == OBJECTIVE_HYPERPARAMETER {
                continue;
            }
            let declared = self.declared(name)?;
            let text = value.as_str().unwrap_or_default();
            declared.kind.check(text).map_err(|wrong| format!("value of hyperparameter {name}: {wrong}"))?;
        }
        for (name, range) in tuned {
            self.check_range(name, *range)?;
        }
        for declared in self.hyperparameters.iter().filter(|declared| declared.required) {
            let name = declared.name.as_str();
            if !given.contains_key(name) && !tuned.iter().any(|(tuned, _)| *tuned == name) {
                return Err(format!("algorithm {} requires the hyperparameter {name}", self.name));
            }
        }
        Ok(())
    }

    fn declared(&self, name: &str) -> Result<&Hyperparameter, String> {
        self.hyperparameters.iter().find(|declared| declared.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.hyperparameters.iter().map(|known| known.name.as_str()).collect();
            format!("algorithm {} has no hyperparameter {name}; it has {}", self.name, known.join(", "))
        })
    }

    fn check_range(&self, name: &str, range: Tuned<'_>) -> Result<(), String> {
        let declared = self.declared(name)?;
        if !declared.tunable {
            return Err(format!("hyperparameter {name} of algorithm {} is not tunable", self.name));
        }
        let (kind, values): (&str, Vec<&str>) = match range {
            Tuned::Integer { min, max } => ("Integer", vec![min, max]),
            Tuned::Continuous { min, max } => ("Continuous", vec![min, max]),
            Tuned::Categorical { values } => ("Categorical", values.iter().map(String::as_str).collect()),
        };
        if declared.kind.name() != kind {
            let expected = declared.kind.name();
            return Err(format!("hyperparameter {name} is {expected}, its range is {kind}"));
        }
        for value in values {
            declared.kind.check(value).map_err(|wrong| format!("range of hyperparameter {name}: {wrong}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn algorithm() -> Algorithm {
        let text = r#"
name = "a"
training.command = ["x"]
hyperparameters = [
  { name = "n", type = "Integer", min = "1", max = "9", tunable = true },
  { name = "x", type = "Continuous", min = "0", tunable = true },
  { name = "c", type = "Categorical", values = ["a", "b"], tunable = true },
  { name = "t", type = "FreeText", required = true },
  { name = "seed", type = "Integer" },
]
"#;
        Algorithm::parse(text, Path::new("algorithm.toml")).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let values = ["a".to_owned(), "z".to_owned()];
        let integer = |max| Tuned::Integer { min: "1", max };
        for (given, tuned, wrong) in [
            (json!({"t": "x", "m": "1"}), vec![], "has no hyperparameter m"),
            (json!({"t": "x", "n": "10"}), vec![], "'10' is above 9"),
            (json!({"t": "x", "n": "1.5"}), vec![], "is not an integer"),
            (json!({"t": "x", "c": "z"}), vec![], "is none of [a, b]"),
            (json!({}), vec![], "requires the hyperparameter t"),
            (json!({"t": "x", "n": "1"}), vec![("n", integer("2"))], "both static and tuned"),
            (json!({"t": "x"}), vec![("seed", integer("2"))], "is not tunable"),
            (json!({"t": "x"}), vec![("n", integer("20"))], "'20' is above 9"),
            (json!({"t": "x"}), vec![("x", integer("2"))], "is Continuous, its range is Integer"),
            (json!({"t": "x"}), vec![("x", Tuned::Continuous { min: "-1", max: "1" })], "'-1' is below 0"),
            (json!({"t": "x"}), vec![("c", Tuned::Categorical { values: &values })], "'z' is none of"),
        ] {
            let error = algorithm().check_hyperparameters(given.as_object().unwrap(), &tuned).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
        let given = json!({"t": "x", "c": "a", OBJECTIVE_HYPERPARAMETER: "m"});
        assert_eq!(
            algorithm().check_hyperparameters(given.as_object().unwrap(), &[("n", integer("9"))]),
            Ok(())
        );
    }
}
