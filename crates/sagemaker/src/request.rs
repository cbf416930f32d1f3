//! Reading requests: members, types and constraints, with the service's phrasing of what is wrong.

use serde_json::{Map, Value};

use crate::error::ServiceError;
use crate::names;

/// A value inside a request and where it stands, in the lower camel case in which the service names places.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// The member, unless it is absent or null.
    pub(crate) fn member(&self, name: &str) -> Option<Node<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Node { value, path: self.path_of(name) })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    fn path_of(&self, name: &str) -> String {
        let mut letters = name.chars();
        let lower: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        if self.path.is_empty() { lower } else { format!("{}.{lower}", self.path) }
    }
}

/// What a text must look like.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    min: usize,
    max: usize,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Shape {
    Any,
    /// The pattern as the service shows it, and whether a text matches it.
    Pattern(&'static str, fn(&str) -> bool),
    OneOf(&'static [&'static str]),
}

impl Text {
    pub(crate) const fn any(max: usize) -> Self {
        Self { min: 0, max, shape: Shape::Any }
    }

    pub(crate) const fn filled(max: usize) -> Self {
        Self { min: 1, max, shape: Shape::Any }
    }

    pub(crate) const fn one_of(values: &'static [&'static str]) -> Self {
        Self { min: 0, max: usize::MAX, shape: Shape::OneOf(values) }
    }

    const fn pattern(max: usize, shown: &'static str, matches: fn(&str) -> bool) -> Self {
        Self { min: 1, max, shape: Shape::Pattern(shown, matches) }
    }
}

/// Names of tuning jobs.
pub(crate) const TUNING_JOB_NAME: Text = Text::pattern(32, "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", is_name);
/// Names of training jobs, models, endpoints and the like.
pub(crate) const NAME: Text = Text::pattern(63, "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", is_name);
/// Names of training job definitions.
pub(crate) const DEFINITION_NAME: Text = Text::pattern(64, "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}", is_name);
/// Names of channels.
pub(crate) const CHANNEL_NAME: Text = Text::pattern(64, "[A-Za-z0-9\\.\\-_]+", is_channel_name);
/// S3 URIs; the service also takes https URIs, which are refused here.
pub(crate) const S3_URI: Text =
    Text::pattern(1024, "^(https|s3)://([^/]+)/?(.*)$", |uri| names::s3_uri(uri).is_some());
/// ARNs of roles.
pub(crate) const ROLE_ARN: Text =
    Text::pattern(2048, "^arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+$", is_role_arn);

pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_channel_name(text: &str) -> bool {
    // `.` and `..` match the service's pattern but cannot be folders of their own.
    !matches!(text, "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, role] = parts.as_slice() else { return false };
    partition.starts_with("aws")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && role.strip_prefix("role").is_some_and(|name| {
            let name = name.strip_prefix('/').unwrap_or(name);
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte))
        })
}

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    violations: Vec<String>,
    mistyped: Option<String>,
}

