//! CSV files, row by row, and the places in them.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};

use super::error::{DataError, Place};

/// Where a row begins: cheap to keep for every row, and made into a line only for an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) path: &'a Path,
    pub(crate) byte: u64,
}

impl Spot<'_> {
    /// The error that `of_place` makes, or that of reading the file again to count its lines.
    pub(crate) fn fault(self, of_place: impl FnOnce(Place) -> DataError) -> DataError {
        let line = File::open(self.path).and_then(|file| line_at(BufReader::new(file), self.byte));
        match line {
            Ok(line) => of_place(Place { path: self.path.to_owned(), line }),
            Err(source) => DataError::Read { path: self.path.to_owned(), source },
        }
    }
}

/// The line, counted from 1, of the first character from `start` on that ends no line: blank lines are part of no row.
fn line_at(file: impl BufRead, start: u64) -> Result<u64, io::Error> {
    let mut line = 1;
    let mut after_return = false;
    for (position, byte) in (0_u64..).zip(file.bytes()) {
        let byte = byte?;
        if position >= start && !matches!(byte, b'\n' | b'\r') {
            break;
        }
        // Lines end with a return, a line feed, or one after the other.
        line += u64::from(byte == b'\r' || (byte == b'\n' && !after_return));
        after_return = byte == b'\r';
    }
    Ok(line)
}

/// A file's rows, one after the other.
pub(crate) struct Rows<'a> {
    path: &'a Path,
    reader: csv::Reader<File>,
    /// The names of the columns; each once.
    pub(crate) header: Vec<String>,
    row: ByteRecord,
}

impl<'a> Rows<'a> {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &'a Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        // Flexible: a ragged row is ours to tell, with its line. Without headers: the first row is read like any other.
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        let mut rows = Self { path, reader, header: Vec::new(), row: ByteRecord::new() };
        let Some(spot) = rows.read()? else { return Err(DataError::Empty { path: path.to_owned() }) };
        for field in 0..rows.row.len() {
            let name = rows.text(field, spot)?.to_owned();
            if name.is_empty() {
                return Err(DataError::Unnamed { path: path.to_owned(), number: field + 1 });
            }
            if rows.header.contains(&name) {
                return Err(DataError::Twice { path: path.to_owned(), name });
            }
            rows.header.push(name);
        }
        Ok(rows)
    }

    /// Goes to the next row and tells where it is.
    pub(crate) fn next(&mut self) -> Result<Option<Spot<'a>>, DataError> {
        let Some(spot) = self.read()? else { return Ok(None) };
        let (expected, found) = (self.header.len(), self.row.len());
        if expected == found {
            Ok(Some(spot))
        } else {
            Err(spot.fault(|place| DataError::Ragged { place, expected, found }))
        }
    }

    fn read(&mut self) -> Result<Option<Spot<'a>>, DataError> {
        let more = self.reader.read_byte_record(&mut self.row);
        let more = more.map_err(|error| DataError::Read {
            path: self.path.to_owned(),
            source: io::Error::other(error),
        })?;
        let byte = self.row.position().map_or(0, csv::Position::byte);
        Ok(more.then_some(Spot { path: self.path, byte }))
    }

    /// The text of a field, without spaces around it.
    pub(crate) fn text(&self, field: usize, spot: Spot<'_>) -> Result<&str, DataError> {
        let bytes = self.row.get(field).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map(str::trim);
        text.map_err(|_| spot.fault(|place| DataError::NotText { place }))
    }
}

/// All files below a directory in the order of their paths; names that begin with a dot are the system's own.
pub(crate) fn files(directory: &Path) -> Result<Vec<PathBuf>, DataError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways_and_blank_ones_belong_to_no_row() {
        let line = |text: &str, start| line_at(text.as_bytes(), start).unwrap();
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("a{end}b{end}{end}c");
            let width = u64::try_from(end.len()).unwrap();
            assert_eq!(line(&text, 0), 1);
            assert_eq!(line(&text, 1 + width), 2, "{text:?}");
            // The reader counts the blank line before a row, and the second half of a line's end, to the row.
            assert_eq!(line(&text, 2 + 2 * width), 4, "{text:?}");
            assert_eq!(line(&text, 2 + 3 * width), 4, "{text:?}");
        }
    }
}
