use super::{NAME, is_range_list};
use crate::json::{Member, Node, Value, parse};
use crate::{Content, Entry, Kind, SECRET, Sources};

/// Why entries do not make a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// One name is both a value and a branch.
    #[error("\"{0}\" is both a parameter and the path of others")]
    LeafAndBranch(String),
    /// The same name twice.
    #[error("\"{0}\" is there twice")]
    Duplicate(String),
    /// A single value where a range's members belong.
    #[error("\"{0}\" is a parameter, but a range's bounds lie below its name")]
    Range(String),
    /// A value that is not of its kind.
    #[error("the value of \"{name}\" is not {expected}: {value:?}")]
    Value {
        /// The levels of the parameter below the project's path.
        name: String,
        /// What its kind asks for.
        expected: &'static str,
        /// The value that is stored.
        value: String,
    },
}

/// The document whose leaves are the entries of `content`; the inverse of [`encode`](crate::encode).
///
/// # Errors
/// [`DecodeError`] when the entries contradict each other or a value is not of its kind.
pub fn decode(content: &Content) -> Result<Node, DecodeError> {
    let mut root = Branch::default();
    for entry in &content.entries {
        root.insert(&entry.levels, leaf(entry)?, &entry.levels)?;
    }
    root.into_node(&mut Vec::new())
}

/// A value on its way up: members by name, in the order in which they came.
#[derive(Default)]
struct Branch {
    members: indexmap::IndexMap<String, Slot>,
}

enum Slot {
    Leaf(Node),
    Branch(Branch),
}

impl Branch {
    fn insert(&mut self, levels: &[String], node: Node, whole: &[String]) -> Result<(), DecodeError> {
        let Some((first, rest)) = levels.split_first() else {
            return Err(DecodeError::Duplicate(whole.join("/")));
        };
        if rest.is_empty() {
            return match self.members.insert(first.clone(), Slot::Leaf(node)) {
                None => Ok(()),
                Some(Slot::Leaf(_)) => Err(DecodeError::Duplicate(whole.join("/"))),
                Some(Slot::Branch(_)) => Err(DecodeError::LeafAndBranch(whole.join("/"))),
            };
        }
        let slot = self.members.entry(first.clone()).or_insert_with(|| Slot::Branch(Branch::default()));
        match slot {
            Slot::Branch(branch) => branch.insert(rest, node, whole),
            Slot::Leaf(_) => {
                let branch = &whole[..whole.len() - rest.len()];
                Err(DecodeError::LeafAndBranch(branch.join("/")))
            }
        }
    }

    fn into_node(self, levels: &mut Vec<String>) -> Result<Node, DecodeError> {
        let in_range_list = is_range_list(levels);
        let mut ranges = Vec::new();
        let mut members = Vec::new();
        for (name, slot) in self.members {
            levels.push(name.clone());
            let node = match slot {
                Slot::Leaf(node) => node,
                Slot::Branch(branch) => branch.into_node(levels)?,
            };
            if in_range_list {
                ranges.push(range(name, node, levels)?);
            } else {
                members.push(Member::new(name, node));
            }
            levels.pop();
        }
        Ok(if in_range_list { Value::Array(ranges) } else { Value::Object(members) }.into())
    }
}

/// What stands under its name in a list of ranges, as the element it was.
fn range(name: String, node: Node, levels: &[String]) -> Result<Node, DecodeError> {
    let Value::Object(rest) = node.value else {
        return Err(DecodeError::Range(levels.join("/")));
    };
    let mut members = vec![Member::new(NAME, Value::String(name))];
    members.extend(rest);
    Ok(Value::Object(members).into())
}

fn leaf(entry: &Entry) -> Result<Node, DecodeError> {
    let wrong =
        |expected| DecodeError::Value { name: entry.levels.join("/"), expected, value: entry.value.clone() };
    let value = match entry.kind {
        Kind::String => Value::String(entry.value.clone()),
        Kind::Number => match parse_json(&entry.value) {
            Some(Node { value: number @ Value::Number(_), .. }) => number,
            _ => return Err(wrong("a JSON number")),
        },
        Kind::Boolean => match entry.value.as_str() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => return Err(wrong("true or false")),
        },
        Kind::StringList => {
            Value::Array(entry.value.split(',').map(|text| Value::String(text.to_owned()).into()).collect())
        }
        Kind::Json => return parse_json(&entry.value).ok_or_else(|| wrong("JSON")),
        Kind::Null => Value::Null,
        Kind::EmptyString => Value::String(String::new()),
        Kind::EmptyList => Value::Array(Vec::new()),
        Kind::EmptyObject => Value::Object(Vec::new()),
        Kind::SecretSource => Value::Object(secret(&entry.value)),
        Kind::Secret => {
            let (name, version) =
                entry.secret_version().ok_or_else(|| wrong("the name and version of a SecureString"))?;
            let mut members = secret(name.as_str());
            members.push(Member::new("version", Value::Number(version.to_string())));
            Value::Object(members)
        }
    };
    Ok(value.into())
}

fn secret(source: &str) -> Vec<Member> {
    vec![Member::new(SECRET, Value::String(source.to_owned()))]
}

fn parse_json(text: &str) -> Option<Node> {
    let mut sources = Sources::default();
    let source = sources.add("value", text);
    parse(&sources, source).ok()
}
