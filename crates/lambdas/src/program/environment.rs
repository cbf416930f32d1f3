use mlpp_aws::{Clients, ClientsError};
use mlpp_parameters::{DriftPolicy, FingerprintKey, NameError, Overridable, ProjectRules};
use serde_json::Value;

use crate::launch::Settings;

/// The variables of a function's environment, which the template sets.
pub struct Environment<F>(pub F);

/// Why a function cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable is not set, or empty.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The path is none.
    #[error("the environment variable PARAM_STORE_PATH: {0}")]
    Path(#[from] NameError),
    /// A value is not among those allowed.
    #[error("the environment variable {name} is \"{value}\"; it must be {allowed}")]
    Value {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The services cannot be called.
    #[error(transparent)]
    Clients(#[from] ClientsError),
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// A variable's value, where there is one that is not empty.
    pub fn given(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable's value.
    ///
    /// # Errors
    /// [`EnvironmentError::Missing`].
    pub fn needed(&self, name: &'static str) -> Result<String, EnvironmentError> {
        self.given(name).ok_or(EnvironmentError::Missing(name))
    }

    /// The services, with the function's own credentials.
    ///
    /// # Errors
    /// [`EnvironmentError::Clients`].
    pub fn clients(&self) -> Result<Clients, EnvironmentError> {
        Ok(Clients::from_variables(&self.0)?)
    }

    /// What is launched, and how.
    ///
    /// # Errors
    /// [`EnvironmentError`], for the first variable that is not valid.
    pub fn launch_settings(&self) -> Result<Settings, EnvironmentError> {
        let policy = match self.given("DRIFT") {
            None => DriftPolicy::Use,
            Some(value) => DriftPolicy::named(&value).ok_or(EnvironmentError::Value {
                name: "DRIFT",
                value,
                allowed: "use, ignore or fail",
            })?,
        };
        let overridable = match self.given("OVERRIDABLE") {
            None => Overridable::default(),
            Some(value) => overridable(&value).ok_or(EnvironmentError::Value {
                name: "OVERRIDABLE",
                value,
                allowed: "a JSON array of JSON pointers",
            })?,
        };
        let buckets = self.given("S3_BUCKET_NAMES");
        let rules = buckets.map_or_else(ProjectRules::default, |buckets| {
            ProjectRules::default().with_buckets(buckets.split(',').map(str::trim))
        });
        Ok(Settings {
            path: self.needed("PARAM_STORE_PATH")?.parse()?,
            state_machine_arn: self.needed("TARGET_STATE_MACHINE_ARN")?,
            policy,
            prefix: self.needed("MANIFEST_S3_BUCKET_KEY_PREFIX")?,
            overridable,
            rules,
        })
    }
}

fn overridable(text: &str) -> Option<Overridable> {
    let pointers: Value = serde_json::from_str(text).ok()?;
    let pointers = pointers.as_array()?.iter().map(|pointer| pointer.as_str().map(str::to_owned));
    Overridable::new(pointers.collect::<Option<Vec<_>>>()?).ok()
}

/// A key by which one import compares secrets, and none after it.
///
/// # Errors
/// The system has no randomness to give.
pub fn fingerprint_key() -> Result<FingerprintKey, getrandom::Error> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    Ok(FingerprintKey::new(key))
}
