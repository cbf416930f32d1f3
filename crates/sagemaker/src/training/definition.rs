//! What `CreateTrainingJob` and a tuning job's training job definitions have in common.

use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::checkpoints::{self, Checkpoint};
use crate::algorithm::{Algorithm, Metric};
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::request::{CHANNEL_NAME, Checks, Node, ROLE_ARN, S3_URI, Text};

/// A training job before it has a name and values.
#[derive(Clone, Debug)]
pub(crate) struct TrainingDefinition {
    pub(crate) algorithm: Algorithm,
    /// The algorithm's metrics, and those which the request defines.
    pub(crate) metrics: Vec<Metric>,
    pub(crate) channels: Vec<Channel>,
    /// The S3 URI below which a folder for each job's output appears.
    pub(crate) output: String,
    /// Variables from the request.
    pub(crate) environment: Map<String, Value>,
    pub(crate) max_runtime: Duration,
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Whether channels that several instances would share are whole on this one.
    pub(crate) sharded_locally: bool,
    /// The members that Describe repeats.
    pub(crate) described: Map<String, Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) name: String,
    pub(crate) uri: String,
    /// Whether the object at `uri` lists the channel's objects; else it is their prefix.
    pub(crate) manifest: bool,
    /// The channel's entry of `inputdataconfig.json`.
    pub(crate) config: Value,
}

/// What the service takes when a request has no `MaxRuntimeInSeconds`.
const DEFAULT_MAX_RUNTIME: i64 = 86_400;

/// The members of a definition with a meaning here; see [`not_simulated`](crate::not_simulated).
pub(crate) const SIMULATED: [&str; 19] = [
    "AlgorithmSpecification.AlgorithmName",
    "AlgorithmSpecification.TrainingImage",
    "AlgorithmSpecification.TrainingInputMode",
    "AlgorithmSpecification.MetricDefinitions",
    "InputDataConfig[].ChannelName",
    "InputDataConfig[].CompressionType",
    "InputDataConfig[].ContentType",
    "InputDataConfig[].InputMode",
    "InputDataConfig[].RecordWrapperType",
    "InputDataConfig[].DataSource.S3DataSource.S3DataType",
    "InputDataConfig[].DataSource.S3DataSource.S3Uri",
    SHARDED,
    "OutputDataConfig.S3OutputPath",
    "StoppingCondition.MaxRuntimeInSeconds",
    "CheckpointConfig.S3Uri",
    "CheckpointConfig.LocalPath",
    "Environment",
    "RoleArn",
    "Tags",
];

/// Without several instances there is nothing to share.
pub(crate) const SHARDED: &str = "InputDataConfig[].DataSource.S3DataSource.S3DataDistributionType";

const DESCRIBED: [&str; 13] = [
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "Environment",
    "RetryStrategy",
];

impl TrainingDefinition {
    /// Reads the definition at `node`; what is wrong with its form goes to `checks`. Nothing when it is unreadable.
    pub(crate) fn read(
        platform: &Platform,
        checks: &mut Checks,
        node: &Node<'_>,
    ) -> Result<Option<Self>, ServiceError> {
        let specification = checks.required_object(node, "AlgorithmSpecification");
        let mut metrics = Vec::new();
        let mut named = (None, None);
        if let Some(specification) = &specification {
            checks.required_text(
                specification,
                "TrainingInputMode",
                Text::one_of(&["Pipe", "File", "FastFile"]),
            );
            named = (
                checks.text(specification, "AlgorithmName", Text::filled(170)),
                checks.text(specification, "TrainingImage", Text::filled(255)),
            );
            for metric in checks.list(specification, "MetricDefinitions", 0, 40) {
                let name = checks.required_text(&metric, "Name", Text::filled(255));
                let regex = checks.required_text(&metric, "Regex", Text::filled(500));
                metrics.extend(name.zip(regex));
            }
        }
        checks.required_text(node, "RoleArn", ROLE_ARN);
        let channels = channels(checks, node);
        let output = checks.required_object(node, "OutputDataConfig");
        let output = output.and_then(|output| checks.required_text(&output, "S3OutputPath", S3_URI));
        let mut instances = 1;
        if let Some(resources) = checks.object(node, "ResourceConfig") {
            instances = checks.integer(&resources, "InstanceCount", 0, i64::MAX).unwrap_or(1);
            checks.integer(&resources, "VolumeSizeInGB", 0, i64::MAX);
            checks.text(&resources, "InstanceType", Text::filled(64));
        }
        let stopping = checks.required_object(node, "StoppingCondition");
        let max_runtime = stopping
            .and_then(|stopping| checks.integer(&stopping, "MaxRuntimeInSeconds", 1, i64::MAX))
            .unwrap_or(DEFAULT_MAX_RUNTIME);
        let environment = checks.map(node, "Environment");
        let checkpoint = checkpoint(checks, node);
        let (Some(specification), Some(output)) = (specification, output) else { return Ok(None) };

        let algorithm = match named {
            (Some(name), None) => platform.algorithm(name)?,
            (None, Some(image)) => platform.algorithm_of_image(image)?,
            _ => {
                return Err(ServiceError::validation(
                    "AlgorithmSpecification must have exactly one of AlgorithmName and TrainingImage.",
                ));
            }
        };
        let mut all = algorithm.metrics.clone();
        for (name, text) in metrics {
            let regex = Regex::new(text).map_err(|error| {
                ServiceError::validation(format!(
                    "Regex of the metric definition {name} is not valid: {error}"
                ))
            })?;
            if regex.captures_len() < 2 {
                return Err(ServiceError::validation(format!(
                    "Regex of the metric definition {name} has no group around the metric's value."
                )));
            }
            all.retain(|metric| metric.name != name);
            all.push(Metric { name: name.to_owned(), regex });
        }
        check_supported(&specification, node)?;
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = channels.iter().find(|channel| !seen.insert(channel.name.as_str())) {
            return Err(ServiceError::validation(format!(
                "Channel name {} is used more than once.",
                twice.name
            )));
        }
        let sharded = |channel: &Channel| channel.config["S3DistributionType"] == "ShardedByS3Key";
        let described = DESCRIBED
            .iter()
            .filter_map(|&name| Some((name.to_owned(), node.value.get(name)?.clone())))
            .collect();
        Ok(Some(Self {
            algorithm: algorithm.clone(),
            metrics: all,
            checkpoint: checkpoint?,
            sharded_locally: instances > 1 && channels.iter().any(sharded),
            channels,
            output: output.to_owned(),
            environment,
            max_runtime: Duration::from_secs(max_runtime.unsigned_abs()),
            described,
        }))
    }
}

