//! The SDK's types and ours.

use aws_sdk_ssm::types::{Parameter, ParameterHistory, ParameterType as SdkType};
use mlpp_parameters::{LiveParameter, ParameterName, ParameterType};
use mlpp_provider::StoreError;

/// What calls answer with: a parameter, or one of its versions.
pub(super) trait Read: Sized {
    /// Name, type, value and version, as far as they were told.
    fn parts(self) -> (Option<String>, Option<SdkType>, Option<String>, i64);

    /// The name that the service tells.
    fn name(&self) -> Option<&str>;

    /// The name, as one of ours.
    fn parsed_name(&self) -> Result<ParameterName, StoreError> {
        let name = self.name().unwrap_or_default();
        name.parse().map_err(|error| corrupt(format!("a parameter called \"{name}\": {error}")))
    }
}

impl Read for Parameter {
    fn parts(self) -> (Option<String>, Option<SdkType>, Option<String>, i64) {
        (self.name, self.r#type, self.value, self.version)
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Read for ParameterHistory {
    fn parts(self) -> (Option<String>, Option<SdkType>, Option<String>, i64) {
        (self.name, self.r#type, self.value, self.version)
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// A parameter as the port tells it: without the value of a secret, which is ciphertext here.
pub(super) fn live(read: impl Read) -> Result<LiveParameter, StoreError> {
    let name = read.parsed_name()?;
    let (_, parameter_type, value, number) = read.parts();
    let parameter_type = parameter_type.as_ref().and_then(ours).ok_or_else(|| {
        corrupt(format!("the parameter \"{name}\" is of the unknown type {parameter_type:?}"))
    })?;
    let value = match parameter_type {
        ParameterType::SecureString => String::new(),
        ParameterType::String | ParameterType::StringList => value.unwrap_or_default(),
    };
    Ok(LiveParameter { name, parameter_type, value, version: version(number)? })
}

/// The version that the service tells, from 1.
pub(super) fn version(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| corrupt(format!("the version {number}")))
}

pub(super) fn is_secret(parameter: &Parameter) -> bool {
    parameter.r#type == Some(SdkType::SecureString)
}

/// Our type of that name; `None` for one that the service may have by now.
pub(super) fn ours(parameter_type: &SdkType) -> Option<ParameterType> {
    match parameter_type {
        SdkType::String => Some(ParameterType::String),
        SdkType::StringList => Some(ParameterType::StringList),
        SdkType::SecureString => Some(ParameterType::SecureString),
        _ => None,
    }
}

pub(super) fn theirs(parameter_type: ParameterType) -> SdkType {
    match parameter_type {
        ParameterType::String => SdkType::String,
        ParameterType::StringList => SdkType::StringList,
        ParameterType::SecureString => SdkType::SecureString,
    }
}

fn corrupt(what: String) -> StoreError {
    StoreError::Corrupt(what.into())
}
