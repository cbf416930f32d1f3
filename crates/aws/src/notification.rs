use aws_sdk_s3::types::FilterRuleName;

use crate::clients::Clients;
use crate::failure::CallError;

/// An entry of a bucket's configuration by which a function is told of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketNotification {
    /// ARN of the function.
    pub function_arn: String,
    /// The events, such as `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// How the keys begin; empty for any.
    pub prefix: String,
    /// How the keys end; empty for any.
    pub suffix: String,
}

impl BucketNotification {
    /// Whether the function is told of an object that is created with this key.
    pub fn tells_of(&self, key: &str) -> bool {
        self.events.iter().any(|event| event.starts_with("s3:ObjectCreated:"))
            && key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
    }
}

/// The functions that a bucket tells of objects; `None` where there is no such bucket.
///
/// # Errors
/// [`CallError`].
pub async fn bucket_notifications(
    clients: &Clients,
    bucket: &str,
) -> Result<Option<Vec<BucketNotification>>, CallError> {
    let answer = clients.s3.get_bucket_notification_configuration().bucket(bucket).send().await;
    let answer = match answer.map_err(CallError::from) {
        Err(error) if error.code() == Some("NoSuchBucket") => return Ok(None),
        answer => answer?,
    };
    let entries = answer.lambda_function_configurations.unwrap_or_default().into_iter().map(|entry| {
        let rules = entry.filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules);
        let rule = |name: &FilterRuleName| {
            let mut rules = rules.iter().flatten();
            // S3 takes and gives the names in either case.
            let found = rules.find(|rule| {
                rule.name.as_ref().is_some_and(|own| own.as_str().eq_ignore_ascii_case(name.as_str()))
            });
            found.and_then(|rule| rule.value.clone()).unwrap_or_default()
        };
        BucketNotification {
            prefix: rule(&FilterRuleName::Prefix),
            suffix: rule(&FilterRuleName::Suffix),
            function_arn: entry.lambda_function_arn,
            events: entry.events.iter().map(|event| event.as_str().to_owned()).collect(),
        }
    });
    Ok(Some(entries.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_tells_of_what_its_filter_lets_through() {
        let entry = |events: &str| BucketNotification {
            function_arn: "f".to_owned(),
            events: vec![events.to_owned()],
            prefix: "manifests/".to_owned(),
            suffix: ".json".to_owned(),
        };
        assert!(entry("s3:ObjectCreated:*").tells_of("manifests/a.json"));
        assert!(entry("s3:ObjectCreated:Put").tells_of("manifests/a.json"));
        assert!(!entry("s3:ObjectCreated:*").tells_of("manifests/a.txt"));
        assert!(!entry("s3:ObjectCreated:*").tells_of("other/a.json"));
        assert!(!entry("s3:ObjectRemoved:*").tells_of("manifests/a.json"));
    }
}
