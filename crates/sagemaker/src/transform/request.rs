//! Reading `CreateTransformJob`.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::ServiceError;
use crate::platform::Platform;
use crate::request::{Checks, NAME, Node, S3_URI, Text};

/// A transform job to run.
#[derive(Clone, Debug)]
pub(super) struct TransformJob {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) model: String,
    pub(super) input: Input,
    /// The S3 URI below which the output of each object appears.
    pub(super) output: String,
    pub(super) accept: Option<String>,
    /// Whether every record of the output ends with a newline.
    pub(super) lines: bool,
    /// Variables from the request.
    pub(super) environment: Map<String, Value>,
    /// What the request leaves to the model's program.
    pub(super) asked: Parameters,
    pub(super) invocation_timeout: Duration,
    pub(super) retries: u32,
}

/// Where the input lies and how it is read.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) uri: String,
    /// Whether the object at `uri` lists the objects; else it is their prefix.
    pub(super) manifest: bool,
    pub(super) content_type: Option<String>,
    pub(super) gzip: bool,
    /// Whether each line is a record; else each object is one.
    pub(super) by_line: bool,
}

/// What a program may say for itself on `/execution-parameters` where the request says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parameters {
    pub(super) concurrent: Option<usize>,
    /// In megabytes; 0 is without a limit.
    pub(super) payload: Option<u64>,
    /// Whether a request to the program has one record only.
    pub(super) single: Option<bool>,
}

/// The members with a meaning here; see [`not_simulated`](crate::not_simulated).
pub(super) const SIMULATED: [&str; 12] = [
    "TransformJobName",
    "ModelName",
    "MaxConcurrentTransforms",
    "ModelClientConfig",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "TransformInput",
    "TransformOutput.S3OutputPath",
    "TransformOutput.Accept",
    "TransformOutput.AssembleWith",
    "Tags",
];

impl TransformJob {
    pub(super) fn read(platform: &Platform, request: &Value) -> Result<Self, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "TransformJobName", NAME);
        let model = checks.required_text(&root, "ModelName", NAME);
        let concurrent = checks.integer(&root, "MaxConcurrentTransforms", 0, i64::MAX);
        let payload = checks.integer(&root, "MaxPayloadInMB", 0, i64::MAX);
        let strategy = checks.text(&root, "BatchStrategy", Text::one_of(&["MultiRecord", "SingleRecord"]));
        let environment = checks.map(&root, "Environment");
        let input =
            checks.required_object(&root, "TransformInput").and_then(|node| input(&mut checks, &node));
        let (mut output, mut accept, mut lines) = (None, None, false);
        if let Some(node) = checks.required_object(&root, "TransformOutput") {
            output = checks.required_text(&node, "S3OutputPath", S3_URI);
            accept = checks.text(&node, "Accept", Text::any(256));
            lines = checks.text(&node, "AssembleWith", Text::one_of(&["None", "Line"])) == Some("Line");
        }
        if let Some(resources) = checks.required_object(&root, "TransformResources") {
            checks.required_text(&resources, "InstanceType", Text::filled(64));
            checks.required_integer(&resources, "InstanceCount", 1, i64::MAX);
        }
        let (mut timeout, mut retries) = (None, None);
        if let Some(client) = checks.object(&root, "ModelClientConfig") {
            timeout = checks.integer(&client, "InvocationsTimeoutInSeconds", 1, 3600);
            retries = checks.integer(&client, "InvocationsMaxRetries", 0, 3);
        }
        checks.finish()?;
        check_supported(request)?;
        check_size(concurrent, payload, environment.len())?;
        let (Some(name), Some(model), Some(input), Some(output)) = (name, model, input, output) else {
            return Err(ServiceError::validation("The request cannot be read."));
        };
        Ok(Self {
            name: name.to_owned(),
            arn: platform.arns.sagemaker("transform-job", name),
            model: model.to_owned(),
            input,
            output: output.to_owned(),
            accept: accept.map(str::to_owned),
            lines,
            environment,
            asked: Parameters {
                // 0 is as good as nothing.
                concurrent: concurrent
                    .and_then(|number| usize::try_from(number).ok())
                    .filter(|number| *number > 0),
                payload: payload.map(i64::unsigned_abs),
                single: strategy.map(|strategy| strategy == "SingleRecord"),
            },
            invocation_timeout: Duration::from_secs(timeout.map_or(600, i64::unsigned_abs)),
            retries: retries.and_then(|retries| u32::try_from(retries).ok()).unwrap_or(3),
        })
    }
}

fn input(checks: &mut Checks, node: &Node<'_>) -> Option<Input> {
    let content_type = checks.text(node, "ContentType", Text::any(256));
    let gzip = checks.text(node, "CompressionType", Text::one_of(&["None", "Gzip"])) == Some("Gzip");
    let split = checks.text(node, "SplitType", Text::one_of(&["None", "Line", "RecordIO", "TFRecord"]));
    let source = checks.required_object(node, "DataSource")?;
    let source = checks.required_object(&source, "S3DataSource")?;
    let types = Text::one_of(&["ManifestFile", "S3Prefix", "AugmentedManifestFile"]);
    let kind = checks.required_text(&source, "S3DataType", types);
    let uri = checks.required_text(&source, "S3Uri", S3_URI)?;
    Some(Input {
        uri: uri.to_owned(),
        manifest: kind == Some("ManifestFile"),
        content_type: content_type.map(str::to_owned),
        gzip,
        by_line: split == Some("Line"),
    })
}

fn check_supported(request: &Value) -> Result<(), ServiceError> {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str);
    let refused = [
        ("/TransformInput/SplitType", ["None", "Line"]),
        ("/TransformInput/DataSource/S3DataSource/S3DataType", ["S3Prefix", "ManifestFile"]),
        ("/DataProcessing/InputFilter", ["$", "$"]),
        ("/DataProcessing/OutputFilter", ["$", "$"]),
        ("/DataProcessing/JoinSource", ["None", "None"]),
    ];
    for (pointer, supported) in refused {
        if let Some(value) = text(pointer).filter(|value| !supported.contains(value)) {
            let member = pointer.rsplit('/').next().unwrap_or(pointer);
            let mut known = supported.to_vec();
            known.dedup();
            return Err(ServiceError::validation(format!(
                "{member} {value} is not supported on this machine. Use {}.",
                known.join(" or ")
            )));
        }
    }
    Ok(())
}

fn check_size(concurrent: Option<i64>, payload: Option<i64>, variables: usize) -> Result<(), ServiceError> {
    const MOST: i64 = 100;
    let payload = payload.unwrap_or(6);
    if payload > MOST {
        return Err(ServiceError::validation(format!(
            "The value of MaxPayloadInMB ({payload}) cannot be greater than {MOST} MB."
        )));
    }
    if let Some(concurrent) = concurrent
        && concurrent.saturating_mul(payload) > MOST
    {
        return Err(ServiceError::validation(format!(
            "The value of (MaxConcurrentTransforms * MaxPayloadInMB) ({concurrent} * {payload}) cannot exceed {MOST} MB."
        )));
    }
    if variables > 16 {
        return Err(ServiceError::validation(format!(
            "Environment has {variables} members, and may have at most 16."
        )));
    }
    Ok(())
}
