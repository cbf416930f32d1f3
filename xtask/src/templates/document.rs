//! A template as JSON: each short form such as `!Sub` in its long form.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// A template.
#[derive(Debug)]
pub(in crate::templates) struct Template {
    /// Its path, relative to the root.
    pub(in crate::templates) name: String,
    pub(in crate::templates) value: Value,
}

/// A statement of a policy, with the condition of the template under which it is there.
#[derive(Debug)]
pub(in crate::templates) struct Statement<'a> {
    pub(in crate::templates) statement: &'a Value,
    pub(in crate::templates) when: Option<&'a str>,
}

impl Template {
    pub(in crate::templates) fn parse(name: &str, text: &str) -> Result<Self, serde_yaml_ng::Error> {
        Ok(Self { name: name.to_owned(), value: json_of(serde_yaml_ng::from_str(text)?) })
    }

    /// The members of a section.
    pub(in crate::templates) fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.value[name].as_object().into_iter().flatten()
    }

    /// The resources of a type, or of any type that begins with it.
    pub(in crate::templates) fn resources<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.section("Resources")
            .filter(move |(_, resource)| resource["Type"].as_str().is_some_and(|of| of.starts_with(kind)))
    }

    /// Where a resource is, for messages.
    pub(in crate::templates) fn place(&self, resource: &str) -> String {
        format!("{}: {resource}", self.name)
    }
}

/// The statements of a role's own policies.
pub(in crate::templates) fn statements(role: &Value) -> Vec<Statement<'_>> {
    let policies = role["Properties"]["Policies"].as_array().into_iter().flatten();
    policies
        .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]))
        .map(|statement| match statement["Fn::If"].as_array().map(Vec::as_slice) {
            Some([when, statement, _]) => Statement { statement, when: when.as_str() },
            _ => Statement { statement, when: None },
        })
        .collect()
}

/// A value that may be one or a list of them.
pub(in crate::templates) fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

/// The texts of what may be one or a list of them; what is no text has none.
pub(in crate::templates) fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

/// The resources of a statement as texts, those behind conditions as well: an ARN with its `${…}` as it is written, and what
/// stands for another resource or option as `${its name}`.
pub(in crate::templates) fn resource_texts(value: &Value) -> Vec<String> {
    list(value).into_iter().flat_map(shown).collect()
}

fn shown(value: &Value) -> Vec<String> {
    if let Some(text) = value.as_str() {
        return vec![text.to_owned()];
    }
    let Some((function, argument)) = value.as_object().and_then(|object| object.iter().next()) else {
        return Vec::new();
    };
    match (function.as_str(), argument) {
        ("Ref", Value::String(name)) if name == "AWS::NoValue" => Vec::new(),
        ("Ref", Value::String(name)) => vec![format!("${{{name}}}")],
        ("Fn::Sub", Value::Array(parts)) => parts.first().map(shown).unwrap_or_default(),
        ("Fn::Sub", text) => shown(text),
        ("Fn::GetAtt", Value::Array(parts)) => vec![format!("${{{}}}", texts_joined(parts))],
        ("Fn::If", Value::Array(parts)) => parts.iter().skip(1).flat_map(shown).collect(),
        _ => vec![value.to_string()],
    }
}

fn texts_joined(parts: &[Value]) -> String {
    parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
}

/// The conditions of a template in words, by their names.
pub(in crate::templates) fn conditions(template: &Template) -> BTreeMap<&str, String> {
    template.section("Conditions").map(|(name, value)| (name.as_str(), in_words(value, false))).collect()
}

fn in_words(condition: &Value, negated: bool) -> String {
    let arguments = |name: &str| condition[name].as_array().map(Vec::as_slice);
    if let Some([inner]) = arguments("Fn::Not") {
        return in_words(inner, !negated);
    }
    if let Some([left, right]) = arguments("Fn::Equals") {
        let option = option(left).unwrap_or_else(|| left.to_string());
        let value = right.as_str().map_or_else(|| right.to_string(), str::to_owned);
        return match (value.as_str(), negated) {
            ("", true) => format!("`{option}` is given"),
            ("", false) => format!("`{option}` is empty"),
            (value, true) => format!("`{option}` is not {value}"),
            (value, false) => format!("`{option}` is {value}"),
        };
    }
    condition.to_string()
}

/// The option that a condition is about.
fn option(value: &Value) -> Option<String> {
    let joined = value["Fn::Join"].as_array().and_then(|arguments| arguments.get(1)).unwrap_or(value);
    joined["Ref"].as_str().map(str::to_owned)
}

fn json_of(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), _, _) => json!(value),
            (_, Some(value), _) => json!(value),
            (_, _, value) => json!(value),
        },
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(values) => values.into_iter().map(json_of).collect(),
        Yaml::Mapping(members) => members
            .into_iter()
            .map(|(key, value)| {
                let key = json_of(key);
                (key.as_str().map_or_else(|| key.to_string(), str::to_owned), json_of(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let value = json_of(tagged.value);
            match (name, &value) {
                ("Ref" | "Condition", _) => json!({ name: value }),
                ("GetAtt", Value::String(text)) => {
                    let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
                    json!({ "Fn::GetAtt": [resource, attribute] })
                }
                _ => json!({ format!("Fn::{name}"): value }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::templates::samples::role;

    #[test]
    fn short_forms_have_their_long_form() {
        let text = "a: !Ref b\nc: !GetAtt d.e.f\ng: !If [h, !Sub '${i}', !Ref AWS::NoValue]\n1: [2, -3, 0.5, true, null]\n";
        let expected = json!({
            "a": {"Ref": "b"},
            "c": {"Fn::GetAtt": ["d", "e.f"]},
            "g": {"Fn::If": ["h", {"Fn::Sub": "${i}"}, {"Ref": "AWS::NoValue"}]},
            "1": [2, -3, 0.5, true, null],
        });
        assert_eq!(Template::parse("t", text).unwrap().value, expected);
    }

    #[test]
    fn statements_keep_their_condition_and_resources_are_told_behind_conditions_too() {
        let template = role(&[
            "{Action: 'a:B', Resource: [!GetAtt Q.Arn, !If [C, !Sub 'arn:${P}', !Ref AWS::NoValue]]}",
            "!If [C, {Action: 'a:C', Resource: !Ref K}, !Ref AWS::NoValue]",
        ]);
        let found = statements(&template.value["Resources"]["R"]);
        assert_eq!(found.iter().map(|one| one.when).collect::<Vec<_>>(), [None, Some("C")]);
        assert_eq!(resource_texts(&found[0].statement["Resource"]), ["${Q.Arn}", "arn:${P}"]);
        assert_eq!(resource_texts(&found[1].statement["Resource"]), ["${K}"]);
    }

    #[test]
    fn conditions_are_told_by_their_options() {
        let text = "Conditions:\n  A: !Equals [!Ref P, 'true']\n  B: !Not [!Equals [!Join ['', !Ref L], '']]\n  \
                    C: !Equals [!Ref P, '']\n  D: !Not [!Equals [!Ref N, 0]]\n";
        let template = Template::parse("t", text).unwrap();
        let told: Vec<_> = conditions(&template).into_values().collect();
        assert_eq!(told, ["`P` is true", "`L` is given", "`P` is empty", "`N` is not 0"]);
    }
}
