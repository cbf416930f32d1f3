use std::collections::HashMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
#[cfg(feature = "config")]
use aws_types::service_config::ServiceConfigKey;

/// A connection that takes longer to be made is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An attempt that takes longer to be answered is given up.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the SDK tries a call to S3 or Step Functions. Calls to Systems Manager are tried again by this crate, which
/// knows what landed, and not by the SDK as well.
const ATTEMPTS: u32 = 5;

/// The ids of the services that are called with JSON, as in the names of `AWS_ENDPOINT_URL_…`.
const JSON_SERVICES: [&str; 6] =
    ["APPLICATION_AUTO_SCALING", "CLOUDWATCH_LOGS", "SAGEMAKER", "SAGEMAKER_RUNTIME", "SFN", "SQS"];

/// Clients of the three services.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) region: Region,
    pub(crate) credentials: Option<SharedCredentialsProvider>,
    pub(crate) http_client: SharedHttpClient,
    endpoints: HashMap<&'static str, String>,
}

/// Why there are no clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientsError {
    /// A variable is not set in the environment.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// Neither the environment nor the profile names a region.
    #[error("no region is given: set AWS_REGION, or a region in the profile")]
    NoRegion,
}

/// What stands above the environment and the files of the AWS command line.
#[cfg(feature = "config")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The profile's name; else `AWS_PROFILE`, else `default`.
    pub name: Option<String>,
    /// The region; else that of the environment, else that of the profile.
    pub region: Option<String>,
    /// Where every service is; else `AWS_ENDPOINT_URL` and the like, else AWS.
    pub endpoint_url: Option<String>,
}

impl Clients {
    /// Clients by environment variables alone, which is all that a Lambda function has: `AWS_REGION` or
    /// `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; `AWS_ENDPOINT_URL`, and
    /// before it `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL_SFN`, for services that are elsewhere.
    ///
    /// # Errors
    /// [`ClientsError::Missing`].
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ClientsError> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &'static str| given(name).ok_or(ClientsError::Missing(name));
        let region = given("AWS_REGION")
            .or_else(|| given("AWS_DEFAULT_REGION"))
            .ok_or(ClientsError::Missing("AWS_REGION"))?;
        let credentials = Credentials::new(
            needed("AWS_ACCESS_KEY_ID")?,
            needed("AWS_SECRET_ACCESS_KEY")?,
            given("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let region = Region::new(region);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client())
            .build();
        let endpoint = |name: &str| given(name).or_else(|| given("AWS_ENDPOINT_URL"));
        let json = |id: &'static str| Some((id, endpoint(&format!("AWS_ENDPOINT_URL_{id}"))?));
        let s3 = endpoint("AWS_ENDPOINT_URL_S3");
        Self::new(
            &config,
            Endpoints {
                path_style: s3.is_some(),
                s3,
                ssm: endpoint("AWS_ENDPOINT_URL_SSM"),
                sfn: endpoint("AWS_ENDPOINT_URL_SFN"),
                json: JSON_SERVICES.into_iter().filter_map(json).collect(),
            },
        )
        .map_err(|_| ClientsError::Missing("AWS_REGION"))
    }

    /// Clients by all that the AWS command line goes by: environment, profiles, single sign-on, credential processes, and the
    /// roles of containers and instances.
    ///
    /// # Errors
    /// [`ClientsError::NoRegion`].
    #[cfg(feature = "config")]
    pub async fn from_profile(profile: &Profile) -> Result<Self, ClientsError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client());
        if let Some(name) = &profile.name {
            loader = loader.profile_name(name);
        }
        if let Some(region) = &profile.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &profile.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        // The services of the SDK find their own endpoints in the environment and in the profile.
        let path_style = config.endpoint_url().is_some();
        let json = |id: &'static str| {
            let own = || {
                let service_id = id.to_lowercase();
                let key = ServiceConfigKey::builder().service_id(&service_id).profile("endpoint_url");
                config.service_config()?.load_config(key.env("AWS_ENDPOINT_URL").build().ok()?)
            };
            let url = profile.endpoint_url.clone().or_else(own);
            Some((id, url.or_else(|| config.endpoint_url().map(str::to_owned))?))
        };
        let json = JSON_SERVICES.into_iter().filter_map(json).collect();
        Self::new(&config, Endpoints { json, path_style, ..Endpoints::default() })
    }

    fn new(config: &SdkConfig, endpoints: Endpoints) -> Result<Self, ClientsError> {
        let region = config.region().cloned().ok_or(ClientsError::NoRegion)?;
        let (timeouts, retries) = (timeouts(), retries());
        let mut ssm = aws_sdk_ssm::config::Builder::from(config)
            .timeout_config(timeouts.clone())
            .retry_config(RetryConfig::disabled());
        let mut s3 = aws_sdk_s3::config::Builder::from(config)
            .timeout_config(timeouts.clone())
            .retry_config(retries.clone())
            .force_path_style(endpoints.path_style);
        let mut sfn =
            aws_sdk_sfn::config::Builder::from(config).timeout_config(timeouts).retry_config(retries);
        if let Some(url) = endpoints.ssm {
            ssm = ssm.endpoint_url(url);
        }
        if let Some(url) = endpoints.s3 {
            s3 = s3.endpoint_url(url);
        }
        if let Some(url) = endpoints.sfn {
            sfn = sfn.endpoint_url(url);
        }
        Ok(Self {
            ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sfn: aws_sdk_sfn::Client::from_conf(sfn.build()),
            region,
            credentials: config.credentials_provider(),
            http_client: config.http_client().unwrap_or_else(http_client),
            endpoints: endpoints.json,
        })
    }

    /// The client of S3, for what is no matter of objects.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        &self.s3
    }

    /// Where the service with the id is; on AWS its host begins with `host`.
    pub(crate) fn endpoint(&self, host: &str, id: &str) -> String {
        self.endpoints.get(id).cloned().unwrap_or_else(|| {
            // Partitions: AWS General Reference, "Service endpoints". The one in China has a domain of its own.
            let domain =
                if self.region.as_ref().starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://{host}.{}.{domain}", self.region)
        })
    }
}

pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

/// Where services are that are not where the SDK looks.
#[derive(Debug, Default)]
struct Endpoints {
    ssm: Option<String>,
    s3: Option<String>,
    sfn: Option<String>,
    /// Those of the services that are called with JSON, by the service's id.
    json: HashMap<&'static str, String>,
    /// Whether a bucket's name goes into the path: a server that stands in for S3 has no host name for each bucket.
    path_style: bool,
}

pub(crate) fn http_client() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(variables: &[(&str, &str)]) -> Result<Clients, ClientsError> {
        Clients::from_variables(|name| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |variables: &[(&str, &str)]| clients(variables).err();
        let (region, key) = (("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "any"));
        assert_eq!(missing(&[]), Some(ClientsError::Missing("AWS_REGION")));
        assert_eq!(missing(&[region, ("AWS_ACCESS_KEY_ID", "")]), Some(ClientsError::Missing(key.0)));
        assert_eq!(missing(&[region, key]), Some(ClientsError::Missing("AWS_SECRET_ACCESS_KEY")));
    }

    #[test]
    fn the_region_is_that_of_lambda_or_else_the_default() {
        let keys = [("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any")];
        for (variables, expected) in [
            (vec![("AWS_REGION", "eu-central-1"), ("AWS_DEFAULT_REGION", "us-east-1")], "eu-central-1"),
            (vec![("AWS_DEFAULT_REGION", "us-east-1")], "us-east-1"),
        ] {
            let clients = clients(&[variables, keys.to_vec()].concat()).unwrap();
            assert_eq!(clients.ssm.config().region().map(AsRef::as_ref), Some(expected));
        }
    }
}
