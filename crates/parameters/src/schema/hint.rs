//! What a schema itself says of a value that it does not take.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value as Json;

use super::Schema;
use crate::rules::near;

impl Schema {
    /// What may have been meant, where the value is none of a few texts; else what the part of the schema that is broken
    /// says of itself in `description`. A wrong type needs no more words.
    pub(super) fn hint(&self, cause: &ValidationError<'_>) -> Option<String> {
        match cause.kind() {
            Kind::Enum { options } => {
                did_you_mean(cause.instance().as_str()?, options.as_array()?.iter().filter_map(Json::as_str))
            }
            Kind::Type { .. } => None,
            _ => {
                let description = self.part(cause)?.get("description")?.as_str()?;
                Some(description.trim_end_matches('.').to_owned())
            }
        }
    }

    /// The member that may have been meant by one that is not allowed.
    pub(super) fn hint_of_member(&self, name: &str, cause: &ValidationError<'_>) -> Option<String> {
        let known = self.part(cause)?.get("properties")?.as_object()?;
        did_you_mean(name, known.keys().map(String::as_str))
    }

    /// The part of the schema whose keyword is broken.
    fn part(&self, cause: &ValidationError<'_>) -> Option<&Json> {
        let (part, _keyword) = cause.schema_path().as_str().rsplit_once('/')?;
        self.text.pointer(part)
    }
}

fn did_you_mean<'a>(written: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    near(written, candidates).map(|meant| format!("did you mean \"{meant}\"?"))
}
