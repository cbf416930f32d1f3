//! From a request's body to rows of numbers.

use csv::{ReaderBuilder, StringRecord};
use serde_json::Value;

use super::media::{Content, Media};
use super::rejection::Rejection;
use crate::data::encode::{Kind, RowEncoder, Schema};
use crate::suggest::nearest;

/// Reads rows for one model.
#[derive(Debug)]
pub(crate) struct RowReader {
    columns: Vec<Named>,
    encoder: RowEncoder,
}

#[derive(Debug)]
struct Named {
    name: String,
    is_target: bool,
    is_feature: bool,
}

impl RowReader {
    pub(crate) fn new(schema: &Schema) -> Self {
        let named = |column: &crate::data::encode::ColumnSchema| Named {
            name: column.name.clone(),
            is_target: column.kind == Kind::Target,
            is_feature: !matches!(column.kind, Kind::Target | Kind::Ignored),
        };
        Self { columns: schema.columns.iter().map(named).collect(), encoder: RowEncoder::new(schema) }
    }

    /// All rows of a body; there is at least one.
    pub(crate) fn read(&self, content: Content, body: &[u8]) -> Result<Vec<Vec<f64>>, Rejection> {
        let text = std::str::from_utf8(body)
            .map_err(|error| Rejection::malformed(format!("the body is not UTF-8 text: {error}")))?;
        let rows = match content.media {
            Media::Csv => self.csv(content.header, text)?,
            Media::Json => self.json(text)?,
            Media::JsonLines => self.json_lines(text)?,
        };
        if rows.is_empty() { Err(Rejection::malformed("the request has no row")) } else { Ok(rows) }
    }

