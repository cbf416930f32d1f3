//! The metrics of a training job, found in its log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::algorithm::Metric;

/// The last value of each metric that the log has, in the metrics' order. A match that is not a finite number does
/// not count.
pub(crate) fn last_values(log: &Path, metrics: &[Metric]) -> io::Result<Vec<(String, f64)>> {
    let mut reader = match File::open(log) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut values = vec![None; metrics.len()];
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        for (metric, value) in metrics.iter().zip(&mut values) {
            let last =
                metric.regex.captures_iter(&text).filter_map(|found| number(found.get(1)?.as_str())).last();
            *value = last.or(*value);
        }
        line.clear();
    }
    let named = metrics.iter().zip(values);
    Ok(named.filter_map(|(metric, value)| Some((metric.name.clone(), value?))).collect())
}

/// Reads the values of one metric from a log that grows.
#[derive(Debug)]
pub(crate) struct Tail {
    log: PathBuf,
    metric: Regex,
    /// How much of the log has been read.
    read: u64,
    /// The start of a line whose end is not there yet.
    line: Vec<u8>,
}

impl Tail {
    pub(crate) fn new(log: PathBuf, metric: Regex) -> Self {
        Self { log, metric, read: 0, line: Vec::new() }
    }

    /// The values in the lines that have ended since the last call; none when there is no log yet.
    pub(crate) fn read(&mut self) -> io::Result<Vec<f64>> {
        let mut file = match File::open(&self.log) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut reader = BufReader::new(file);
        let mut values = Vec::new();
        loop {
            let read = reader.read_until(b'\n', &mut self.line)?;
            self.read += read as u64;
            if self.line.last() != Some(&b'\n') {
                return Ok(values);
            }
            values.extend(self.rest());
        }
    }

    /// The values in the last line, which has no end.
    pub(crate) fn rest(&mut self) -> Vec<f64> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let found = self.metric.captures_iter(&text);
        found.filter_map(|found| found.get(1)?.as_str().trim().parse().ok()).collect()
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_number_counts() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, b"auc=0.5;\nauc=0.75; auc=0.8;\n\xff auc=nan;\nloss=x\n").unwrap();
        let metric = |name: &str| Metric {
            name: name.to_owned(),
            regex: Regex::new(&format!("{name}=([^;]*)")).unwrap(),
        };
        let metrics = [metric("loss"), metric("auc")];
        assert_eq!(last_values(&log, &metrics).unwrap(), [("auc".to_owned(), 0.8)]);
        assert_eq!(last_values(&folder.path().join("none"), &metrics).unwrap(), []);
    }

    #[test]
    fn a_log_that_grows_is_read_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut tail = Tail::new(log.clone(), Regex::new("auc=([^;]*)").unwrap());
        assert!(tail.read().unwrap().is_empty());
        let mut file = File::create(&log).unwrap();
        file.write_all(b"auc=0.1; auc=0.2;\nauc=0.").unwrap();
        assert_eq!(tail.read().unwrap(), [0.1, 0.2]);
        assert!(tail.read().unwrap().is_empty());
        file.write_all(b"3;\nloss=1;\nauc=none;\nauc=nan;\nauc=0.4").unwrap();
        let values = tail.read().unwrap();
        assert!(values.len() == 2 && values[1].is_nan(), "{values:?}");
        assert_eq!(tail.rest(), [0.4]);
        assert!(tail.rest().is_empty());
    }
}
