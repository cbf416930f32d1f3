//! The options of the stack, from the settings.

use std::collections::BTreeMap;

use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Names and values of the stack's options (its template's parameters).
#[derive(Debug, Clone, Default)]
pub(super) struct Options(BTreeMap<String, String>);

impl Options {
    /// Those that the settings give.
    ///
    /// # Errors
    /// `config/target-arn`.
    pub(super) fn of(project: &Project) -> Result<Self, CommandError> {
        let config = &project.config;
        let target = config.target_state_machine_arn.get_ref();
        if !target.starts_with("arn:") {
            let message = format!("\"{target}\" is no ARN of a state machine");
            let help = "set target_state_machine_arn to an ARN of Step Functions; the stack of a workflow has its own among its outputs";
            return Err(project.wrong_setting(
                "target_state_machine_arn",
                "config/target-arn",
                message,
                help.to_owned(),
            ));
        }
        let mut options = Self::default();
        for (name, value) in [
            ("Environment", project.environment()),
            ("ParameterStorePath", project.path.as_str()),
            ("TargetStateMachineArn", target),
            ("ManifestS3BucketName", &config.manifest_s3_bucket_name),
            ("ManifestS3BucketKeyPrefix", &config.manifest_s3_bucket_key_prefix),
            ("ParametersS3BucketName", &config.parameters_s3_bucket_name),
            ("ParametersS3Key", &config.parameters_s3_key),
            ("HyperparametersS3BucketName", &config.hyperparameters_s3_bucket_name),
            ("HyperparametersS3Key", &config.hyperparameters_s3_key),
            ("Drift", config.drift.as_str()),
            ("KeepReleases", &config.keep_releases.to_string()),
        ] {
            options.put(name, value);
        }
        // What the project leaves to its default is left to the stack's, which is the same.
        if let Some(key) = &config.kms_key_id {
            if !(key.starts_with("arn:") && key.contains(":key/")) {
                let message = format!("\"{key}\" is no ARN of a key, and a stack takes no other name of one");
                let help = "set kms_key_id to arn:…:key/…; aws kms describe-key tells it".to_owned();
                return Err(project.wrong_setting("kms_key_id", "deploy/option", message, help));
            }
            options.put("KmsKeyArn", key);
        }
        if let Some(buckets) = &config.buckets {
            let names: Vec<_> = buckets.iter().map(|bucket| bucket.get_ref().as_str()).collect();
            options.put("DataS3BucketNames", &names.join(","));
        }
        if config.overridable != mlpp_parameters::Overridable::default() {
            let pointers: Vec<_> = config.overridable.pointers().collect();
            let text = serde_json::to_string(&pointers)
                .map_err(|error| CommandError::failed("write JSON", error))?;
            options.put("OverridableParameters", &text);
        }
        Ok(options)
    }

    /// Gives an option a value, whatever it had.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Options as a person gives them, `NAME=VALUE`.
    ///
    /// # Errors
    /// `deploy/option`.
    pub(super) fn set(&mut self, given: &[String]) -> Result<(), CommandError> {
        for text in given {
            let named = text.split_once('=').filter(|(name, _)| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            let Some((name, value)) = named else {
                let message = format!("\"{text}\" is no option of the stack: it has no name before a \"=\"");
                let help =
                    "write --option NAME=VALUE with the name of one of the template's parameters".to_owned();
                let plain = Plain { code: "deploy/option", message, help };
                return Err(CommandError::one(ExitCode::InvalidInput, plain));
            };
            self.put(name, value);
        }
        Ok(())
    }

    /// Each as an argument behind `--parameter-overrides`. The values are in quotes, since one may be empty or have spaces.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(name, value)| {
            let value = value.replace('\\', r"\\").replace('"', "\\\"");
            format!("{name}=\"{value}\"")
        })
    }
}
