use serde_json::{Map, Value, json};

use super::Envelope;

/// The most bytes that an answer may have.
pub const MAX_BYTES: usize = 4096;
/// The most characters of a reason: what a console shows of it, and room enough within an answer for the ids.
const MAX_REASON: usize = 1000;

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was done.
    Success {
        /// The resource's id.
        physical_id: String,
        /// Its attributes.
        attributes: Map<String, Value>,
    },
    /// It was not.
    Failed {
        /// The resource's id.
        physical_id: String,
        /// Why not.
        reason: String,
    },
}

/// The answer to a request, as JSON text of at most [`MAX_BYTES`].
pub fn response(request: &Envelope, outcome: &Outcome) -> String {
    let mut answer = json!({
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_id,
    });
    match outcome {
        Outcome::Success { physical_id, attributes } => {
            answer["Status"] = json!("SUCCESS");
            answer["PhysicalResourceId"] = json!(physical_id);
            answer["Data"] = json!(attributes);
            let text = answer.to_string();
            if text.len() <= MAX_BYTES {
                return text;
            }
            // A resource was made that cannot be described; that is told rather than cut.
            answer["Data"].take();
            answer["Status"] = json!("FAILED");
            answer["Reason"] = json!("the attributes of the resource are too long for an answer");
            answer.to_string()
        }
        Outcome::Failed { physical_id, reason } => {
            answer["Status"] = json!("FAILED");
            answer["PhysicalResourceId"] = json!(physical_id);
            let mut most = MAX_REASON;
            loop {
                answer["Reason"] = json!(shortened(reason, most));
                let text = answer.to_string();
                // Escapes can make a reason six times as long; without any, the ids alone are too long.
                if text.len() <= MAX_BYTES || most == 0 {
                    return text;
                }
                most /= 2;
            }
        }
    }
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
