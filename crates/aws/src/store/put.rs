//! Writing a parameter once, whatever happens on the way.

use aws_sdk_ssm::types::{Parameter, ParameterTier, ResourceTypeForTagging, Tag};
use mlpp_parameters::{ParameterName, ParameterType};
use mlpp_provider::{Clock, PutParameter, StoreError};

use super::convert::{ours, theirs, version};
use super::{AwsParameterStore, unavailable};
use crate::failure::{CallError, Remedy};
use crate::pace::Lane;

/// The most characters of a value in the Standard tier (`PutParameter`, member `Value`: 4 KB).
const STANDARD_CHARACTERS: usize = 4096;
/// What `PutParameter` says to a Standard value of a parameter that is Advanced; only a delete makes it Standard again.
const NO_WAY_BACK: &str = "downgrade";
/// The codes of `PutParameter` that are about the parameter or its value, and are told as they are.
const REFUSALS: [&str; 9] = [
    "ValidationException",
    "ParameterPatternMismatchException",
    "UnsupportedParameterType",
    "InvalidAllowedPatternException",
    "InvalidKeyId",
    "ParameterLimitExceeded",
    "ParameterMaxVersionLimitExceeded",
    "HierarchyLevelLimitExceededException",
    "HierarchyTypeMismatchException",
];

impl<C: Clock> AwsParameterStore<C> {
    pub(super) async fn put_parameter(&self, put: &PutParameter) -> Result<u64, StoreError> {
        if self.tags.is_empty() {
            return self.write(put, put.overwrite, &[]).await;
        }
        // Tags and overwriting exclude each other: what may be new is created with its tags first.
        if !put.overwrite || !self.seen_names().contains(&put.name) {
            match self.write(put, false, &self.tags).await {
                Err(StoreError::AlreadyExists(_)) if put.overwrite => {}
                Ok(version) => {
                    self.see([&put.name]);
                    return Ok(version);
                }
                other => return other,
            }
        }
        let version = self.write(put, true, &[]).await?;
        self.see([&put.name]);
        if version == 1 {
            // Somebody deleted it meanwhile.
            self.tag(&put.name).await?;
        }
        Ok(version)
    }

    /// Writes until it is known whether the value landed.
    async fn write(&self, put: &PutParameter, overwrite: bool, tags: &[Tag]) -> Result<u64, StoreError> {
        let mut attempts = self.pace.attempts(Lane::Put);
        let mut tier = tier(&put.value);
        loop {
            let permit = attempts.permit().await;
            let error = match self.send(put, overwrite, tags, &tier).await {
                Ok(version) => {
                    attempts.accepted(permit);
                    return Ok(version);
                }
                Err(error) => error,
            };
            if tier == ParameterTier::Standard && is_downgrade(&error) {
                attempts.accepted(permit);
                tier = ParameterTier::Advanced;
                continue;
            }
            match attempts.failed(permit, error).await {
                Ok(Remedy::TryAgain) => {
                    // Writing it again would make another version of it. Where it cannot be read, that is the lesser evil.
                    if let Ok(Some(found)) = self.live(&put.name, true).await
                        && found.value.as_deref() == Some(&put.value)
                        && found.r#type.as_ref().and_then(ours) == Some(put.parameter_type)
                    {
                        return version(found.version);
                    }
                }
                Ok(Remedy::SlowDown | Remedy::None) => {}
                Err(error) => return Err(self.refusal(put, error).await),
            }
        }
    }

    /// One call of `PutParameter`.
    async fn send(
        &self,
        put: &PutParameter,
        overwrite: bool,
        tags: &[Tag],
        tier: &ParameterTier,
    ) -> Result<u64, CallError> {
        let secret = put.parameter_type == ParameterType::SecureString;
        let answer = self
            .client
            .put_parameter()
            .name(put.name.as_str())
            .r#type(theirs(put.parameter_type))
            .value(&put.value)
            .overwrite(overwrite)
            .tier(tier.clone())
            .set_key_id(self.key_id.clone().filter(|_| secret))
            .set_tags((!tags.is_empty()).then(|| tags.to_vec()))
            .send()
            .await
            .map_err(|error| {
                let error = CallError::from(error);
                if secret { error.without(&put.value) } else { error }
            })?;
        version(answer.version).map_err(|error| CallError::NoAnswer(error.to_string()))
    }

    /// What it means that the service does not take a parameter.
    async fn refusal(&self, put: &PutParameter, error: CallError) -> StoreError {
        let code = match &error {
            CallError::Refused { code, .. } => code.as_str(),
            CallError::NoAnswer(_) | CallError::NotSent(_) => return unavailable(error),
        };
        let exists = code == "ParameterAlreadyExists";
        if !exists && !REFUSALS.contains(&code) {
            return unavailable(error);
        }
        let found = match self.live(&put.name, false).await {
            Ok(found) => found,
            Err(error) => return unavailable(error),
        };
        match found.map(|found| found.r#type) {
            // The name is taken, and there is nothing of that name: it was deleted a moment ago.
            None if exists => StoreError::TooSoon(put.name.clone()),
            Some(_) if exists => StoreError::AlreadyExists(put.name.clone()),
            Some(Some(found)) if ours(&found).is_some_and(|found| found != put.parameter_type) => {
                let from = ours(&found).map_or("parameter of another type", ParameterType::as_str);
                StoreError::TypeChange { name: put.name.clone(), from }
            }
            _ => StoreError::Refused { name: put.name.clone(), reason: error.to_string() },
        }
    }

    /// The parameter as it is, if it is.
    async fn live(&self, name: &ParameterName, decrypt: bool) -> Result<Option<Parameter>, CallError> {
        Ok(self.page(vec![name.as_str().to_owned()], decrypt).await?.pop())
    }

    async fn tag(&self, name: &ParameterName) -> Result<(), StoreError> {
        self.pace
            .call(Lane::Other, || {
                let request = self.client.add_tags_to_resource().resource_id(name.as_str());
                let request = request.resource_type(ResourceTypeForTagging::Parameter);
                let request = request.set_tags(Some(self.tags.to_vec()));
                async { request.send().await.map_err(CallError::from) }
            })
            .await
            .map(|_| ())
            .map_err(unavailable)
    }
}

/// The tier that a value needs: Advanced parameters are charged for.
fn tier(value: &str) -> ParameterTier {
    if value.chars().count() > STANDARD_CHARACTERS {
        ParameterTier::Advanced
    } else {
        ParameterTier::Standard
    }
}

fn is_downgrade(error: &CallError) -> bool {
    matches!(error, CallError::Refused { code, message, .. }
        if code == "ValidationException" && message.contains(NO_WAY_BACK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_advanced_only_where_it_must_be() {
        assert_eq!(tier(&"ü".repeat(4096)), ParameterTier::Standard);
        assert_eq!(tier(&"x".repeat(4097)), ParameterTier::Advanced);
    }
}