impl Checks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The service's answer to what was found: a wrong type first, then all violations in one message.
    pub(crate) fn finish(&mut self) -> Result<(), ServiceError> {
        if let Some(mistyped) = self.mistyped.take() {
            return Err(ServiceError::new("SerializationException", 400, mistyped));
        }
        let violations = std::mem::take(&mut self.violations);
        match violations.len() {
            0 => Ok(()),
            1 => Err(ServiceError::validation(format!("1 validation error detected: {}", violations[0]))),
            count => {
                let all = violations.join("; ");
                Err(ServiceError::validation(format!("{count} validation errors detected: {all}")))
            }
        }
    }

    pub(crate) fn violation(&mut self, shown: &str, path: &str, constraint: &str) {
        self.violations.push(format!("Value {shown} at '{path}' failed to satisfy constraint: {constraint}"));
    }

    fn mistype(&mut self, node: &Node<'_>, expected: &str) {
        let found = match node.value {
            Value::Null => "NULL_VALUE",
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
            Value::Array(_) => "START_ARRAY",
            Value::Object(_) => "START_OBJECT",
        };
        let text = format!("{found} at '{}' can not be converted to {expected}", node.path);
        self.mistyped.get_or_insert(text);
    }

    fn require(&mut self, parent: &Node<'_>, name: &str) {
        self.violation("null", &parent.path_of(name), "Member must not be null");
    }

    /// A required member of any type.
    pub(crate) fn required<'a>(&mut self, parent: &Node<'a>, name: &str) -> Option<Node<'a>> {
        let member = parent.member(name);
        if member.is_none() {
            self.require(parent, name);
        }
        member
    }

    /// An optional object.
    pub(crate) fn object<'a>(&mut self, parent: &Node<'a>, name: &str) -> Option<Node<'a>> {
        let node = parent.member(name)?;
        if !node.value.is_object() {
            self.mistype(&node, "a structure");
            return None;
        }
        Some(node)
    }

    /// A required object.
    pub(crate) fn required_object<'a>(&mut self, parent: &Node<'a>, name: &str) -> Option<Node<'a>> {
        self.required(parent, name)?;
        self.object(parent, name)
    }

    /// An optional text.
    pub(crate) fn text<'a>(&mut self, parent: &Node<'a>, name: &str, rule: Text) -> Option<&'a str> {
        let node = parent.member(name)?;
        let Some(text) = node.value.as_str() else {
            self.mistype(&node, "a String");
            return None;
        };
        self.check_text(text, &node.path, rule).then_some(text)
    }

    /// A required text.
    pub(crate) fn required_text<'a>(&mut self, parent: &Node<'a>, name: &str, rule: Text) -> Option<&'a str> {
        self.required(parent, name)?;
        self.text(parent, name, rule)
    }

    fn check_text(&mut self, text: &str, path: &str, rule: Text) -> bool {
        let before = self.violations.len();
        let (shown, length) = (format!("'{text}'"), text.chars().count());
        if length > rule.max {
            let constraint = format!("Member must have length less than or equal to {}", rule.max);
            self.violation(&shown, path, &constraint);
        }
        if length < rule.min {
            let constraint = format!("Member must have length greater than or equal to {}", rule.min);
            self.violation(&shown, path, &constraint);
        }
        match rule.shape {
            Shape::Pattern(pattern, matches) if !matches(text) => {
                let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
                self.violation(&shown, path, &constraint);
            }
            Shape::OneOf(values) if !values.contains(&text) => {
                let constraint = format!("Member must satisfy enum value set: [{}]", values.join(", "));
                self.violation(&shown, path, &constraint);
            }
            Shape::Any | Shape::Pattern(..) | Shape::OneOf(_) => {}
        }
        self.violations.len() == before
    }

    /// An optional whole number.
    pub(crate) fn integer(&mut self, parent: &Node<'_>, name: &str, min: i64, max: i64) -> Option<i64> {
        let node = parent.member(name)?;
        let Some(number) = integer(node.value) else {
            self.mistype(&node, "an Integer");
            return None;
        };
        self.bounds(number, &node.path, min, max).then_some(number)
    }

    fn bounds(&mut self, number: i64, path: &str, min: i64, max: i64) -> bool {
        let shown = format!("'{number}'");
        if number < min {
            let constraint = format!("Member must have value greater than or equal to {min}");
            self.violation(&shown, path, &constraint);
        }
        if number > max {
            let constraint = format!("Member must have value less than or equal to {max}");
            self.violation(&shown, path, &constraint);
        }
        (min..=max).contains(&number)
    }

    /// A required whole number.
    pub(crate) fn required_integer(
        &mut self,
        parent: &Node<'_>,
        name: &str,
        min: i64,
        max: i64,
    ) -> Option<i64> {
        self.required(parent, name)?;
        self.integer(parent, name, min, max)
    }

    /// An optional switch.
    pub(crate) fn boolean(&mut self, parent: &Node<'_>, name: &str) -> Option<bool> {
        let node = parent.member(name)?;
        let switch = node.value.as_bool();
        if switch.is_none() {
            self.mistype(&node, "a Boolean");
        }
        switch
    }

    /// An optional number that is not negative.
    pub(crate) fn number(&mut self, parent: &Node<'_>, name: &str) -> Option<f64> {
        let node = parent.member(name)?;
        let Some(number) = node.value.as_f64() else {
            self.mistype(&node, "a Float");
            return None;
        };
        if number < 0.0 {
            let constraint = "Member must have value greater than or equal to 0";
            self.violation(&format!("'{number}'"), &node.path, constraint);
            return None;
        }
        Some(number)
    }

    /// The members of a list; none when it is absent.
    pub(crate) fn list<'a>(
        &mut self,
        parent: &Node<'a>,
        name: &str,
        min: usize,
        max: usize,
    ) -> Vec<Node<'a>> {
        let Some(node) = parent.member(name) else { return Vec::new() };
        let Some(members) = node.value.as_array() else {
            self.mistype(&node, "a list");
            return Vec::new();
        };
        if members.len() < min || members.len() > max {
            let (side, bound) = if members.len() < min { ("greater", min) } else { ("less", max) };
            let constraint = format!("Member must have length {side} than or equal to {bound}");
            self.violation(&format!("'{}'", node.value), &node.path, &constraint);
        }
        members
            .iter()
            .enumerate()
            .map(|(index, value)| Node { value, path: format!("{}.{}.member", node.path, index + 1) })
            .collect()
    }

    /// The texts of a map from text to text, in their order.
    pub(crate) fn map(&mut self, parent: &Node<'_>, name: &str) -> Map<String, Value> {
        let Some(node) = parent.member(name) else { return Map::new() };
        let Some(members) = node.value.as_object() else {
            self.mistype(&node, "a map");
            return Map::new();
        };
        for (key, value) in members {
            if !value.is_string() {
                self.mistype(&Node { value, path: format!("{}.{key}", node.path) }, "a String");
            }
        }
        members.clone()
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, parent: &Node<'_>, name: &str, min: usize, max: usize) -> Vec<String> {
        let members = self.list(parent, name, min, max);
        let mut texts = Vec::with_capacity(members.len());
        for member in members {
            match member.value.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => self.mistype(&member, "a String"),
            }
        }
        texts
    }
}

