//! `${Name}` in a definition, as SAM's `DefinitionSubstitutions` replaces it.

use std::collections::BTreeMap;

/// A placeholder that has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no value for the placeholder '${{{name}}}' at line {line}, column {column}")]
pub struct SubstitutionError {
    /// The placeholder's name.
    pub name: String,
    /// Line of the placeholder, from 1.
    pub line: usize,
    /// Column of the placeholder in characters, from 1.
    pub column: usize,
    /// Byte offset of the placeholder.
    pub offset: usize,
}

/// Replaces each `${Name}` in `text` by `values[Name]`, escaped for the JSON string that it stands in.
///
/// A name is a letter or underscore followed by letters, digits, underscores, dots or colons; any other `${` is left as it is, since
/// expressions may hold it.
///
/// # Errors
/// The first placeholder that has no value.
///
/// ```
/// let values = [("Topic".to_owned(), "arn:aws:sns:eu-west-1:111111111111:t".to_owned())].into();
/// let text = mlpp_states::substitute(r#"{"TopicArn": "${Topic}"}"#, &values)?;
/// assert_eq!(text, r#"{"TopicArn": "arn:aws:sns:eu-west-1:111111111111:t"}"#);
/// # Ok::<(), mlpp_states::SubstitutionError>(())
/// ```
pub fn substitute(text: &str, values: &BTreeMap<String, String>) -> Result<String, SubstitutionError> {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, found) = rest.split_at(at);
        replaced.push_str(before);
        let Some(name) = placeholder(found) else {
            replaced.push_str("${");
            rest = &found[2..];
            continue;
        };
        let Some(value) = values.get(name) else {
            return Err(missing(text, text.len() - found.len(), name));
        };
        let quoted = serde_json::Value::from(value.as_str()).to_string();
        replaced.push_str(&quoted[1..quoted.len() - 1]);
        rest = &found[name.len() + 3..];
    }
    replaced.push_str(rest);
    Ok(replaced)
}

/// The name in `text`, which begins with `${`, if it is a placeholder.
fn placeholder(text: &str) -> Option<&str> {
    // Up to what cannot be in a name: a search to the end would be repeated for each `${`.
    let rest = &text[2..];
    let end = rest.find(|c: char| !(matches!(c, '_' | '.' | ':') || c.is_ascii_alphanumeric()))?;
    let (name, tail) = rest.split_at(end);
    if !tail.starts_with('}') {
        return None;
    }
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic());
    (begins && chars.all(|c| matches!(c, '_' | '.' | ':') || c.is_ascii_alphanumeric())).then_some(name)
}

fn missing(text: &str, offset: usize, name: &str) -> SubstitutionError {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    SubstitutionError {
        name: name.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        [("A", "1"), ("B.c", "say \"x\"")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn replaces_names_and_leaves_the_rest() {
        assert_eq!(substitute("${A}-${A}", &values()), Ok("1-1".into()));
        assert_eq!(substitute("\"${B.c}\"", &values()), Ok("\"say \\\"x\\\"\"".into()));
        for text in ["${", "${}", "${ A }", "$${1}", "${a b}", "$A", "${A"] {
            assert_eq!(substitute(text, &values()), Ok(text.into()), "{text}");
        }
        assert_eq!(substitute("${ ${A}", &values()), Ok("${ 1".into()));
    }

    #[test]
    fn names_what_is_missing_and_where() {
        let error = substitute("{\n \"é\": \"${Missing}\"}", &values()).unwrap_err();
        assert_eq!((error.name.as_str(), error.line, error.column), ("Missing", 2, 8));
        assert!(error.to_string().contains("'${Missing}' at line 2, column 8"), "{error}");
    }
}
