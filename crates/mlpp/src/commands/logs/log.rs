//! A log file that is copied to standard output while it grows.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// A log file, and how much of it was printed.
pub(super) struct Log {
    file: PathBuf,
    at: u64,
    /// Who writes it, for where there are several.
    writer: String,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl Log {
    pub(super) fn new(file: &Path, writer: String) -> Self {
        Self { file: file.to_owned(), at: 0, writer, begun: Vec::new() }
    }

    /// Whether nothing was printed so far.
    pub(super) fn is_empty(&self) -> bool {
        self.at == 0
    }

    /// Copies what is new to standard output; says whether there is still a reader. Named lines are printed as a whole, what is
    /// left of one at the end.
    pub(super) fn copy(&mut self, named: bool, ended: bool) -> Result<bool, CommandError> {
        let name = self.file.display().to_string();
        let failed = |error| CommandError::failed(&format!("read {name}"), error);
        let Some(mut file) = open(&self.file).map_err(failed)? else { return Ok(true) };
        file.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut piece).map_err(failed)?;
            self.at += read as u64;
            self.begun.extend_from_slice(piece.get(..read).unwrap_or_default());
            let is_all = read == 0;
            let text = self.ready(named, is_all && ended);
            let mut stdout = std::io::stdout().lock();
            match stdout.write_all(&text).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(false),
                Err(error) => return Err(CommandError::failed("write to standard output", error)),
                Ok(()) => {}
            }
            if is_all {
                return Ok(true);
            }
        }
    }

    /// What can be printed of what was read.
    fn ready(&mut self, named: bool, ended: bool) -> Vec<u8> {
        if !named {
            return std::mem::take(&mut self.begun);
        }
        let end = match self.begun.iter().rposition(|byte| *byte == b'\n') {
            _ if ended => self.begun.len(),
            Some(last) => last + 1,
            None => 0,
        };
        let rest = self.begun.split_off(end);
        let lines = std::mem::replace(&mut self.begun, rest);
        let mut text = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            text.extend_from_slice(self.writer.as_bytes());
            text.extend_from_slice(b" | ");
            text.extend_from_slice(line);
            if line.last() != Some(&b'\n') {
                text.push(b'\n');
            }
        }
        text
    }
}

/// The file, once it is there.
fn open(file: &Path) -> std::io::Result<Option<std::fs::File>> {
    match std::fs::File::open(file) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_lines_are_printed_as_a_whole() {
        let mut log = Log::new(Path::new("log"), "one 1".to_owned());
        log.begun.extend_from_slice(b"first\nsec");
        assert_eq!(log.ready(true, false), b"one 1 | first\n");
        log.begun.extend_from_slice(b"ond\nlast");
        assert_eq!(log.ready(true, true), b"one 1 | second\none 1 | last\n");
        assert_eq!(log.ready(true, true), b"");
    }

    #[test]
    fn one_log_is_printed_as_it_is() {
        let mut log = Log::new(Path::new("log"), "one 1".to_owned());
        log.begun.extend_from_slice(b"first\nsec");
        assert_eq!(log.ready(false, false), b"first\nsec");
    }
}
