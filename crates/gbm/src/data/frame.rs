//! Typed columns, read from the CSV files of a channel.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::error::{DataError, Place};
use super::rows::{Rows, Spot, files};
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
    /// For each of the target's texts, the file and the byte where it was met first.
    first_targets: Vec<(usize, u64)>,
    paths: Vec<PathBuf>,
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
    /// The number of each row's name; nothing if it is missing.
    pub(crate) codes: Vec<Option<u32>>,
    numbers: HashMap<String, u32>,
}

impl Categories {
    fn push(&mut self, name: &str) {
        let number = if let Some(number) = self.numbers.get(name) {
            *number
        } else {
            // Fewer than 2^32 rows fit a program's memory as text.
            let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
            self.names.push(name.to_owned());
            self.numbers.insert(name.to_owned(), number);
            number
        };
        self.codes.push(Some(number));
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
        let mut frame = Self {
            layout,
            columns,
            targets: Categories::default(),
            first_targets: Vec::new(),
            paths: Vec::new(),
            rows: 0,
        };
        for (file, path) in paths.iter().enumerate() {
            frame.append(file, path)?;
        }
        frame.paths = paths;
        if frame.rows == 0 {
            return Err(DataError::NoRow { channel, directory: directory.to_owned() });
        }
        Ok(frame)
    }

    fn append(&mut self, file: usize, path: &Path) -> Result<(), DataError> {
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
        while let Some(spot) = rows.next()? {
            for (index, number) in numbers.iter().enumerate() {
                let (text, field) = (rows.text(index, spot)?, &fields[*number]);
                if field.purpose != Use::Target {
                    self.columns[*number].push(text, field, spot)?;
                    continue;
                }
                if value::is_missing(text) {
                    let column = field.name.clone();
                    return Err(spot.fault(|place| DataError::NoTarget { place, column }));
                }
                self.targets.push(value::category(text));
                if self.first_targets.len() < self.targets.names.len() {
                    self.first_targets.push((file, spot.byte));
                }
            }
            self.rows += 1;
        }
        Ok(())
    }

    /// An error about one of the target's texts, at the place where it was met first.
    pub(crate) fn target_fault(&self, text: usize, of_place: impl FnOnce(Place) -> DataError) -> DataError {
        let (file, byte) = self.first_targets[text];
        Spot { path: &self.paths[file], byte }.fault(of_place)
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

    fn push(&mut self, text: &str, field: &Field, spot: Spot<'_>) -> Result<(), DataError> {
        let missing = value::is_missing(text);
        match self {
            Self::None => {}
            Self::Numeric(numbers) => {
                let number = if missing { Some(f64::NAN) } else { value::number(text) };
                numbers.push(number.ok_or_else(|| {
                    let (column, value) = (field.name.clone(), text.to_owned());
                    spot.fault(|place| DataError::NotANumber { place, column, value })
                })?);
            }
            Self::Categorical(categories) if missing => categories.codes.push(None),
            Self::Categorical(categories) => categories.push(value::category(text)),
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
