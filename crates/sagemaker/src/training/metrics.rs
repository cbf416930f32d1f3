//! The metrics of a training job, found in its log.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

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

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

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
}
