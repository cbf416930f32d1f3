use mlpp_aws::{Clients, ClientsError};
use mlpp_parameters::{DriftPolicy, FingerprintKey, NameError, Overridable, ProjectRules};
use serde_json::{Value, json};

use crate::import::{ImportOnUpload, Properties, PropertiesError};
use crate::launch::Settings;

/// The variables of a function's environment, which the template sets.
pub struct Environment<F>(pub F);

/// The environment of this process.
pub fn of_process() -> Environment<impl Fn(&str) -> Option<String>> {
    Environment(|name: &str| std::env::var(name).ok())
}

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
    /// What is imported on upload is not valid.
    #[error("the environment of an import on upload: {0}")]
    Properties(#[from] PropertiesError),
    /// The system has no randomness to give.
    #[error(transparent)]
    Randomness(#[from] getrandom::Error),
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

    /// What an upload is imported into, by an import with the id `writer`.
    ///
    /// # Errors
    /// [`EnvironmentError`], for the first variable that is not valid.
    pub fn import_on_upload(&self, writer: String) -> Result<ImportOnUpload, EnvironmentError> {
        let text = |name| self.given(name).unwrap_or_default();
        let document = |bucket, key| json!({"Bucket": text(bucket), "Key": text(key)});
        let properties = Properties::read(&json!({
            "ParameterStorePath": self.needed("PARAM_STORE_PATH")?,
            "Parameters": document("PARAMETERS_S3_BUCKET_NAME", "PARAMETERS_S3_KEY"),
            "Hyperparameters": document("HYPERPARAMETERS_S3_BUCKET_NAME", "HYPERPARAMETERS_S3_KEY"),
            "KeepReleases": text("KEEP_RELEASES"),
        }))?;
        Ok(ImportOnUpload { properties, owner: self.needed("STACK_ID")?, writer, key: fingerprint_key()? })
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn with<'a>(
        variables: &'a BTreeMap<&'a str, &'a str>,
    ) -> Environment<impl Fn(&str) -> Option<String> + 'a> {
        Environment(|name: &str| variables.get(name).map(|value| (*value).to_owned()))
    }

    fn launch() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([
            ("PARAM_STORE_PATH", "/ml-project"),
            ("TARGET_STATE_MACHINE_ARN", "arn"),
            ("MANIFEST_S3_BUCKET_KEY_PREFIX", "manifests/"),
            ("DRIFT", ""),
            ("OVERRIDABLE", ""),
        ])
    }

    #[test]
    fn what_is_empty_has_its_default() {
        let settings = with(&launch()).launch_settings().unwrap();
        assert_eq!(settings.policy, DriftPolicy::Use);
        assert_eq!(settings.path.as_str(), "/ml-project");
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (name, value, told) in [
            ("DRIFT", "none", "the environment variable DRIFT is \"none\"; it must be use, ignore or fail"),
            (
                "OVERRIDABLE",
                "/a",
                "the environment variable OVERRIDABLE is \"/a\"; it must be a JSON array of JSON pointers",
            ),
            ("TARGET_STATE_MACHINE_ARN", "", "the environment variable TARGET_STATE_MACHINE_ARN is not set"),
        ] {
            let mut variables = launch();
            variables.insert(name, value);
            assert_eq!(with(&variables).launch_settings().unwrap_err().to_string(), told);
        }
        let mut variables = launch();
        variables.insert("PARAM_STORE_PATH", "ml-project");
        let told = with(&variables).launch_settings().unwrap_err().to_string();
        assert!(told.starts_with("the environment variable PARAM_STORE_PATH: "), "{told}");
    }

    #[test]
    fn an_import_on_upload_has_both_documents_or_says_which_is_lacking() {
        let mut variables = BTreeMap::from([
            ("PARAM_STORE_PATH", "/ml-project"),
            ("PARAMETERS_S3_BUCKET_NAME", "b"),
            ("PARAMETERS_S3_KEY", "p.json"),
            ("HYPERPARAMETERS_S3_BUCKET_NAME", "b"),
            ("HYPERPARAMETERS_S3_KEY", "h.json"),
            ("KEEP_RELEASES", "3"),
            ("STACK_ID", "arn:stack"),
        ]);
        let settings = with(&variables).import_on_upload("w".to_owned()).unwrap();
        assert_eq!(settings.properties.hyperparameters.to_string(), "s3://b/h.json");
        assert_eq!((settings.properties.keep_releases, settings.owner.as_str()), (3, "arn:stack"));
        variables.remove("HYPERPARAMETERS_S3_KEY");
        let told = with(&variables).import_on_upload("w".to_owned()).unwrap_err().to_string();
        assert!(told.ends_with("the property Hyperparameters.Key is lacking or no text"), "{told}");
    }
}
