//! What is asked of texts, as regular expressions of ECMA-262.

use crate::rules::Shape;

/// A level of a parameter's name (`PutParameter`, member `Name`) that does not end as the names of release records do.
pub(super) const LEVEL: &str = r"^(?![\s\S]*\.releases$)[A-Za-z0-9_.-]+$";
/// Where a secret is read.
pub(super) const SECRET_SOURCE: &str =
    r"^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[\s\S]+|ssm:/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)$";
/// An integer as JSON writes it.
pub(super) const INTEGER: &str = "^-?(?:0|[1-9][0-9]*)$";
/// A number as JSON writes it (RFC 8259, section 6).
pub(super) const NUMBER: &str = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$";
/// An S3 URI of an object or of a prefix of keys.
pub(super) const S3_DATA: &str = r"^s3://[a-z0-9.-]{3,63}/[\s\S]+$";
/// An S3 URI of a bucket, or of a prefix in it; an access point and an HTTPS endpoint may take its place.
const S3_URI: &str =
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[\s\S]*)?|s3://arn:[\s\S]*|https://[^/][\s\S]*";

/// The pattern for the whole of a text of this shape, where there is one that says something.
pub(super) fn pattern(shape: &Shape) -> Option<String> {
    let body = match &shape.pattern {
        _ if shape.name == "S3Uri" => S3_URI,
        Some(pattern) if pattern.is_free_text() => return None,
        // Surrogates stand for other characters in one engine than in the next; what they say is next to nothing.
        Some(pattern) if pattern.text.contains(r"\uD800") => return None,
        Some(pattern) => &pattern.text,
        None => return None,
    };
    Some(if shape.may_be_empty { format!("^(?:|{body})$") } else { format!("^(?:{body})$") })
}

/// An instance type of a family that none of the known ones is of.
pub(super) fn new_instance_type(known: &[String]) -> String {
    let mut families: Vec<_> =
        known.iter().filter_map(|name| name.strip_prefix("ml.")?.split('.').next()).collect();
    families.sort_unstable();
    families.dedup();
    format!(r"^ml\.(?!(?:{})\.)[a-z0-9-]+\.[a-z0-9-]+$", families.join("|"))
}
