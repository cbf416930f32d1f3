use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most levels that a name in a hierarchy may have (`PutParameter`, member `Name`).
const MAX_LEVELS: usize = 15;
/// The longest name: 1011 characters together with the ARN in front of it (`PutParameter`, member `Name`). The longest
/// such prefix, `arn:aws-us-gov:ssm:us-gov-east-1:123456789012:parameter`, has 55.
const MAX_LENGTH: usize = 1011 - 55;

/// Why a text is no parameter name or path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It does not begin with `/`.
    #[error("\"{0}\" does not begin with \"/\"")]
    NotAbsolute(String),
    /// Two slashes in a row, or one at the end.
    #[error("\"{0}\" has an empty level")]
    EmptyLevel(String),
    /// A character that Parameter Store does not take.
    #[error("\"{level}\" has the character {character:?}; a level of a name takes a-z A-Z 0-9 _ . -")]
    Character {
        /// The level that has it.
        level: String,
        /// The first such character.
        character: char,
    },
    /// The first level is reserved by the service.
    #[error("\"{0}\" is reserved: a name may not begin with \"aws\" or \"ssm\"")]
    Reserved(String),
    /// More levels than the service takes.
    #[error("the name has {0} levels; at most {MAX_LEVELS} are allowed")]
    Levels(usize),
    /// More characters than the service takes.
    #[error("the name has {0} characters; at most {MAX_LENGTH} are allowed")]
    Length(usize),
}

/// Checks one level of a name: what stands between two slashes.
///
/// # Errors
/// [`NameError::EmptyLevel`] or [`NameError::Character`].
pub(crate) fn check_level(level: &str) -> Result<(), NameError> {
    if level.is_empty() {
        return Err(NameError::EmptyLevel(level.to_owned()));
    }
    match level.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-')) {
        None => Ok(()),
        Some(character) => Err(NameError::Character { level: level.to_owned(), character }),
    }
}

fn check(name: &str) -> Result<(), NameError> {
    let Some(rest) = name.strip_prefix('/') else {
        return Err(NameError::NotAbsolute(name.to_owned()));
    };
    for level in rest.split('/') {
        check_level(level).map_err(|error| match error {
            NameError::EmptyLevel(_) => NameError::EmptyLevel(name.to_owned()),
            other => other,
        })?;
    }
    let first = rest.split('/').next().unwrap_or_default();
    let begins = |word: &str| first.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if begins("aws") || begins("ssm") {
        return Err(NameError::Reserved(name.to_owned()));
    }
    let levels = rest.split('/').count();
    if levels > MAX_LEVELS {
        return Err(NameError::Levels(levels));
    }
    if name.len() > MAX_LENGTH {
        return Err(NameError::Length(name.len()));
    }
    Ok(())
}

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The whole text, with its leading slash.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_name! {
    /// The path in Parameter Store below which a project's parameters lie, such as `/ml-project`.
    ///
    /// Rules: `PutParameter`, member `Name`, in the Systems Manager API reference.
    StorePath
}

checked_name! {
    /// The name of one parameter, such as `/ml-project/model/name`.
    ///
    /// Rules: `PutParameter`, member `Name`, in the Systems Manager API reference.
    ParameterName
}

impl StorePath {
    /// The name of the parameter at `levels` below this path.
    ///
    /// # Errors
    /// [`NameError`] when the levels do not make a name that Parameter Store takes.
    pub fn name<S: AsRef<str>>(&self, levels: &[S]) -> Result<ParameterName, NameError> {
        let mut name = self.0.clone();
        for level in levels {
            check_level(level.as_ref())?;
            name.push('/');
            name.push_str(level.as_ref());
        }
        ParameterName::try_from(name)
    }

    /// The path beside this one that holds its release records: `/ml-project.releases`.
    ///
    /// # Errors
    /// [`NameError::Length`] when the path is that long.
    pub fn releases(&self) -> Result<StorePath, NameError> {
        Self::try_from(format!("{}.releases", self.0))
    }

    /// The levels of `name` below this path; `None` when it does not lie there.
    pub fn levels<'a>(&self, name: &'a ParameterName) -> Option<Vec<&'a str>> {
        let rest = name.0.strip_prefix(&self.0)?.strip_prefix('/')?;
        Some(rest.split('/').collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_the_service_would_refuse_are_refused() {
        let deep = "/a".repeat(16);
        let long = format!("/{}", "a".repeat(1000));
        for (text, expected) in [
            ("ml-project", NameError::NotAbsolute("ml-project".into())),
            ("/ml-project/", NameError::EmptyLevel("/ml-project/".into())),
            ("//x", NameError::EmptyLevel("//x".into())),
            ("/a b", NameError::Character { level: "a b".into(), character: ' ' }),
            ("/ü", NameError::Character { level: "ü".into(), character: 'ü' }),
            ("/aws/x", NameError::Reserved("/aws/x".into())),
            ("/SSMx", NameError::Reserved("/SSMx".into())),
            (&deep, NameError::Levels(16)),
            (&long, NameError::Length(1001)),
        ] {
            assert_eq!(text.parse::<StorePath>(), Err(expected));
        }
    }

    #[test]
    fn levels_are_those_below_the_path_and_no_neighbours() {
        let path: StorePath = "/m".parse().unwrap();
        let name = path.name(&["model", "name"]).unwrap();
        assert_eq!(name.as_str(), "/m/model/name");
        assert_eq!(path.levels(&name), Some(vec!["model", "name"]));
        assert_eq!(path.levels(&"/m2/model".parse().unwrap()), None);
    }
}
