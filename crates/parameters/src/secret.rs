use std::fmt;
use std::str::FromStr;

use crate::json::{Member, Node, Value};
use crate::{NameError, ParameterName};

/// The member that makes an object of a document a secret: `{"$secret": "env:NAME"}`.
pub const SECRET: &str = "$secret";

/// Where the value of a secret is read when it is applied. The source itself is not secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretSource {
    /// `env:NAME`: an environment variable.
    Environment(String),
    /// `file:PATH`: a file, relative to the project; one line break at its end is not part of the value.
    File(String),
    /// `ssm:/name`: a `SecureString` that is in the parameter store already.
    Parameter(ParameterName),
}

/// Why a text is no source of a secret. The text is not told: it may be the secret itself, written in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretSourceError {
    /// It begins with none of the schemes.
    #[error("it begins with none of \"env:\", \"file:\" and \"ssm:\"")]
    Scheme,
    /// There is nothing behind `env:`, or a character that no variable's name has.
    #[error("what follows \"env:\" is no name of an environment variable")]
    Variable,
    /// There is no path behind `file:`.
    #[error("the path of the file is missing")]
    File,
    /// What is behind `ssm:` is no parameter's name.
    #[error("what follows \"ssm:\" is no parameter's name")]
    Parameter,
}

impl FromStr for SecretSource {
    type Err = SecretSourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("env", name)) => {
                let valid = !name.is_empty()
                    && !name.starts_with(|c: char| c.is_ascii_digit())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if valid { Ok(Self::Environment(name.to_owned())) } else { Err(SecretSourceError::Variable) }
            }
            Some(("file", "")) => Err(SecretSourceError::File),
            Some(("file", path)) => Ok(Self::File(path.to_owned())),
            Some(("ssm", name)) => {
                name.parse().map(Self::Parameter).map_err(|_: NameError| SecretSourceError::Parameter)
            }
            _ => Err(SecretSourceError::Scheme),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Parameter(name) => write!(f, "ssm:{name}"),
        }
    }
}

impl SecretSource {
    /// The value of a document that names this source.
    pub fn to_value(&self) -> Value {
        Value::Object(vec![Member::new(SECRET, Value::String(self.to_string()))])
    }
}

/// The member `$secret` of an object that has one, whatever else it has.
pub fn secret_member(value: &Value) -> Option<&Node> {
    value.get(SECRET)
}

/// The source that `value` names, when it is a secret as it should be: an object with `$secret` alone.
pub fn secret_source(value: &Value) -> Option<SecretSource> {
    match value {
        Value::Object(members) if members.len() == 1 => secret_member(value)?.value.as_str()?.parse().ok(),
        _ => None,
    }
}

/// The value of a secret. It can be compared and handed to a store; it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

impl SecretValue {
    /// Takes a value that must not be shown.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: for the store that is to keep it, and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_what_it_was_written_as() {
        for text in ["env:API_TOKEN", "file:secrets/token.txt", "file:/run/secrets/a:b", "ssm:/shared/token"]
        {
            let source: SecretSource = text.parse().unwrap();
            assert_eq!(source.to_string(), text);
            assert_eq!(secret_source(&source.to_value()), Some(source));
        }
    }

    #[test]
    fn what_is_no_source_is_told_from_one() {
        for (text, expected) in [
            ("hunter2", SecretSourceError::Scheme),
            ("vault:x", SecretSourceError::Scheme),
            ("env:", SecretSourceError::Variable),
            ("env:A-B", SecretSourceError::Variable),
            ("env:1A", SecretSourceError::Variable),
            ("file:", SecretSourceError::File),
            ("ssm:token", SecretSourceError::Parameter),
        ] {
            let error = text.parse::<SecretSource>().unwrap_err();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", SecretValue::new("hunter2")), "SecretValue(…)");
    }
}