    fn csv(&self, header: Option<bool>, text: &str) -> Result<Vec<Vec<f64>>, Rejection> {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut record = StringRecord::new();
        let mut targets: Option<Vec<usize>> = None;
        let mut rows = Vec::new();
        let mut is_first = true;
        while reader.read_record(&mut record).map_err(|error| Rejection::malformed(error.to_string()))? {
            let number = rows.len() + 1;
            if std::mem::take(&mut is_first) && header.unwrap_or_else(|| self.looks_like_a_header(&record)) {
                targets = Some(self.header(&record)?);
                continue;
            }
            let targets = match &mut targets {
                Some(targets) => &*targets,
                none => none.insert(self.positions(number, record.len())?),
            };
            if record.len() != targets.len() {
                let message = format!("{} fields instead of {}", record.len(), targets.len());
                return Err(Rejection::row(number, &message));
            }
            let mut row = self.encoder.empty_row();
            for (field, column) in record.iter().zip(targets) {
                self.put(&mut row, number, *column, field)?;
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// A first row that has the name of any column is taken for a header; a category that is called like a column needs
    /// `header=absent` in the content type.
    fn looks_like_a_header(&self, record: &StringRecord) -> bool {
        record.iter().any(|field| self.columns.iter().any(|column| column.name == field.trim()))
    }

    /// For each field of a header the number of its column.
    fn header(&self, record: &StringRecord) -> Result<Vec<usize>, Rejection> {
        let mut targets = Vec::with_capacity(record.len());
        for field in record {
            let column = self.column(None, field.trim())?;
            if targets.contains(&column) {
                let name = &self.columns[column].name;
                return Err(Rejection::column(
                    None,
                    name,
                    &format!("the header has the column `{name}` twice"),
                ));
            }
            targets.push(column);
        }
        if targets.iter().any(|column| self.columns[*column].is_feature) {
            Ok(targets)
        } else {
            Err(Rejection::malformed(format!("the header names none of the features ({})", self.features())))
        }
    }

    /// The columns of a row without names: the features alone, or all but the target, as in the training file.
    fn positions(&self, row: usize, fields: usize) -> Result<Vec<usize>, Rejection> {
        let numbers = |wanted: fn(&Named) -> bool| {
            (0..self.columns.len()).filter(|it| wanted(&self.columns[*it])).collect::<Vec<_>>()
        };
        let features = numbers(|column| column.is_feature);
        let all = numbers(|column| !column.is_target);
        for columns in [&features, &all] {
            if columns.len() == fields {
                return Ok(columns.clone());
            }
        }
        let all = if all.len() == features.len() {
            String::new()
        } else {
            format!(", or {} with the ignored columns", all.len())
        };
        let message = format!(
            "{fields} fields, but the model has {} features ({}){all}",
            features.len(),
            self.features()
        );
        Err(Rejection::row(row, &message))
    }

    fn json(&self, text: &str) -> Result<Vec<Vec<f64>>, Rejection> {
        let form = "the form is {\"instances\": [{column: value, …} or [value, …], …]}";
        let body: Value = serde_json::from_str(text)
            .map_err(|error| Rejection::malformed(format!("the body is not JSON: {error}")))?;
        let Value::Object(mut body) = body else {
            return Err(Rejection::malformed(format!("the body is not a JSON object; {form}")));
        };
        let instances = body.remove("instances");
        if let Some(key) = body.keys().next() {
            return Err(Rejection::malformed(format!("the body has a key `{key}`; {form}")));
        }
        let Some(Value::Array(instances)) = instances else {
            return Err(Rejection::malformed(format!("`instances` is not a list; {form}")));
        };
        instances.iter().enumerate().map(|(index, instance)| self.instance(index + 1, instance)).collect()
    }

    fn json_lines(&self, text: &str) -> Result<Vec<Vec<f64>>, Rejection> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let read = |(index, line)| {
            let instance = serde_json::from_str(line)
                .map_err(|error| Rejection::row(index + 1, &format!("not JSON: {error}")))?;
            self.instance(index + 1, &instance)
        };
        lines.enumerate().map(read).collect()
    }

    /// One row: an object, in which an absent column is a missing value, or a list.
    fn instance(&self, number: usize, instance: &Value) -> Result<Vec<f64>, Rejection> {
        let mut row = self.encoder.empty_row();
        match instance {
            Value::Object(object) => {
                let mut has_feature = false;
                for (name, value) in object {
                    let column = self.column(Some(number), name)?;
                    has_feature |= self.columns[column].is_feature;
                    self.put_json(&mut row, number, column, value)?;
                }
                if !has_feature {
                    let message = format!("none of the features ({}) is there", self.features());
                    return Err(Rejection::row(number, &message));
                }
            }
            Value::Array(values) => {
                let columns = self.positions(number, values.len())?;
                for (value, column) in values.iter().zip(columns) {
                    self.put_json(&mut row, number, column, value)?;
                }
            }
            _ => return Err(Rejection::row(number, "neither an object nor a list")),
        }
        Ok(row)
    }

    fn put_json(
        &self,
        row: &mut [f64],
        number: usize,
        column: usize,
        value: &Value,
    ) -> Result<(), Rejection> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => self.put(row, number, column, text),
            Value::Bool(_) | Value::Number(_) => self.put(row, number, column, &value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                let name = &self.columns[column].name;
                Err(Rejection::value(number, name, value.to_string(), "is not a single value"))
            }
        }
    }

    fn put(&self, row: &mut [f64], number: usize, column: usize, text: &str) -> Result<(), Rejection> {
        let name = &self.columns[column].name;
        self.encoder
            .put(row, column, text)
            .map_err(|_| Rejection::value(number, name, text.trim(), "is not a number"))
    }

    /// The number of the column of that name.
    fn column(&self, row: Option<usize>, name: &str) -> Result<usize, Rejection> {
        self.columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let suggestion = nearest(name, self.columns.iter().map(|column| column.name.as_str()));
            let message = format!("the model does not know the column `{name}`{suggestion}");
            Rejection::column(row, name, &message)
        })
    }

    fn features(&self) -> String {
        let features = self.columns.iter().filter(|column| column.is_feature);
        features.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
