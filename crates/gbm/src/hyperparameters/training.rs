//! The hyperparameter `training`: what is to be learned from which columns.

use serde::{Deserialize, Serialize};

use super::error::HyperparameterError;
use super::literal::{self, Value};
use crate::suggest::nearest;

const KEYS: [&str; 5] =
    ["classification", "target", "distribution", "ignored_columns", "categorical_columns"];

/// What is to be learned from which columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingOptions {
    /// The column to predict.
    pub target: String,
    /// Whether the target is a class; nothing leaves it to the distribution and the data.
    pub classification: Option<bool>,
    /// The target's distribution.
    pub distribution: DistributionChoice,
    /// Columns that nothing is learned from.
    pub ignored_columns: Vec<String>,
    /// Columns that hold one of a set of texts; the others hold numbers. The target may be among them: it is a class then.
    pub categorical_columns: Vec<String>,
}

/// The target's distribution, as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistributionChoice {
    /// `AUTO`: bernoulli or multinomial for a class, by the number of labels; else gaussian.
    Auto,
    /// One of two labels.
    Bernoulli,
    /// A number.
    Gaussian,
    /// One of several labels.
    Multinomial,
}

impl TrainingOptions {
    /// Reads the text of the hyperparameter.
    pub(super) fn parse(text: &str) -> Result<Self, HyperparameterError> {
        let entries =
            literal::parse(text).map_err(|source| HyperparameterError::TrainingSyntax { source })?;
        let mut target = None;
        let mut options = Self {
            target: String::new(),
            classification: None,
            distribution: DistributionChoice::Auto,
            ignored_columns: Vec::new(),
            categorical_columns: Vec::new(),
        };
        for (key, value) in entries {
            match (key.as_str(), value) {
                // An absent value is what an absent key is.
                (known, Value::Null) if KEYS.contains(&known) => {}
                ("target", value) => target = Some(text_of("target", value, "the name of a column")?),
                ("classification", value) => options.classification = Some(truth(value)?),
                ("distribution", value) => options.distribution = distribution(value)?,
                ("ignored_columns", value) => options.ignored_columns = columns(value),
                ("categorical_columns", value) => options.categorical_columns = columns(value),
                (unknown, _) => {
                    let suggestion = nearest(unknown, KEYS);
                    return Err(HyperparameterError::TrainingUnknown { key, suggestion });
                }
            }
        }
        options.target = target
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty())
            .ok_or(HyperparameterError::NoTarget)?;
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<(), HyperparameterError> {
        let conflict =
            |first: String, second: String, why| HyperparameterError::Conflict { first, second, why };
        let why = match (self.classification, self.distribution) {
            (Some(true), DistributionChoice::Gaussian) => {
                Some("gaussian is the distribution of a number, not of a class")
            }
            (Some(false), DistributionChoice::Bernoulli | DistributionChoice::Multinomial) => {
                Some("bernoulli and multinomial are distributions of a class")
            }
            _ => None,
        };
        if let (Some(why), Some(classification)) = (why, self.classification) {
            let distribution = format!("{:?}", self.distribution).to_lowercase();
            return Err(conflict(
                format!("`classification` {classification}"),
                format!("`distribution` {distribution}"),
                why,
            ));
        }
        let both = self.ignored_columns.iter().find(|it| self.categorical_columns.contains(it));
        if let Some(column) = both {
            return Err(conflict(
                format!("`{column}` in `ignored_columns`"),
                "the same in `categorical_columns`".to_owned(),
                "nothing is learned from an ignored column",
            ));
        }
        if self.ignored_columns.contains(&self.target) {
            return Err(conflict(
                format!("`{}` in `ignored_columns`", self.target),
                "the same as `target`".to_owned(),
                "the target cannot be ignored",
            ));
        }
        Ok(())
    }
}

fn text_of(key: &'static str, value: Value, allowed: &'static str) -> Result<String, HyperparameterError> {
    match value {
        Value::Text(text) => Ok(text),
        Value::List(list) => {
            Err(HyperparameterError::TrainingValue { key, value: format!("[{}]", list.join(",")), allowed })
        }
        Value::Null => Err(HyperparameterError::TrainingValue { key, value: "null".to_owned(), allowed }),
    }
}

