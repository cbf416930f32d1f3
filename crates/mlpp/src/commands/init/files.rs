//! The files of a new project. Values come into them through serialisation alone: whatever a value is, it changes nothing else.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::values::Values;
use crate::config::{FILE, SETTINGS};
use crate::error::CommandError;

/// The files, in the order in which a reader wants to see them.
pub(super) const NAMES: [&str; 4] = ["ml-parameters.json", "hyperparameters.json", "manifest.json", FILE];

/// What is in each of them.
///
/// # Errors
/// A value cannot be written as JSON.
pub(super) fn of(values: &Values) -> Result<Vec<(&'static str, String)>, CommandError> {
    let texts = [
        pretty(&parameters(values))?,
        pretty(&hyperparameters())?,
        pretty(&manifest(values))?,
        settings(values),
    ];
    Ok(NAMES.into_iter().zip(texts).collect())
}

fn pretty(value: &Value) -> Result<String, CommandError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| CommandError::failed("write JSON", error))?;
    Ok(text + "\n")
}

/// AWS General Reference, "Amazon Resource Names": the partition follows from the region.
fn partition(region: &str) -> &'static str {
    match region.split('-').take(2).collect::<Vec<_>>().as_slice() {
        ["cn", ..] => "aws-cn",
        ["us", "gov"] => "aws-us-gov",
        _ => "aws",
    }
}

fn parameters(values: &Values) -> Value {
    let Values { account, region, bucket, training, hosting } = values;
    let partition = partition(region);
    json!({
        "tuningJobName": "model-tuning",
        "tuningStrategy": "Bayesian",
        "algorithmARN": format!("arn:{partition}:sagemaker:{region}:{account}:algorithm/my-algorithm"),
        "maxParallelTrainingJobs": 2,
        "maxNumberOfTrainingJobs": 10,
        "inputContentType": "text/csv",
        "trainingJobDefinitionName": "training-job-def-0",
        "enableManagedSpotTraining": true,
        "spotTrainingCheckpointS3Uri": format!("s3://{bucket}/checkpoints/"),
        "trainingInstanceType": "ml.c5.2xlarge",
        "trainingInstanceVolumeSizeInGB": 30,
        "trainingJobEarlyStoppingType": "Auto",
        "endpointName": "model-endpoint",
        "model": {
            "artifactType": "MOJO",
            "artifactsS3OutputPath": format!("s3://{bucket}/model-artifacts/"),
            "name": "model",
            "trainingSecurityGroupIds": training.security_groups,
            "trainingSubnets": training.subnets,
            "hosting": {
                "initialInstanceCount": "1",
                "instanceType": "ml.c5.2xlarge",
                "securityGroupIds": hosting.security_groups,
                "subnets": hosting.subnets,
            },
        },
        "autoscalingMinCapacity": 1,
        "autoscalingMaxCapacity": 4,
        "targetTrackingScalingPolicyConfiguration": {
            "DisableScaleIn": true,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
            "TargetValue": 5000,
        },
    })
}

fn hyperparameters() -> Value {
    let range = |name: &str, min: &str, max: &str, scaling: &str| json!({"Name": name, "MinValue": min, "MaxValue": max, "ScalingType": scaling});
    json!({
        "parameterRanges": {
            "IntegerParameterRanges": [range("max_depth", "3", "7", "Linear")],
            "ContinuousParameterRanges": [range("learn_rate", "0.001", "0.3", "Logarithmic")],
            "CategoricalParameterRanges": [],
        },
        "staticHyperParameters": {"seed": "1"},
    })
}

fn manifest(values: &Values) -> Value {
    let channel = |name: &str| {
        json!({
            "channelName": name,
            "s3DataSource": {
                "AttributeNames": [],
                "S3DataDistributionType": "FullyReplicated",
                "S3DataType": "S3Prefix",
                "S3Uri": format!("s3://{}/{name}/", values.bucket),
            },
        })
    };
    json!({"channels": [channel("training"), channel("validation")]})
}

/// `mlpp.toml`: every setting with what it is.
fn settings(values: &Values) -> String {
    let mut text = "# The settings of this project. A flag (--environment) or a variable (MLPP_ENVIRONMENT) overrides one for a\n\
                    # call; `mlpp show --config` tells where each came from.\n"
        .to_owned();
    // Writing to a text cannot fail.
    for setting in SETTINGS {
        let value = if setting.name.ends_with("_bucket_name") { &values.bucket } else { setting.default };
        let value = match value.parse::<i64>() {
            Ok(number) => toml::Value::Integer(number),
            Err(_) => toml::Value::String(value.to_owned()),
        };
        let _ = write!(text, "\n# {}.\n", setting.about);
        if !setting.choices.is_empty() {
            let _ = writeln!(text, "# One of {}.", setting.choices.join(", "));
        }
        let _ = writeln!(text, "{} = {value}", setting.name);
    }
    let buckets = toml::Value::Array(vec![toml::Value::String(values.bucket.clone())]);
    let _ = write!(
        text,
        "\n# The buckets in which the documents and manifests may name objects.\nbuckets = {buckets}\n"
    );
    text.push_str(MORE);
    text
}

/// What a project can have beside the settings that are one value.
const MORE: &str = r#"
# What a run on this machine needs beside: files that declare the algorithms.
# algorithms = ["algorithm.toml"]

# Environments: what is laid over the documents, and settings that differ.
# [environments.production]
# overlays = ["production.json"]
# parameter_store_path = "/ml-project/production"

# Secrets: where their values are read, by their places in the documents. No secret is in a file of the project.
# [secrets]
# "/reporting/token" = "env:REPORTING_TOKEN"

# The objects of the local buckets, and the files they are copied from.
# [data]
# "s3://bucket/training/train.csv" = "data/train.csv"

# What the endpoint is asked at the end of a run.
# [predict]
# file = "data/rows.csv"
"#;

#[cfg(test)]
mod tests {
    use super::super::values::Network;
    use super::*;

    #[test]
    fn a_value_changes_nothing_but_itself() {
        let hostile = "x\" | .model.name |= \"injected\n[predict]";
        let list = vec![hostile.to_owned()];
        let network = Network { security_groups: list.clone(), subnets: list };
        let values = |text: &str| Values {
            account: text.to_owned(),
            region: text.to_owned(),
            bucket: text.to_owned(),
            training: network.clone(),
            hosting: network.clone(),
        };
        let files = of(&values(hostile)).unwrap();
        let parameters: Value = serde_json::from_str(&files[0].1).unwrap();
        assert_eq!(parameters["model"]["name"], "model");
        assert_eq!(parameters["model"]["trainingSubnets"][0], hostile);
        let settings: toml::Table = files[3].1.parse().unwrap();
        assert_eq!(settings["manifest_s3_bucket_name"].as_str(), Some(hostile));
        assert!(!settings.contains_key("predict"));
    }

    #[test]
    fn the_partition_follows_from_the_region() {
        for (region, name) in
            [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
        {
            assert_eq!(partition(region), name);
        }
    }
}
