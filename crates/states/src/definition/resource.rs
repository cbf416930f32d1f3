//! What a Task's `Resource` names.

use std::sync::Arc;

/// A Task's target, as the history reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A function by its ARN; the history has `LambdaFunction…` events.
    Lambda,
    /// An activity, which a worker polls; the history has `Activity…` events.
    Activity,
    /// An integration, `arn:aws:states:::<service>:<action>`; the history has `Task…` events.
    Integration {
        /// `sqs`, `aws-sdk:s3`, …
        service: Arc<str>,
        /// `sendMessage.waitForTaskToken`, …
        action: Arc<str>,
        pattern: Pattern,
    },
}

/// When an integration's task is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// When the call returns.
    RequestResponse,
    /// When the job that the call started is over (`.sync`, `.sync:2`).
    Job,
    /// When someone returns the task token (`.waitForTaskToken`).
    Callback,
}

impl Resource {
    /// Classifies a resource. A name that is neither an integration nor a function is taken for an activity's.
    pub(crate) fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.splitn(7, ':').collect();
        match parts.as_slice() {
            ["arn", _, "states", "", "", "aws-sdk", rest] => {
                let (service, action) = rest.split_once(':').unwrap_or((rest, ""));
                Self::integration(&format!("aws-sdk:{service}"), action)
            }
            ["arn", _, "states", "", "", service, action] => Self::integration(service, action),
            ["arn", _, "lambda", ..] => Self::Lambda,
            _ => Self::Activity,
        }
    }

    fn integration(service: &str, action: &str) -> Self {
        let pattern = match action.split_once('.').map(|(_, suffix)| suffix) {
            Some("waitForTaskToken") => Pattern::Callback,
            Some(suffix) if suffix == "sync" || suffix.starts_with("sync:") => Pattern::Job,
            _ => Pattern::RequestResponse,
        };
        Self::Integration { service: Arc::from(service), action: Arc::from(action), pattern }
    }

    pub(crate) fn pattern(&self) -> Pattern {
        match self {
            Self::Integration { pattern, .. } => *pattern,
            Self::Lambda | Self::Activity => Pattern::RequestResponse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_the_history_does() {
        let integration = |service: &str, action: &str, pattern| Resource::Integration {
            service: service.into(),
            action: action.into(),
            pattern,
        };
        for (text, expected) in [
            ("arn:aws:states:::lambda:invoke", integration("lambda", "invoke", Pattern::RequestResponse)),
            (
                "arn:aws:states:::aws-sdk:s3:getObject",
                integration("aws-sdk:s3", "getObject", Pattern::RequestResponse),
            ),
            (
                "arn:aws:states:::states:startExecution.sync:2",
                integration("states", "startExecution.sync:2", Pattern::Job),
            ),
            (
                "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
                integration("sagemaker", "createHyperParameterTuningJob.sync", Pattern::Job),
            ),
            (
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                integration("sqs", "sendMessage.waitForTaskToken", Pattern::Callback),
            ),
            ("arn:aws:lambda:us-east-1:111111111111:function:f:1", Resource::Lambda),
            ("arn:aws:states:us-east-1:111111111111:activity:a", Resource::Activity),
        ] {
            assert_eq!(Resource::parse(text), expected, "{text}");
        }
    }
}
