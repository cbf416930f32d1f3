//! What stands beside the definition in a request to make or change a state machine.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>

use serde_json::Value;

/// Longest name, in characters.
const MAX_NAME: usize = 80;
/// Characters that no name has, besides white space and control characters.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// Why `CreateStateMachine` or `UpdateStateMachine` refuses a request, whatever its definition is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The name is no name.
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    /// Logging is on, and there is no place for the log.
    #[error("Invalid Logging Configuration: {0}")]
    InvalidLoggingConfiguration(&'static str),
}

impl RequestError {
    /// The error's code in the API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => "InvalidName",
            Self::InvalidLoggingConfiguration(_) => "InvalidLoggingConfiguration",
        }
    }
}

/// Checks the members `name` and `loggingConfiguration` of a request to `CreateStateMachine` or `UpdateStateMachine`; members that are not
/// there are not asked for. `log_group_exists` is asked with the ARN of a log group.
///
/// # Errors
/// The first thing that the service would refuse.
pub fn check_request(
    request: &Value,
    log_group_exists: impl FnOnce(&str) -> bool,
) -> Result<(), RequestError> {
    if let Some(name) = request.get("name") {
        let text = name.as_str().unwrap_or_default();
        if !is_name(text) {
            return Err(RequestError::InvalidName(text.to_owned()));
        }
    }
    request.get("loggingConfiguration").map_or(Ok(()), |logging| check_logging(logging, log_group_exists))
}

fn is_name(text: &str) -> bool {
    let forbidden = |c: char| {
        c.is_whitespace() || c.is_control() || FORBIDDEN.contains(c) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    !text.is_empty() && text.chars().count() <= MAX_NAME && !text.contains(forbidden)
}

/// `LoggingConfiguration`: one log group, unless the level is `OFF`, which is the default.
fn check_logging(logging: &Value, log_group_exists: impl FnOnce(&str) -> bool) -> Result<(), RequestError> {
    use RequestError::InvalidLoggingConfiguration as Invalid;
    if matches!(logging.get("level").and_then(Value::as_str), None | Some("OFF")) {
        return Ok(());
    }
    let destinations = logging.get("destinations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [destination] = destinations else {
        return Err(Invalid("Must specify exactly one Log Destination."));
    };
    let arn = destination.pointer("/cloudWatchLogsLogGroup/logGroupArn").and_then(Value::as_str);
    if arn.is_some_and(log_group_exists) { Ok(()) } else { Err(Invalid("Log Destination not found.")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names() {
        for name in ["a", "machine_1-x", "größe", &"n".repeat(80)] {
            assert_eq!(check_request(&json!({"name": name}), |_| false), Ok(()), "{name}");
        }
        for name in ["", "a b", "a/b", "a\u{7f}b", "$x", &"n".repeat(81)] {
            let error = check_request(&json!({"name": name}), |_| false).unwrap_err();
            assert_eq!((error.code(), error), ("InvalidName", RequestError::InvalidName(name.to_owned())));
        }
    }

    #[test]
    fn logging_needs_one_log_group_that_is_there() {
        let request = |level: &str, groups: &[&str]| {
            let destinations: Vec<_> =
                groups.iter().map(|arn| json!({"cloudWatchLogsLogGroup": {"logGroupArn": arn}})).collect();
            json!({"loggingConfiguration": {"level": level, "destinations": destinations}})
        };
        let check =
            |request| check_request(&request, |arn| arn == "arn:a:*").map_err(|error| error.to_string());
        assert_eq!(check(request("ALL", &["arn:a:*"])), Ok(()));
        assert_eq!(check(request("OFF", &[])), Ok(()));
        assert_eq!(check(json!({"loggingConfiguration": {}})), Ok(()));
        let one = "Invalid Logging Configuration: Must specify exactly one Log Destination.";
        assert_eq!(check(request("ERROR", &[])), Err(one.to_owned()));
        assert_eq!(check(request("ERROR", &["arn:a:*", "arn:a:*"])), Err(one.to_owned()));
        let absent = "Invalid Logging Configuration: Log Destination not found.";
        assert_eq!(check(request("FATAL", &["arn:b:*"])), Err(absent.to_owned()));
    }
}
