//! Typed columns, read from the CSV files of a channel.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};

use super::error::{DataError, Place};
use super::value;
use crate::hyperparameters::TrainingOptions;
use crate::suggest::nearest;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Target,
    Ignored,
    Numeric,
    Categorical,
}

/// A column's name and use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) purpose: Use,
}

/// The columns in the order of the training file; one of them is the target.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) fields: Vec<Field>,
    target: String,
}

/// The rows of a channel, column by column.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) layout: Layout,
    /// One for each field, in the same order.
    pub(crate) columns: Vec<Column>,
    /// The target's texts; none is missing.
    pub(crate) targets: Categories,
    pub(crate) rows: usize,
}

/// A column's values.
#[derive(Debug)]
pub(crate) enum Column {
    /// Nothing is kept here of an ignored column, nor of the target.
    None,
    /// Numbers; NaN is a missing value.
    Numeric(Vec<f64>),
    /// Texts.
    Categorical(Categories),
}

/// Texts, each kept once, numbered in the order they were met.
#[derive(Debug, Default)]
pub(crate) struct Categories {
    pub(crate) names: Vec<String>,
    /// Where each name was met first.
    pub(crate) first: Vec<Place>,
    /// The number of each row's name; nothing if it is missing.
    pub(crate) codes: Vec<Option<u32>>,
    numbers: HashMap<String, u32>,
}

impl Categories {
    fn push(&mut self, name: &str, place: impl FnOnce() -> Place) {
        let number = if let Some(number) = self.numbers.get(name) {
            *number
        } else {
            // Fewer than 2^32 rows fit a program's memory as text.
            let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
            self.names.push(name.to_owned());
            self.first.push(place());
            self.numbers.insert(name.to_owned(), number);
            number
        };
        self.codes.push(Some(number));
    }

    fn push_target(&mut self, text: &str, field: &Field, place: &Place) -> Result<(), DataError> {
        if value::is_missing(text) {
            return Err(DataError::NoTarget { place: place.clone(), column: field.name.clone() });
        }
        self.push(value::category(text), || place.clone());
        Ok(())
    }
}

impl Frame {
    /// Reads the training channel, whose first file's header and the options give the layout.
    pub(crate) fn read_training(directory: &Path, options: &TrainingOptions) -> Result<Self, DataError> {
        Self::read("training", directory, |path, header| layout(path, header, options))
    }

    /// Reads another channel's data in a layout that is known: the same names in any order; an ignored column may be absent.
    pub(crate) fn read_like(
        channel: &'static str,
        directory: &Path,
        layout: &Layout,
    ) -> Result<Self, DataError> {
        Self::read(channel, directory, |_, _| Ok(layout.clone()))
    }

    fn read(
        channel: &'static str,
        directory: &Path,
        layout: impl FnOnce(&Path, &[String]) -> Result<Layout, DataError>,
    ) -> Result<Self, DataError> {
        let paths = files(directory)?;
        let Some(first) = paths.first() else {
            return Err(DataError::NoFile { channel, directory: directory.to_owned() });
        };
        let layout = layout(first, &Rows::open(first)?.header)?;
        let columns = layout.fields.iter().map(Column::new).collect();
        let mut frame = Self { layout, columns, targets: Categories::default(), rows: 0 };
        for path in &paths {
            frame.append(path)?;
        }
        if frame.rows == 0 {
            return Err(DataError::NoRow { channel, directory: directory.to_owned() });
        }
        Ok(frame)
    }

    fn append(&mut self, path: &Path) -> Result<(), DataError> {
        let mut rows = Rows::open(path)?;
        let fields = &self.layout.fields;
        // For each of the file's columns, the number of the frame's.
        let mut numbers = Vec::with_capacity(rows.header.len());
        for name in &rows.header {
            let known = fields.iter().position(|field| field.name == *name);
            numbers.push(known.ok_or_else(|| DataError::ExtraColumn {
                path: path.to_owned(),
                name: name.clone(),
                suggestion: nearest(name, fields.iter().map(|field| field.name.as_str())),
            })?);
        }
        for (number, field) in fields.iter().enumerate() {
            if field.purpose != Use::Ignored && !numbers.contains(&number) {
                let what = if field.purpose == Use::Target { "the target" } else { "the column" };
                return Err(no_column(path, &rows.header, what, &field.name));
            }
        }
        while let Some(place) = rows.next()? {
            for (index, number) in numbers.iter().enumerate() {
                let (text, field) = (rows.text(index, &place)?, &fields[*number]);
                if field.purpose == Use::Target {
                    self.targets.push_target(text, field, &place)?;
                } else {
                    self.columns[*number].push(text, field, &place)?;
                }
            }
            self.rows += 1;
        }
        Ok(())
    }

