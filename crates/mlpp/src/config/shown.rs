use serde_json::{Map, json};
use toml::Spanned;

use super::{Pairs, Project, Texts};
use crate::error::CommandError;
use crate::output;

/// Prints each setting, its value, and where it came from.
pub(super) fn print(project: &Project, json: bool) -> Result<(), CommandError> {
    let config = &project.config;
    let texts =
        |texts: &Texts| texts.iter().map(|text| text.get_ref().clone()).collect::<Vec<_>>().join(", ");
    let pairs = |pairs: &Pairs| {
        let pair = |(key, value): &(Spanned<String>, Spanned<String>)| {
            format!("{} = {}", key.get_ref(), value.get_ref())
        };
        pairs.iter().map(pair).collect::<Vec<_>>().join(", ")
    };
    let lists = [
        ("documents", texts(&config.documents)),
        ("overlays", texts(&config.overlays)),
        ("schemas", texts(&config.schemas)),
        ("buckets", config.buckets.as_ref().map(texts).unwrap_or_default()),
        ("secrets", pairs(&config.secrets)),
    ];
    if json {
        let mut settings = Map::new();
        for (name, (value, origin)) in &config.origins {
            settings.insert((*name).to_owned(), json!({"value": value, "origin": origin.to_string()}));
        }
        for (name, value) in lists.iter().filter(|(_, value)| !value.is_empty()) {
            settings.insert((*name).to_owned(), json!({"value": value, "origin": super::FILE}));
        }
        return output::json(&settings);
    }
    let mut table = output::table(["setting", "value", "from"]);
    for (name, (value, origin)) in &config.origins {
        table.add_row([*name, value, &origin.to_string()]);
    }
    for (name, value) in lists.iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([*name, value, super::FILE]);
    }
    output::data(table)
}
