//! The settings that are one value each: their names in `mlpp.toml`, as flags and as variables, with their defaults.

use mlpp_local::LocalObjects;

/// A setting that is one value.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name in `mlpp.toml`.
    pub(crate) name: &'static str,
    /// Its flag, without the hyphens in front.
    pub(crate) flag: &'static str,
    /// Its environment variable.
    pub(crate) variable: &'static str,
    /// What it is without being set.
    pub(crate) default: &'static str,
    /// What it is, in a line.
    pub(crate) about: &'static str,
    /// The values that it can have; any where there are none.
    pub(crate) choices: &'static [&'static str],
    /// What is wrong with a value: a code, why, and what to do.
    pub(crate) check: fn(&str) -> Result<(), Fault>,
}

/// What is wrong with the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>, help: &'static str) -> Self {
        Self { code, message: message.into(), help }
    }
}

macro_rules! settings {
    ($($name:literal $flag:literal $variable:literal = $default:literal, $choices:expr, $check:expr, $about:literal;)*) => {
        &[$(Setting {
            name: $name,
            flag: $flag,
            variable: $variable,
            default: $default,
            about: $about,
            choices: &$choices,
            check: $check,
        }),*]
    };
}

/// Every setting that is one value. The first nine are the options of the stack, by their own names.
pub(crate) static SETTINGS: &[Setting] = settings! {
    "environment" "environment" "MLPP_ENVIRONMENT" = "development", [], not_empty,
        "The environment: its overlays and settings are used (the stack's option Environment)";
    "parameter_store_path" "parameter-store-path" "MLPP_PARAMETER_STORE_PATH" = "/ml-project", [], path,
        "The path below which the parameters lie (ParameterStorePath)";
    "target_state_machine_arn" "target-state-machine-arn" "MLPP_TARGET_STATE_MACHINE_ARN"
        = "model-tuning-with-endpoint-deployment", [], not_empty,
        "The state machine that a launch starts: an ARN, or a name on this machine (TargetStateMachineArn)";
    "manifest_s3_bucket_name" "manifest-s3-bucket-name" "MLPP_MANIFEST_S3_BUCKET_NAME" = "ml-project", [], bucket,
        "The bucket in which manifests arrive (ManifestS3BucketName)";
    "manifest_s3_bucket_key_prefix" "manifest-s3-bucket-key-prefix" "MLPP_MANIFEST_S3_BUCKET_KEY_PREFIX"
        = "manifests/", [], prefix,
        "What the keys of manifests begin with (ManifestS3BucketKeyPrefix)";
    "hyperparameters_s3_bucket_name" "hyperparameters-s3-bucket-name" "MLPP_HYPERPARAMETERS_S3_BUCKET_NAME"
        = "ml-project", [], bucket,
        "The bucket of the document of hyperparameters in a deployment (HyperparametersS3BucketName)";
    "hyperparameters_s3_key" "hyperparameters-s3-key" "MLPP_HYPERPARAMETERS_S3_KEY" = "hyperparameters.json", [], key,
        "The document of hyperparameters: here a file, in a deployment the object's key (HyperparametersS3Key)";
    "parameters_s3_bucket_name" "parameters-s3-bucket-name" "MLPP_PARAMETERS_S3_BUCKET_NAME" = "ml-project", [], bucket,
        "The bucket of the document of parameters in a deployment (ParametersS3BucketName)";
    "parameters_s3_key" "parameters-s3-key" "MLPP_PARAMETERS_S3_KEY" = "ml-parameters.json", [], key,
        "The document of parameters: here a file, in a deployment the object's key (ParametersS3Key)";
    "drift" "drift" "MLPP_DRIFT" = "use", ["use", "ignore", "fail"], any,
        "What a reader does with parameters that were edited in place";
    "keep_releases" "keep-releases" "MLPP_KEEP_RELEASES" = "20", [], count,
        "How many releases are kept beside pinned ones";
    "manifest" "manifest" "MLPP_MANIFEST" = "manifest.json", [], not_empty,
        "The manifest that a run puts into the bucket: a file";
    "backend" "backend" "MLPP_BACKEND" = "local", ["local", "aws"], any,
        "Where the project is at work: on this machine, or in an AWS account";
    "profile" "profile" "MLPP_PROFILE" = "", [], any,
        "The profile of the AWS command line (else AWS_PROFILE, else default)";
    "region" "region" "MLPP_REGION" = "", [], any,
        "The region of AWS (else AWS_REGION, else that of the profile)";
    "endpoint_url" "endpoint-url" "MLPP_ENDPOINT_URL" = "", [], url,
        "Where the services of AWS answer (else AWS_ENDPOINT_URL, else AWS itself)";
    "kms_key_id" "kms-key-id" "MLPP_KMS_KEY_ID" = "", [], any,
        "The KMS key of secrets on AWS; empty for the account's own key of Parameter Store";
};