fn truth(value: Value) -> Result<bool, HyperparameterError> {
    let allowed = "true or false";
    let text = text_of("classification", value, allowed)?;
    match text.trim().to_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(HyperparameterError::TrainingValue { key: "classification", value: text, allowed }),
    }
}

fn distribution(value: Value) -> Result<DistributionChoice, HyperparameterError> {
    let allowed = "AUTO, bernoulli, gaussian or multinomial";
    let text = text_of("distribution", value, allowed)?;
    match text.trim().to_lowercase().as_str() {
        "auto" => Ok(DistributionChoice::Auto),
        "bernoulli" => Ok(DistributionChoice::Bernoulli),
        "gaussian" => Ok(DistributionChoice::Gaussian),
        "multinomial" => Ok(DistributionChoice::Multinomial),
        _ => Err(HyperparameterError::TrainingValue { key: "distribution", value: text, allowed }),
    }
}

/// Names of columns: a list, or one text with commas. Each once, since a name may be repeated without harm.
fn columns(value: Value) -> Vec<String> {
    let names = match value {
        Value::Text(text) => text.split(',').map(str::to_owned).collect(),
        Value::List(list) => list,
        Value::Null => Vec::new(),
    };
    let mut unique = Vec::new();
    for name in names {
        let name = name.trim();
        if !name.is_empty() && !unique.iter().any(|known| known == name) {
            unique.push(name.to_owned());
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_documents_is_read() {
        let options = TrainingOptions::parse(
            "{'classification': 'true', 'target': 'Survived', 'distribution':'bernoulli',\
             'ignored_columns':'PassengerId,Name,Cabin,Ticket',\
             'categorical_columns':'Sex,Embarked,Survived,Pclass,Embarked'}",
        )
        .unwrap();
        assert_eq!(
            options,
            TrainingOptions {
                target: "Survived".into(),
                classification: Some(true),
                distribution: DistributionChoice::Bernoulli,
                ignored_columns: ["PassengerId", "Name", "Cabin", "Ticket"].map(String::from).to_vec(),
                categorical_columns: ["Sex", "Embarked", "Survived", "Pclass"].map(String::from).to_vec(),
            }
        );
    }

    #[test]
    fn a_list_holds_a_name_with_a_comma() {
        let options = TrainingOptions::parse(r#"{"target": "y", "ignored_columns": ["a,b", "c"]}"#).unwrap();
        assert_eq!(options.ignored_columns, ["a,b", "c"]);
        assert_eq!(options.classification, None);
    }

    #[test]
    fn a_fault_names_the_key() {
        let fault = |text| TrainingOptions::parse(text).unwrap_err().to_string();
        assert_eq!(
            fault("{'target': 'y', 'ignored': 'a'}"),
            "there is no key `ignored` in the hyperparameter `training`"
        );
        assert_eq!(
            fault("{'Target': 'y'}"),
            "there is no key `Target` in the hyperparameter `training`; did you mean `target`?"
        );
        assert_eq!(
            fault("{}"),
            "the hyperparameter `training` has no `target`: the name of the column to predict"
        );
        assert_eq!(
            fault("{'target': 'y', 'distribution': 'poisson'}"),
            "`distribution` in the hyperparameter `training` is `poisson`: it must be AUTO, bernoulli, gaussian or multinomial"
        );
        assert_eq!(
            fault("{'target': 'y', 'classification': 'maybe'}"),
            "`classification` in the hyperparameter `training` is `maybe`: it must be true or false"
        );
        assert_eq!(
            fault("target=y"),
            "hyperparameter `training` is no object, at character 1: `t` where `{` was expected"
        );
        assert_eq!(
            fault("{'target': 'y', 'classification': true, 'distribution': 'gaussian'}"),
            "`classification` true does not go with `distribution` gaussian: gaussian is the distribution of a number, not of a class"
        );
        assert!(fault("{'target': 'y', 'ignored_columns': 'y'}").contains("the target cannot be ignored"));
        assert!(
            fault("{'target': 'y', 'ignored_columns': 'a', 'categorical_columns': 'a'}")
                .contains("nothing is learned")
        );
    }
}