/// The whole number that a value is. One such as 10.0, which JSONata may write, is a whole number too.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| whole(value.as_f64()?))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < (1_i64 << 53) as f64).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn violations_read_as_the_service_writes_them() {
        let request = json!({"Name": "-x", "Config": {"Strategy": "Best", "Limits": {"Max": 0}}});
        let root = Node::root(&request);
        let mut checks = Checks::new();
        assert_eq!(checks.required_text(&root, "Name", NAME), None);
        let config = checks.required_object(&root, "Config").unwrap();
        checks.required_text(&config, "Strategy", Text::one_of(&["Bayesian", "Random"]));
        let limits = checks.required_object(&config, "Limits").unwrap();
        checks.required_integer(&limits, "Max", 1, 10);
        checks.required(&limits, "Other");
        let error = checks.finish().unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert_eq!(
            error.message,
            "4 validation errors detected: \
             Value '-x' at 'name' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}; \
             Value 'Best' at 'config.strategy' failed to satisfy constraint: \
             Member must satisfy enum value set: [Bayesian, Random]; \
             Value '0' at 'config.limits.max' failed to satisfy constraint: \
             Member must have value greater than or equal to 1; \
             Value null at 'config.limits.other' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn a_wrong_type_is_told_first() {
        let request = json!({"Max": "10", "List": {}, "Number": 10.0});
        let root = Node::root(&request);
        let mut checks = Checks::new();
        assert_eq!(checks.integer(&root, "Number", 0, 10), Some(10));
        checks.integer(&root, "Max", 0, 5);
        checks.list(&root, "List", 0, 1);
        let error = checks.finish().unwrap_err();
        assert_eq!(error.code, "SerializationException");
        assert_eq!(error.message, "STRING_VALUE at 'max' can not be converted to an Integer");
    }

    #[test]
    fn shapes() {
        assert!(
            is_role_arn("arn:aws:iam::123456789012:role/hpo")
                && is_role_arn("arn:aws-cn:iam::123456789012:role/a/b")
        );
        assert!(
            !is_role_arn("hpo")
                && !is_role_arn("arn:aws:iam::1:role/x")
                && !is_role_arn("arn:aws:iam::123456789012:role/")
        );
        assert!(is_channel_name("train_1.x") && !is_channel_name("..") && !is_channel_name("a/b"));
    }
}