/// The setting called `name`.
pub(crate) fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

impl Setting {
    /// Checks a value by the choices and by what is asked of it.
    pub(crate) fn fault(&self, value: &str) -> Option<Fault> {
        if !self.choices.is_empty() && !self.choices.contains(&value) {
            let message = format!("\"{value}\" is not one of {}", self.choices.join(", "));
            return Some(Fault::new("config/choice", message, "write one of the values that are allowed"));
        }
        (self.check)(value).err()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside checks that can fail")]
fn any(_: &str) -> Result<(), Fault> {
    Ok(())
}

fn url(value: &str) -> Result<(), Fault> {
    let rest = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    if value.is_empty() || rest.is_some_and(|rest| !rest.is_empty()) {
        return Ok(());
    }
    let message = format!("\"{value}\" is no URL of HTTP");
    Err(Fault::new("config/url", message, "write a URL such as http://localhost:4566"))
}

fn not_empty(value: &str) -> Result<(), Fault> {
    if value.is_empty() {
        return Err(Fault::new("config/empty", "it is empty", "write a value, or leave the setting out"));
    }
    Ok(())
}

fn path(value: &str) -> Result<(), Fault> {
    let help = "a path is /level or /level/level… of a-z A-Z 0-9 _ . -, at most 13 levels";
    let valid = value
        .parse::<mlpp_parameters::StorePath>()
        .and_then(|path| mlpp_parameters::release::RecordNames::of(&path));
    valid.map(|_| ()).map_err(|error| Fault::new("config/path", error.to_string(), help))
}

fn bucket(value: &str) -> Result<(), Fault> {
    // A bucket has a place on this machine when its name is one.
    match LocalObjects::new("").file(value, "key") {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = match error {
                mlpp_provider::ObjectsError::Invalid { reason, .. } => reason.to_owned(),
                other => other.to_string(),
            };
            Err(Fault::new(
                "config/bucket",
                format!("\"{value}\" is no bucket: {message}"),
                "write the bucket's name alone",
            ))
        }
    }
}

fn key(value: &str) -> Result<(), Fault> {
    not_empty(value)?;
    if value.starts_with('/') {
        let message = format!("\"{value}\" begins with \"/\"");
        return Err(Fault::new("config/key", message, "write the key, or the file relative to mlpp.toml"));
    }
    Ok(())
}

fn prefix(value: &str) -> Result<(), Fault> {
    if value.is_empty() {
        // Every upload to the bucket would start the workflow, the documents' as well.
        let message = "it is empty: every object of the bucket would be taken for a manifest";
        return Err(Fault::new("config/key-prefix", message, "write a prefix such as manifests/"));
    }
    if value.starts_with('/') {
        let message = format!("\"{value}\" begins with \"/\", which no key of ours does");
        return Err(Fault::new("config/key-prefix", message, "write a prefix such as manifests/"));
    }
    if !value.ends_with('/') {
        let message = format!("\"{value}\" does not end in \"/\": manifests2/x.json would be one as well");
        return Err(Fault::new("config/key-prefix", message, "end it in \"/\""));
    }
    Ok(())
}

fn count(value: &str) -> Result<(), Fault> {
    match value.parse::<u64>() {
        Ok(1..=1000) => Ok(()),
        _ => Err(Fault::new(
            "config/count",
            format!("\"{value}\" is no number from 1 to 1000"),
            "write how many, such as 20",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_valid_and_every_spelling_follows_from_the_name() {
        for setting in SETTINGS {
            assert_eq!(setting.fault(setting.default), None, "{}", setting.name);
            assert_eq!(setting.flag, setting.name.replace('_', "-"));
            assert_eq!(setting.variable, format!("MLPP_{}", setting.name.to_uppercase()));
        }
    }
}
