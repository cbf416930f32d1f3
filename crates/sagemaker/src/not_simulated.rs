//! Which members of a request have no meaning on one machine.

use serde_json::Value;

/// The members of `request` that `simulated` does not cover, as dotted paths with `[]` for the members of a list.
///
/// `simulated` holds such paths; one covers everything below it. Members that say nothing (null, false, `""`, empty
/// lists and objects) are not listed, for they ask for nothing.
pub(crate) fn list(request: &Value, simulated: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    walk(request, "", simulated, &mut found);
    found.dedup();
    found
}

fn walk(value: &Value, path: &str, simulated: &[&str], found: &mut Vec<String>) {
    if simulated.contains(&path) || says_nothing(value) {
        return;
    }
    let goes_on = |path: &str| simulated.iter().any(|&one| one.starts_with(path));
    match value {
        Value::Object(members) if path.is_empty() || goes_on(&format!("{path}.")) => {
            for (name, member) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(member, &below, simulated, found);
            }
        }
        Value::Array(members) if goes_on(&format!("{path}[]")) => {
            for member in members {
                walk(member, &format!("{path}[]"), simulated, found);
            }
        }
        _ => {
            if !found.iter().any(|one| one == path) {
                found.push(path.to_owned());
            }
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(members) => members.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_covered_is_listed_once() {
        let request = json!({
            "Name": "x",
            "Spot": true,
            "Isolation": false,
            "Vpc": {"Subnets": ["a"]},
            "Channels": [{"Uri": "s3://a", "Shuffle": {"Seed": 1}}, {"Uri": "s3://b", "Shuffle": {"Seed": 1}}],
        });
        let listed = list(&request, &["Name", "Channels[].Uri"]);
        assert_eq!(listed, ["Spot", "Vpc", "Channels[].Shuffle"]);
    }
}