    /// The target's name.
    pub(crate) fn target_name(&self) -> &str {
        &self.layout.target
    }
}

impl Column {
    fn new(field: &Field) -> Self {
        match field.purpose {
            Use::Target | Use::Ignored => Self::None,
            Use::Numeric => Self::Numeric(Vec::new()),
            Use::Categorical => Self::Categorical(Categories::default()),
        }
    }

    fn push(&mut self, text: &str, field: &Field, place: &Place) -> Result<(), DataError> {
        let missing = value::is_missing(text);
        match self {
            Self::None => {}
            Self::Numeric(numbers) => {
                let number = if missing { Some(f64::NAN) } else { value::number(text) };
                numbers.push(number.ok_or_else(|| DataError::NotANumber {
                    place: place.clone(),
                    column: field.name.clone(),
                    value: text.to_owned(),
                })?);
            }
            Self::Categorical(categories) if missing => categories.codes.push(None),
            Self::Categorical(categories) => categories.push(value::category(text), || place.clone()),
        }
        Ok(())
    }
}

/// The uses of a header's columns, as the options say.
fn layout(path: &Path, header: &[String], options: &TrainingOptions) -> Result<Layout, DataError> {
    let demanded = std::iter::once(("the target", &options.target))
        .chain(options.ignored_columns.iter().map(|name| ("the ignored column", name)))
        .chain(options.categorical_columns.iter().map(|name| ("the categorical column", name)));
    for (what, name) in demanded {
        if !header.contains(name) {
            return Err(no_column(path, header, what, name));
        }
    }
    let purpose = |name: &String| match name {
        _ if *name == options.target => Use::Target,
        _ if options.ignored_columns.contains(name) => Use::Ignored,
        _ if options.categorical_columns.contains(name) => Use::Categorical,
        _ => Use::Numeric,
    };
    let fields: Vec<_> =
        header.iter().map(|name| Field { name: name.clone(), purpose: purpose(name) }).collect();
    if fields.iter().all(|field| matches!(field.purpose, Use::Target | Use::Ignored)) {
        return Err(DataError::NoFeature { path: path.to_owned() });
    }
    Ok(Layout { fields, target: options.target.clone() })
}

fn no_column(path: &Path, header: &[String], what: &'static str, name: &str) -> DataError {
    DataError::NoColumn {
        path: path.to_owned(),
        what,
        name: name.to_owned(),
        columns: header.to_vec(),
        suggestion: nearest(name, header.iter().map(String::as_str)),
    }
}

/// All files below a directory in the order of their paths; names that begin with a dot are the system's own.
fn files(directory: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        let entries = fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|source| DataError::Read { path: path.clone(), source })?;
        for entry in entries {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.path().is_dir() { pending.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    Ok(found)
}

/// A CSV file's rows, one after the other.
struct Rows {
    path: PathBuf,
    reader: csv::Reader<File>,
    header: Vec<String>,
    row: ByteRecord,
}

impl Rows {
    fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        // Flexible: a ragged row is ours to tell, with its line. Without headers: the first row is read like any other.
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        let mut rows = Self { path: path.to_owned(), reader, header: Vec::new(), row: ByteRecord::new() };
        let Some(place) = rows.read()? else { return Err(DataError::Empty { path: path.to_owned() }) };
        for field in 0..rows.row.len() {
            let name = rows.text(field, &place)?.to_owned();
            if name.is_empty() {
                return Err(DataError::Unnamed { path: rows.path, number: field + 1 });
            }
            if rows.header.contains(&name) {
                return Err(DataError::Twice { path: rows.path, name });
            }
            rows.header.push(name);
        }
        Ok(rows)
    }

    /// Goes to the next row and tells its place.
    fn next(&mut self) -> Result<Option<Place>, DataError> {
        let Some(place) = self.read()? else { return Ok(None) };
        let (expected, found) = (self.header.len(), self.row.len());
        if expected == found { Ok(Some(place)) } else { Err(DataError::Ragged { place, expected, found }) }
    }

    fn read(&mut self) -> Result<Option<Place>, DataError> {
        let more = self.reader.read_byte_record(&mut self.row);
        let more = more.map_err(|source| DataError::Read {
            path: self.path.clone(),
            source: std::io::Error::other(source),
        })?;
        let line = self.row.position().map_or(1, csv::Position::line);
        Ok(more.then(|| Place { path: self.path.clone(), line }))
    }

    /// The text of a field, without spaces around it.
    fn text(&self, field: usize, place: &Place) -> Result<&str, DataError> {
        let bytes = self.row.get(field).unwrap_or_default();
        std::str::from_utf8(bytes).map(str::trim).map_err(|_| DataError::NotText { place: place.clone() })
    }
}
