//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Record, Severity};
use crate::pages;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// The log of one run: the findings, and the rules that they are of.
pub(super) fn log(records: &[Record]) -> Value {
    let mut codes: Vec<_> = records.iter().map(|record| record.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<_> = records.iter().map(|record| result(record, &codes)).collect();
    let rules: Vec<_> = codes.iter().map(|code| rule(code)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "mlpp",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str) -> Value {
    match pages::find(code) {
        Some(page) => json!({
            "id": code,
            "shortDescription": {"text": page.summary},
            // Those who show Markdown take that; the text is required for those who do not, and reads as well.
            "help": {"text": page.text, "markdown": page.text},
        }),
        None => json!({"id": code}),
    }
}

fn result(record: &Record, codes: &[&str]) -> Value {
    let mut text = record.message.clone();
    if let Some(help) = &record.help {
        let _ = write!(text, "\n{help}");
    }
    let mut result = json!({
        "ruleId": record.code,
        "ruleIndex": codes.binary_search(&record.code.as_str()).unwrap_or_default(),
        "level": match record.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": {"text": text},
    });
    let place = &record.place;
    if let Some(file) = &place.file {
        let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}}});
        if place.line.is_some() {
            location["physicalLocation"]["region"] = json!({
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            });
        }
        if let Some(pointer) = &record.pointer {
            location["logicalLocations"] = json!([{"fullyQualifiedName": pointer}]);
        }
        result["locations"] = json!([location]);
    }
    result
}

/// A file's name as the reference that RFC 3986 has for it: relative, or with the scheme `file`.
fn uri(file: &str) -> String {
    let mut uri = if file.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