fn channels(checks: &mut Checks, node: &Node<'_>) -> Vec<Channel> {
    let mut channels = Vec::new();
    for channel in checks.list(node, "InputDataConfig", 1, 20) {
        let name = checks.required_text(&channel, "ChannelName", CHANNEL_NAME);
        let content_type = checks.text(&channel, "ContentType", Text::any(256));
        checks.text(&channel, "CompressionType", Text::one_of(&["None", "Gzip"]));
        checks.text(&channel, "RecordWrapperType", Text::one_of(&["None", "RecordIO"]));
        checks.text(&channel, "InputMode", Text::one_of(&["Pipe", "File", "FastFile"]));
        let Some(source) = checks.required_object(&channel, "DataSource") else { continue };
        let Some(source) = checks.object(&source, "S3DataSource") else { continue };
        let types = Text::one_of(&["ManifestFile", "S3Prefix", "AugmentedManifestFile", "Converse"]);
        let kind = checks.required_text(&source, "S3DataType", types);
        let uri = checks.required_text(&source, "S3Uri", S3_URI);
        let distribution = checks.text(
            &source,
            "S3DataDistributionType",
            Text::one_of(&["FullyReplicated", "ShardedByS3Key"]),
        );
        if let (Some(name), Some(uri)) = (name, uri) {
            let mut config = json!({
                "S3DistributionType": distribution.unwrap_or("FullyReplicated"),
                "TrainingInputMode": "File",
                "RecordWrapperType": "None",
            });
            if let Some(content_type) = content_type {
                config["ContentType"] = json!(content_type);
            }
            let manifest = kind == Some("ManifestFile");
            channels.push(Channel { name: name.to_owned(), uri: uri.to_owned(), manifest, config });
        }
    }
    channels
}

fn checkpoint(checks: &mut Checks, node: &Node<'_>) -> Result<Option<Checkpoint>, ServiceError> {
    let Some(config) = checks.object(node, "CheckpointConfig") else { return Ok(None) };
    let uri = checks.required_text(&config, "S3Uri", S3_URI);
    let path = checks.text(&config, "LocalPath", Text::any(4096)).unwrap_or("/opt/ml/checkpoints");
    let Some(local) = checkpoints::local_folder(path) else {
        return Err(ServiceError::validation(format!(
            "LocalPath {path} of CheckpointConfig is not supported on this machine: it must be a folder of its own \
             below /opt/ml, such as /opt/ml/checkpoints, which stands for the job's folder."
        )));
    };
    Ok(uri.map(|uri| Checkpoint { uri: uri.to_owned(), local }))
}

/// What a request can ask of the service but not of this machine, and cannot be passed over.
fn check_supported(specification: &Node<'_>, node: &Node<'_>) -> Result<(), ServiceError> {
    let refuse =
        |what: &str| Err(ServiceError::validation(format!("{what} is not supported on this machine.")));
    let is = |value: Option<&Value>, text: &str| value.and_then(Value::as_str) == Some(text);
    if is(specification.value.get("TrainingInputMode"), "Pipe") {
        return refuse("TrainingInputMode Pipe");
    }
    let channels = node.value.get("InputDataConfig").and_then(Value::as_array).into_iter().flatten();
    for channel in channels {
        if is(channel.get("InputMode"), "Pipe") {
            return refuse("InputMode Pipe");
        }
        if is(channel.get("CompressionType"), "Gzip") {
            return refuse("CompressionType Gzip");
        }
        if is(channel.get("RecordWrapperType"), "RecordIO") {
            return refuse("RecordWrapperType RecordIO");
        }
        let Some(source) = channel.pointer("/DataSource/S3DataSource") else {
            return refuse("A data source other than S3DataSource");
        };
        let kind = source.get("S3DataType").and_then(Value::as_str).unwrap_or_default();
        if !["S3Prefix", "ManifestFile"].contains(&kind) {
            return Err(ServiceError::validation(format!(
                "S3DataType {kind} is not supported on this machine. Use S3Prefix or ManifestFile."
            )));
        }
    }
    Ok(())
}
