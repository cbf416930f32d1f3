use mlpp_parameters::ParameterType;

use crate::{PutParameter, StoreError};

/// The most bytes that a value may have (`PutParameter`, member `Value`: 8 KB in the Advanced tier).
const MAX_VALUE_BYTES: usize = 8192;

/// The rules of Parameter Store that a value must keep, for back ends that stand in for it.
///
/// # Errors
/// [`StoreError::Refused`] with the rule.
pub fn check_put(parameter: &PutParameter) -> Result<(), StoreError> {
    let value = &parameter.value;
    let reason = if value.is_empty() {
        "a value must not be empty".to_owned()
    } else if value.len() > MAX_VALUE_BYTES {
        format!("the value has {} bytes; at most {MAX_VALUE_BYTES} are allowed", value.len())
    } else if value.contains("{{") {
        "a value must not contain \"{{\"".to_owned()
    } else if parameter.parameter_type == ParameterType::StringList && value.split(',').any(str::is_empty) {
        "an item of a StringList must not be empty".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Refused { name: parameter.name.clone(), reason })
}
