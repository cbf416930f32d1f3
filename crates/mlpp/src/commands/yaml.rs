//! A document as YAML 1.2: blocks for what has members, and JSON — which YAML contains — for everything else, so that a
//! number keeps its text and a string is never taken for anything but one.

use mlpp_parameters::json::Value;

/// Adds the lines of a value that stands `depth` levels deep.
pub(super) fn lines(value: &Value, depth: usize, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for member in members {
                let name = Value::String(member.name.clone());
                entry(&format!("{indent}{name}:"), &member.node.value, depth, out);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for element in elements {
                entry(&format!("{indent}-"), &element.value, depth, out);
            }
        }
        leaf => out.push(format!("{indent}{leaf}")),
    }
}

fn entry(head: &str, value: &Value, depth: usize, out: &mut Vec<String>) {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        _ => false,
    };
    if is_block {
        out.push(head.to_owned());
        lines(value, depth + 1, out);
    } else {
        out.push(format!("{head} {value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlpp_parameters::Documents;

    #[test]
    fn every_value_is_what_it_was() {
        let text =
            r#"{"a: b":"no","n":1e-9,"l":[1,{"x":[]}],"o":{"e":{},"t":true,"s":"line\n# not a comment"}}"#;
        let root = Documents::merge([("a.json", text)]).unwrap().root;
        let mut out = Vec::new();
        lines(&root.value, 0, &mut out);
        assert_eq!(
            out.join("\n"),
            "\"a: b\": \"no\"\n\"n\": 1e-9\n\"l\":\n  - 1\n  -\n    \"x\": []\n\"o\":\n  \"e\": {}\n  \"t\": true\n  \"s\": \"line\\n# not a comment\""
        );
    }
}
