/// How a task waits for what it started (Step Functions developer guide, "Discover service integration patterns").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// It does not: the answer to the request is its result.
    RequestResponse,
    /// `.sync`: the result is the description of the job at its end.
    Sync,
    /// `.sync:2`: the same, with a nested execution's output as JSON instead of text.
    Sync2,
}

/// A task's resource, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The service, as the ARN writes it: `sagemaker`, `sns`, `states`, `applicationautoscaling`.
    pub(crate) service: String,
    /// The API's action: `CreateEndpoint`.
    pub(crate) action: String,
    /// How it waits.
    pub(crate) pattern: Pattern,
    /// Whether it is one of the AWS SDK integrations, whose errors have other names than the optimised ones'.
    pub(crate) sdk: bool,
}

impl Resource {
    /// Takes `arn:aws:states:::sagemaker:createModel` or `arn:aws:states:::aws-sdk:sagemaker:createModel` apart; `None`
    /// for every other resource.
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let (_, rest) = arn.strip_prefix("arn:")?.split_once(":states:::")?;
        let (sdk, rest) = match rest.strip_prefix("aws-sdk:") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (service, call) = rest.split_once(':')?;
        let (action, pattern) = match call.split_once('.') {
            None => (call, Pattern::RequestResponse),
            Some((action, "sync")) => (action, Pattern::Sync),
            Some((action, "sync:2")) => (action, Pattern::Sync2),
            Some(_) => return None,
        };
        let (first, others) = (action.chars().next()?, action.get(1..)?);
        Some(Self {
            service: service.to_owned(),
            action: format!("{}{others}", first.to_ascii_uppercase()),
            pattern,
            sdk,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_taken_apart() {
        let parts = |arn: &str| Resource::parse(arn).map(|r| (r.service, r.action, r.pattern, r.sdk));
        assert_eq!(
            parts("arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync"),
            Some(("sagemaker".into(), "CreateHyperParameterTuningJob".into(), Pattern::Sync, false))
        );
        assert_eq!(
            parts("arn:aws:states:::aws-sdk:applicationautoscaling:registerScalableTarget"),
            Some((
                "applicationautoscaling".into(),
                "RegisterScalableTarget".into(),
                Pattern::RequestResponse,
                true
            ))
        );
        assert_eq!(
            parts("arn:aws-cn:states:::states:startExecution.sync:2"),
            Some(("states".into(), "StartExecution".into(), Pattern::Sync2, false))
        );
        for other in [
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "arn:aws:states:::",
            "x",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
