//! From answers to a response's body.

use serde_json::{Map, Value, json};

use super::media::Media;
use crate::metrics::most_probable;

/// Writes answers, one for each row: the probabilities of `labels` in their order, or a value if there are none.
///
/// - JSON: `{"predictions": [prediction, …]}`, where a prediction is `{"label": l, "score": p, "probabilities": {label: p}}`
///   with the most probable label and its probability, or `{"value": v}`;
/// - JSON Lines: a prediction in each line;
/// - CSV, without a header: in each line the most probable label, then the probabilities of all labels in the model's
///   order; or the value.
pub(crate) fn write(media: Media, labels: &[String], answers: &[Vec<f64>]) -> Result<Vec<u8>, WriteError> {
    match media {
        Media::Json => {
            let predictions: Vec<_> = answers.iter().map(|answer| prediction(labels, answer)).collect();
            Ok(serde_json::to_vec(&json!({ "predictions": predictions }))?)
        }
        Media::JsonLines => {
            let mut lines = Vec::new();
            for answer in answers {
                serde_json::to_writer(&mut lines, &prediction(labels, answer))?;
                lines.push(b'\n');
            }
            Ok(lines)
        }
        Media::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for answer in answers {
                if let Some(label) = labels.get(most_probable(answer)) {
                    writer.write_field(label)?;
                }
                for number in answer {
                    writer.write_field(number.to_string())?;
                }
                writer.write_record(None::<&[u8]>)?;
            }
            writer.into_inner().map_err(|error| WriteError::Csv(error.into_error().into()))
        }
    }
}

/// A response could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
}

fn prediction(labels: &[String], answer: &[f64]) -> Value {
    let best = most_probable(answer);
    let Some(label) = labels.get(best) else { return json!({ "value": answer[best] }) };
    let probabilities: Map<_, _> =
        labels.iter().zip(answer).map(|(label, probability)| (label.clone(), json!(probability))).collect();
    json!({ "label": label, "score": answer[best], "probabilities": probabilities })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(media: Media, labels: &[&str], answers: &[Vec<f64>]) -> String {
        let labels: Vec<_> = labels.iter().map(|label| (*label).to_owned()).collect();
        String::from_utf8(write(media, &labels, answers).unwrap()).unwrap()
    }

    #[test]
    fn a_class_is_written_with_its_probabilities() {
        let answers = [vec![0.75, 0.25], vec![0.125, 0.875]];
        assert_eq!(
            written(Media::Json, &["no", "yes"], &answers[..1]),
            r#"{"predictions":[{"label":"no","score":0.75,"probabilities":{"no":0.75,"yes":0.25}}]}"#
        );
        assert_eq!(
            written(Media::Csv, &["no", "yes, sir"], &answers),
            "no,0.75,0.25\n\"yes, sir\",0.125,0.875\n"
        );
        assert_eq!(written(Media::JsonLines, &["no", "yes"], &answers).lines().count(), 2);
    }

    #[test]
    fn a_number_is_written_as_its_value() {
        let answers = [vec![1.5], vec![-2.0]];
        assert_eq!(written(Media::Json, &[], &answers), r#"{"predictions":[{"value":1.5},{"value":-2.0}]}"#);
        assert_eq!(written(Media::JsonLines, &[], &answers), "{\"value\":1.5}\n{\"value\":-2.0}\n");
        assert_eq!(written(Media::Csv, &[], &answers), "1.5\n-2\n");
    }
}
