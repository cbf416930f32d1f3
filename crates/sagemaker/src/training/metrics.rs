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

/// The values of one metric in a log that is being written, in their order.
#[derive(Debug)]
pub(crate) struct Follower {
    log: PathBuf,
    regex: Regex,
    /// How much of the log was read: whole lines.
    at: u64,
}

impl Follower {
    pub(crate) fn new(log: PathBuf, regex: Regex) -> Self {
        Self { log, regex, at: 0 }
    }

    /// Adds what the lines have that were completed since the last time. Of a log that was begun anew, because its program
    /// was, the values are read anew as well. A match that is no number is NaN.
    pub(crate) fn read(&mut self, values: &mut Vec<f64>) -> io::Result<()> {
        let mut file = match File::open(&self.log) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < self.at {
            self.at = 0;
            values.clear();
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            self.at += line.len() as u64;
            let text = String::from_utf8_lossy(&line);
            let found = self.regex.captures_iter(&text).filter_map(|found| found.get(1));
            values.extend(found.map(|value| number(value.as_str()).unwrap_or(f64::NAN)));
            line.clear();
        }
        Ok(())
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_log_is_followed_by_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut follower = Follower::new(log.clone(), Regex::new("auc=([^;]*)").unwrap());
        let mut values = Vec::new();
        follower.read(&mut values).unwrap();
        for (written, expected) in [
            ("auc=0.5; auc=0.6;\nauc=0.", vec![0.5, 0.6]),
            ("auc=0.5; auc=0.6;\nauc=0.7;\n", vec![0.5, 0.6, 0.7]),
            ("auc=0.9;\n", vec![0.9]),
        ] {
            std::fs::write(&log, written).unwrap();
            follower.read(&mut values).unwrap();
            assert_eq!(values, expected, "{written}");
        }
        std::fs::write(&log, "auc=0.9;\nauc=nan;\n").unwrap();
        follower.read(&mut values).unwrap();
        assert!(values[1].is_nan());
    }
}
