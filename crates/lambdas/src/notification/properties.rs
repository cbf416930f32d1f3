use serde_json::Value;

use super::FunctionNotification;

/// The properties of the resource by which a bucket tells a function of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// The bucket.
    pub bucket: String,
    /// The beginning of the keys.
    pub prefix: String,
    /// Their end.
    pub suffix: String,
    /// ARN of the function that is told.
    pub function_arn: String,
}

/// Why properties are not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesError {
    /// A text is lacking.
    #[error("the property {0} is lacking or no text")]
    Lacking(&'static str),
    /// Every object of the bucket would be meant.
    #[error("neither Prefix nor Suffix is given: every object of the bucket would be meant")]
    Everything,
}

impl Properties {
    /// Reads `ResourceProperties`.
    ///
    /// # Errors
    /// [`PropertiesError`].
    pub fn read(properties: &Value) -> Result<Self, PropertiesError> {
        let text = |member: &str| properties[member].as_str().unwrap_or_default().to_owned();
        let function_arn = text("FunctionArn");
        if function_arn.is_empty() {
            return Err(PropertiesError::Lacking("FunctionArn"));
        }
        let (prefix, suffix) = (text("Prefix"), text("Suffix"));
        if prefix.is_empty() && suffix.is_empty() {
            return Err(PropertiesError::Everything);
        }
        Ok(Self { bucket: Self::bucket_of(properties)?, prefix, suffix, function_arn })
    }

    /// The bucket alone.
    ///
    /// # Errors
    /// [`PropertiesError::Lacking`].
    pub fn bucket_of(properties: &Value) -> Result<String, PropertiesError> {
        let bucket = properties["Bucket"].as_str().filter(|bucket| !bucket.is_empty());
        bucket.map(str::to_owned).ok_or(PropertiesError::Lacking("Bucket"))
    }

    /// The entry that the bucket is to have.
    pub(super) fn entry(&self, id: &str) -> FunctionNotification {
        let rules = [("prefix", &self.prefix), ("suffix", &self.suffix)];
        FunctionNotification {
            id: Some(id.to_owned()),
            function_arn: self.function_arn.clone(),
            events: vec!["s3:ObjectCreated:*".to_owned()],
            filter: rules
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect(),
        }
    }
}
