//! Structured logs and metrics: one JSON object to a line on standard output, where Lambda takes them from.

use std::fmt::Display;

use serde_json::{Map, Value, json};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What went as it should.
    Info,
    /// What did not, and does no harm.
    Warn,
    /// What somebody must look at.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes a line: a message, and fields to search by. Values of parameters, secrets and presigned URLs belong into no field.
pub fn log(level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
    write(&line(level, message, fields));
}

fn line(level: Level, message: &str, fields: &[(&str, &dyn Display)]) -> Value {
    let mut line = Map::new();
    line.insert("level".to_owned(), level.name().into());
    line.insert("message".to_owned(), message.into());
    for (name, value) in fields {
        line.insert((*name).to_owned(), value.to_string().into());
    }
    Value::Object(line)
}

/// Writes counts as a metric of CloudWatch, in the
/// [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
/// `now` is in milliseconds since 1970-01-01T00:00:00Z.
pub fn count(now: i64, dimension: (&str, &str), counts: &[(&str, usize)]) {
    write(&metric(now, dimension, counts));
}

fn metric(now: i64, (dimension, of): (&str, &str), counts: &[(&str, usize)]) -> Value {
    let metrics: Vec<_> = counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now,
            "CloudWatchMetrics": [
                {"Namespace": "ml-parameter-provider", "Dimensions": [[dimension]], "Metrics": metrics}
            ],
        },
        (dimension): of,
    });
    for (name, value) in counts {
        line[*name] = json!(value);
    }
    line
}

#[expect(clippy::print_stdout, reason = "Lambda takes a function's log from there")]
fn write(line: &Value) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_with_its_fields() {
        let line = line(Level::Warn, "two\nlines", &[("count", &2), ("key", &"a \"b\"")]);
        assert_eq!(
            line.to_string(),
            r#"{"level":"WARN","message":"two\nlines","count":"2","key":"a \"b\""}"#
        );
    }

    #[test]
    fn a_metric_names_its_counts_and_has_them() {
        let line = metric(1_700_000_000_000, ("Project", "/ml-project"), &[("Started", 1), ("Failed", 0)]);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][1]["Name"], "Failed");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Project"]]));
        assert_eq!((&line["Project"], &line["Started"]), (&json!("/ml-project"), &json!(1)));
    }
}
