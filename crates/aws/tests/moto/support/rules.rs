//! What Parameter Store refuses and moto takes, and its quota of writes.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

/// How long a deleted name cannot be used again (`DeleteParameter`).
const RECREATE: Duration = Duration::from_secs(30);

/// The service's side of a quota: tokens that fill at a rate, and a call without one is refused.
#[derive(Debug)]
pub(crate) struct Quota {
    rate: f64,
    burst: f64,
    tokens: f64,
    at: Timestamp,
}

impl Quota {
    pub(crate) fn new(rate: f64, burst: f64, now: Timestamp) -> Self {
        Self { rate, burst, tokens: burst, at: now }
    }

    pub(crate) fn takes(&mut self, now: Timestamp) -> bool {
        let elapsed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + elapsed * self.rate).min(self.burst);
        let takes = self.tokens >= 1.0;
        if takes {
            self.tokens -= 1.0;
        }
        takes
    }
}

/// What is known of the parameters of one account.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    parameters: HashMap<String, Stored>,
    deleted: HashMap<String, Timestamp>,
}

#[derive(Debug)]
struct Stored {
    parameter_type: String,
    advanced: bool,
}

/// The code and the message of an answer that refuses.
pub(crate) type Refusal = (&'static str, String);

fn validation(message: impl Into<String>) -> Refusal {
    ("ValidationException", message.into())
}

fn text<'a>(request: &'a Value, member: &str) -> &'a str {
    request[member].as_str().unwrap_or_default()
}

impl Rules {
    /// Why a `PutParameter` is refused, if it is.
    pub(crate) fn refuse(&self, request: &Value, now: Timestamp) -> Option<Refusal> {
        let (name, value) = (text(request, "Name"), text(request, "Value"));
        let (parameter_type, overwrite) = (text(request, "Type"), request["Overwrite"] == json!(true));
        let advanced = text(request, "Tier") == "Advanced";
        if overwrite && request["Tags"].as_array().is_some_and(|tags| !tags.is_empty()) {
            return Some(validation("Invalid request: tags and overwrite can't be used together."));
        }
        if let Some(message) = refuse_value(value, parameter_type, advanced) {
            return Some(validation(message));
        }
        match (self.parameters.get(name), self.deleted.get(name)) {
            (Some(_), _) if !overwrite => {
                Some(("ParameterAlreadyExists", "The parameter already exists.".to_owned()))
            }
            (Some(stored), _) if stored.parameter_type != parameter_type => {
                let message = format!("The parameter's type is {}.", stored.parameter_type);
                Some(("HierarchyTypeMismatchException", message))
            }
            (Some(stored), _) if stored.advanced && !advanced => Some(validation(
                "This parameter uses the advanced-parameter tier. You can't downgrade it to the standard-parameter tier.",
            )),
            (None, Some(deleted)) if now.duration_since(*deleted) < RECREATE.try_into().unwrap() => {
                Some(("ParameterAlreadyExists", "The parameter already exists.".to_owned()))
            }
            _ => None,
        }
    }

    /// A `PutParameter` was done.
    pub(crate) fn put(&mut self, request: &Value) {
        let (parameter_type, advanced) =
            (text(request, "Type").to_owned(), text(request, "Tier") == "Advanced");
        self.parameters.insert(text(request, "Name").to_owned(), Stored { parameter_type, advanced });
    }

    /// A `DeleteParameters` was done.
    pub(crate) fn delete(&mut self, request: &Value, now: Timestamp) {
        for name in request["Names"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if self.parameters.remove(name).is_some() {
                self.deleted.insert(name.to_owned(), now);
            }
        }
    }

    /// How many of the parameters are Advanced.
    pub(crate) fn advanced(&self) -> usize {
        self.parameters.values().filter(|stored| stored.advanced).count()
    }
}

fn refuse_value(value: &str, parameter_type: &str, advanced: bool) -> Option<String> {
    let most = if advanced { 8192 } else { 4096 };
    if value.is_empty() {
        Some("1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1".to_owned())
    } else if value.chars().count() > most {
        Some(format!("The value is longer than {most} characters, which is the most in its tier."))
    } else if value.contains("{{") {
        Some(format!("Parameter value: {value} can't contain {{{{ }}}}."))
    } else if parameter_type == "StringList" && value.split(',').any(str::is_empty) {
        Some("A StringList can't have empty items.".to_owned())
    } else {
        None
    }
}
