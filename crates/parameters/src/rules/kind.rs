//! What a value is that was stored without a record: by the member that its key feeds, and else a text.

use super::constraints::{Shape, Type, known};
use super::number::is_json_number;
use crate::Kind;

/// The kind of a String parameter at `levels` that no release recorded, and its value as that kind writes it.
///
/// A number or switch of a service is taken as that when its text is one (`True` and `False` are what the Python
/// application wrote); everything else stays a text.
pub(crate) fn kind_of(levels: &[String], value: &str) -> (Kind, String) {
    let shape = levels.iter().try_fold(&known().root, |shape, level| below(shape, level));
    match shape.map(|shape| shape.kind) {
        Some(Type::Integer | Type::Double) if is_json_number(value) => (Kind::Number, value.to_owned()),
        Some(Type::Boolean) if value.eq_ignore_ascii_case("true") => (Kind::Boolean, "true".to_owned()),
        Some(Type::Boolean) if value.eq_ignore_ascii_case("false") => (Kind::Boolean, "false".to_owned()),
        _ => (Kind::String, value.to_owned()),
    }
}

/// The shape of the member, of the value of a map, or of the element that a level leads to.
fn below<'a>(shape: &'a Shape, level: &str) -> Option<&'a Shape> {
    match shape.kind {
        Type::Structure => shape.members.get(level),
        Type::Map | Type::List => shape.inner.as_deref(),
        Type::String | Type::Integer | Type::Double | Type::Boolean => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_takes_as_a_number_is_one_when_it_can_be() {
        let levels = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        for (path, value, kind) in [
            ("maxNumberOfTrainingJobs", "10", Kind::Number),
            ("maxNumberOfTrainingJobs", "1_0", Kind::String),
            ("enableManagedSpotTraining", "True", Kind::Boolean),
            ("enableManagedSpotTraining", "no", Kind::String),
            ("targetTrackingScalingPolicyConfiguration/DisableScaleIn", "false", Kind::Boolean),
            ("staticHyperParameters/seed", "1", Kind::String),
            ("parameterRanges/IntegerParameterRanges/ntrees/MinValue", "10", Kind::String),
            ("own/key", "1", Kind::String),
        ] {
            assert_eq!(kind_of(&levels(path), value).0, kind, "{path} {value}");
        }
    }
}
