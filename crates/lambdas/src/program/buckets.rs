use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, S3KeyFilter,
};
use mlpp_aws::Clients;

use crate::notification::{Configuration, FunctionNotification, NotificationError, Notifications};

/// What S3 says of entries that want the same objects; its code is the general `InvalidArgument`.
const OVERLAP: &str = "overlap";
/// What S3 says of a function that it may not invoke, or not yet: a permission takes its time to be known everywhere.
const DESTINATION: &str = "Unable to validate the following destination configurations";

/// The notification configurations of buckets on S3.
#[derive(Debug, Clone)]
pub struct S3Notifications {
    client: Client,
}

impl S3Notifications {
    /// The buckets that `clients` talk to.
    pub fn new(clients: &Clients) -> Self {
        Self { client: clients.s3().clone() }
    }
}

impl Notifications for S3Notifications {
    /// All that is there, as it was read; what is about functions is taken out of it and laid in again.
    type Rest = NotificationConfiguration;

    async fn get(&self, bucket: &str) -> Result<Configuration<Self::Rest>, NotificationError> {
        let answer = self.client.get_bucket_notification_configuration().bucket(bucket).send().await;
        let answer = answer.map_err(|error| failed(bucket, &error))?;
        let functions = answer.lambda_function_configurations.unwrap_or_default();
        let rest = NotificationConfiguration::builder()
            .set_topic_configurations(answer.topic_configurations)
            .set_queue_configurations(answer.queue_configurations)
            .set_event_bridge_configuration(answer.event_bridge_configuration)
            .build();
        Ok(Configuration { functions: functions.into_iter().map(read).collect(), rest })
    }

    async fn put(
        &self,
        bucket: &str,
        Configuration { functions, mut rest }: Configuration<Self::Rest>,
    ) -> Result<(), NotificationError> {
        let functions: Result<Vec<_>, _> = functions.into_iter().map(written).collect();
        let refused = |reason| NotificationError::Refused { bucket: bucket.to_owned(), reason };
        rest.lambda_function_configurations = Some(functions.map_err(refused)?);
        let put = self.client.put_bucket_notification_configuration().bucket(bucket);
        let put = put.notification_configuration(rest).send().await;
        put.map(drop).map_err(|error| failed(bucket, &error))
    }
}

fn read(entry: LambdaFunctionConfiguration) -> FunctionNotification {
    let rules = entry.filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules);
    let rule = |rule: FilterRule| {
        let name = rule.name.map(|name| name.as_str().to_owned());
        (name.unwrap_or_default(), rule.value.unwrap_or_default())
    };
    FunctionNotification {
        id: entry.id,
        function_arn: entry.lambda_function_arn,
        events: entry.events.iter().map(|event| event.as_str().to_owned()).collect(),
        filter: rules.unwrap_or_default().into_iter().map(rule).collect(),
    }
}

fn written(entry: FunctionNotification) -> Result<LambdaFunctionConfiguration, String> {
    let rule = |(name, value): (String, String)| {
        FilterRule::builder().name(FilterRuleName::from(name.to_lowercase().as_str())).value(value).build()
    };
    let rules: Vec<_> = entry.filter.into_iter().map(rule).collect();
    let filter = (!rules.is_empty()).then(|| {
        let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
        NotificationConfigurationFilter::builder().key(key).build()
    });
    LambdaFunctionConfiguration::builder()
        .set_id(entry.id)
        .lambda_function_arn(entry.function_arn)
        .set_events(Some(entry.events.iter().map(|event| Event::from(event.as_str())).collect()))
        .set_filter(filter)
        .build()
        .map_err(|error| error.to_string())
}

fn failed<E, R>(bucket: &str, error: &SdkError<E, R>) -> NotificationError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    let bucket = bucket.to_owned();
    let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
    let message = metadata.and_then(|metadata| metadata.message()).unwrap_or_default();
    let reason = match metadata.and_then(|metadata| metadata.code()) {
        Some(code) => format!("{code}: {message}"),
        None => DisplayErrorContext(error).to_string(),
    };
    match metadata.and_then(|metadata| metadata.code()) {
        Some("NoSuchBucket") => NotificationError::NoBucket(bucket),
        Some("InvalidArgument") if message.contains(OVERLAP) => {
            NotificationError::Overlap { bucket, reason, entries: Vec::new() }
        }
        Some("InvalidArgument") if message.contains(DESTINATION) => {
            NotificationError::Busy { bucket, reason }
        }
        Some("OperationAborted" | "SlowDown" | "ServiceUnavailable" | "InternalError") | None => {
            NotificationError::Busy { bucket, reason }
        }
        Some(_) => NotificationError::Refused { bucket, reason },
    }
}
