//! What of a violation is told.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

/// The violations that are behind `error`: when a value fits none of several schemas, and all but one of them ask for
/// another type, those of that one; else `error` itself.
pub(super) fn causes<'a, 'e>(error: &'a ValidationError<'e>) -> Vec<&'a ValidationError<'e>>
where
    'static: 'e,
{
    let (Kind::AnyOf { context } | Kind::OneOfNotValid { context }) = error.kind() else {
        return vec![error];
    };
    let same_place = |cause: &ValidationError<'_>| cause.instance_path() == error.instance_path();
    let other_type =
        |cause: &ValidationError<'_>| matches!(cause.kind(), Kind::Type { .. }) && same_place(cause);
    let mut meant = context.iter().filter(|branch| !branch.iter().any(other_type));
    match (meant.next(), meant.next()) {
        (Some(branch), None) => branch.iter().flat_map(causes).collect(),
        _ => vec![error],
    }
}

/// Whether `error` is about something for which `aside` holds alone: for a value that fits none of several schemas, when
/// all that keeps it from one of them is.
pub(super) fn is_about(error: &ValidationError<'_>, aside: &impl Fn(&ValidationError<'_>) -> bool) -> bool {
    let (Kind::AnyOf { context } | Kind::OneOfNotValid { context }) = error.kind() else {
        return aside(error);
    };
    aside(error) || context.iter().any(|branch| branch.iter().all(|cause| is_about(cause, aside)))
}
