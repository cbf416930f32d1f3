use mlpp_sagemaker::ServiceError;

use super::resource::Resource;

/// Name and cause that a task gets for a service's error, as Step Functions writes them.
///
/// The optimised integrations raise one error for everything a service answers; the AWS SDK integrations name the
/// exception if the service's model has it, and else the service's general one (Step Functions developer guide, "Error
/// names" and "AWS SDK service integrations").
pub(super) fn name_and_cause(
    resource: &Resource,
    error: &ServiceError,
    request_id: &str,
) -> (String, String) {
    let service = if resource.sdk { sdk_name(&resource.service) } else { optimised_name(&resource.service) };
    let ServiceError { code, message, http_status, .. } = error;
    if resource.sdk {
        let exception = match code.as_str() {
            "ValidationException" if service == "SageMaker" => "SageMakerException".to_owned(),
            code if code.ends_with("Exception") => code.to_owned(),
            code => format!("{code}Exception"),
        };
        let cause =
            format!("{message} (Service: {service}, Status Code: {http_status}, Request ID: {request_id})");
        return (format!("{service}.{exception}"), cause);
    }
    let client = format!("Amazon{service}");
    let exception =
        if service == "SageMaker" { "AmazonSageMakerException".to_owned() } else { with_suffix(code) };
    let cause = format!(
        "{message} (Service: {client}; Status Code: {http_status}; Error Code: {code}; Request ID: {request_id}; \
         Proxy: null)"
    );
    (format!("{service}.{exception}"), cause)
}

fn with_suffix(code: &str) -> String {
    if code.ends_with("Exception") { code.to_owned() } else { format!("{code}Exception") }
}

fn sdk_name(service: &str) -> &'static str {
    match service {
        "sagemaker" => "SageMaker",
        "applicationautoscaling" => "ApplicationAutoScaling",
        "sns" => "Sns",
        _ => "Service",
    }
}

fn optimised_name(service: &str) -> &'static str {
    match service {
        "sns" => "SNS",
        other => sdk_name(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(arn: &str, code: &str) -> (String, String) {
        let error = ServiceError { code: code.into(), message: "No.".into(), http_status: 400, model: None };
        name_and_cause(&Resource::parse(arn).unwrap(), &error, "r-1")
    }

    #[test]
    fn an_sdk_integration_names_the_exception() {
        let (name, cause) =
            named("arn:aws:states:::aws-sdk:sagemaker:describeEndpoint", "ValidationException");
        assert_eq!(name, "SageMaker.SageMakerException");
        assert_eq!(cause, "No. (Service: SageMaker, Status Code: 400, Request ID: r-1)");
        let (name, _) = named("arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob", "ResourceNotFound");
        assert_eq!(name, "SageMaker.ResourceNotFoundException");
        let scaling = "arn:aws:states:::aws-sdk:applicationautoscaling:putScalingPolicy";
        assert_eq!(
            named(scaling, "ObjectNotFoundException").0,
            "ApplicationAutoScaling.ObjectNotFoundException"
        );
    }

    #[test]
    fn an_optimised_integration_has_one_error_for_sagemaker() {
        let (name, cause) = named("arn:aws:states:::sagemaker:createModel", "ValidationException");
        assert_eq!(name, "SageMaker.AmazonSageMakerException");
        assert_eq!(
            cause,
            "No. (Service: AmazonSageMaker; Status Code: 400; Error Code: ValidationException; Request ID: r-1; \
             Proxy: null)"
        );
        assert_eq!(
            named("arn:aws:states:::sns:publish", "InvalidParameter").0,
            "SNS.InvalidParameterException"
        );
    }
}
