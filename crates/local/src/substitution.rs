use std::collections::BTreeMap;

/// A `${Name}` in a definition that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"${{{name}}}\" has no value")]
pub struct SubstitutionError {
    /// The name.
    pub name: String,
    /// The place of the whole `${Name}`, as bytes of the definition.
    pub span: std::ops::Range<usize>,
}

/// Replaces each `${Name}` (letters, digits, `_`, `:` and `.` in the name) by its value, as `DefinitionSubstitutions` of
/// `AWS::Serverless::StateMachine` does. Anything else that begins with `${` stays as it is.
pub(crate) fn substitute(
    definition: &str,
    values: &BTreeMap<String, String>,
) -> Result<String, SubstitutionError> {
    let mut text = String::with_capacity(definition.len());
    let mut rest = definition;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let name = from[2..].split('}').next().unwrap_or_default();
        let whole = name.len() + 3;
        let is_name = !name.is_empty()
            && from.len() >= whole
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.'));
        if !is_name {
            text.push_str("${");
            rest = &from[2..];
            continue;
        }
        let start = definition.len() - from.len();
        let value = values
            .get(name)
            .ok_or_else(|| SubstitutionError { name: name.to_owned(), span: start..start + whole })?;
        text.push_str(value);
        rest = &from[whole..];
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_the_rest_stays() {
        let values =
            BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B_2".to_owned(), "${A}".to_owned())]);
        assert_eq!(
            substitute("x ${A}${B_2} $A ${} ${a b} ${A", &values).unwrap(),
            "x 1${A} $A ${} ${a b} ${A"
        );
        let error = substitute("x ${A} ${C}", &values).unwrap_err();
        assert_eq!((error.name.as_str(), error.span), ("C", 7..11));
    }
}
