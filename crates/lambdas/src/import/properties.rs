use std::fmt;

use mlpp_parameters::{NameError, StorePath};
use serde_json::Value;

/// A document in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; the newest without one.
    pub version: Option<String>,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The properties of the resource that imports parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// The project's path.
    pub path: StorePath,
    /// `ml-parameters.json`.
    pub parameters: Document,
    /// `hyperparameters.json`.
    pub hyperparameters: Document,
    /// Whether to take over what belongs to others.
    pub adopt: bool,
    /// How many releases are kept.
    pub keep_releases: u64,
}

/// Why properties are not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesError {
    /// A text is lacking.
    #[error("the property {0} is lacking or no text")]
    Lacking(&'static str),
    /// The path is none.
    #[error("the property ParameterStorePath: {0}")]
    Path(#[from] NameError),
    /// A value is not among those allowed.
    #[error("the property {property} is \"{value}\"; it must be {allowed}")]
    Value {
        /// The property.
        property: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        allowed: &'static str,
    },
}

/// How many releases are kept beside pinned ones, unless the properties say otherwise.
const KEEP_RELEASES: u64 = 20;

impl Properties {
    /// Reads `ResourceProperties`. CloudFormation passes every scalar as text.
    ///
    /// # Errors
    /// [`PropertiesError`].
    pub fn read(properties: &Value) -> Result<Self, PropertiesError> {
        let adopt = match properties["Adopt"].as_str() {
            None | Some("" | "false") => false,
            Some("true") => true,
            Some(other) => {
                let (property, value) = ("Adopt", other.to_owned());
                return Err(PropertiesError::Value { property, value, allowed: "true or false" });
            }
        };
        let keep_releases = match properties["KeepReleases"].as_str().filter(|text| !text.is_empty()) {
            None => KEEP_RELEASES,
            Some(text) => text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
                let (property, value) = ("KeepReleases", text.to_owned());
                PropertiesError::Value { property, value, allowed: "a whole number of at least 1" }
            })?,
        };
        Ok(Self {
            path: Self::path_of(properties)?,
            parameters: document(&properties["Parameters"], ["Parameters.Bucket", "Parameters.Key"])?,
            hyperparameters: document(
                &properties["Hyperparameters"],
                ["Hyperparameters.Bucket", "Hyperparameters.Key"],
            )?,
            adopt,
            keep_releases,
        })
    }

    /// The project's path alone.
    ///
    /// # Errors
    /// [`PropertiesError`].
    pub fn path_of(properties: &Value) -> Result<StorePath, PropertiesError> {
        let path = properties["ParameterStorePath"].as_str();
        Ok(path.ok_or(PropertiesError::Lacking("ParameterStorePath"))?.parse()?)
    }
}

fn document(value: &Value, [bucket, key]: [&'static str; 2]) -> Result<Document, PropertiesError> {
    let text = |member: &str| value[member].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Document {
        bucket: text("Bucket").ok_or(PropertiesError::Lacking(bucket))?,
        key: text("Key").ok_or(PropertiesError::Lacking(key))?,
        version: text("Version"),
    })
}
