//! JSON documents with the place of every value, and numbers as they were written.

mod parse;
mod pointer;
mod pretty;
mod write;

pub use parse::parse;
pub use pointer::Pointer;
pub use pretty::to_pretty;
pub use write::write_string;

/// A half-open range of bytes in one of the sources of a set of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The number that [`Sources::add`](crate::Sources::add) gave the text.
    pub source: u16,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    /// A range of bytes of `source`.
    pub fn new(source: u16, start: u32, end: u32) -> Self {
        Self { source, start, end }
    }
}

/// A JSON value and its place. Two nodes are equal when their values are, wherever they stand.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place.
    pub span: Span,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl From<Value> for Node {
    /// A node that stands in no source.
    fn from(value: Value) -> Self {
        Self { value, span: Span::default() }
    }
}

/// A JSON value. A number is its text: `1e-9` stays `1e-9`.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// The number's text, a valid JSON number.
    Number(String),
    /// The text, unescaped.
    String(String),
    /// The elements in order.
    Array(Vec<Node>),
    /// The members in the order in which they were written; names are unique.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The name, unescaped.
    pub name: String,
    /// The place of the name.
    pub name_span: Span,
    /// The value.
    pub node: Node,
}

impl Member {
    /// A member whose name stands in no source.
    pub fn new(name: impl Into<String>, node: impl Into<Node>) -> Self {
        Self { name: name.into(), name_span: Span::default(), node: node.into() }
    }
}

impl PartialEq for Value {
    /// JSON's equality: the order of an object's members does not matter, a number's text does.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Number(a), Self::Number(b)) | (Self::String(a), Self::String(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => {
                let same_order = || a.iter().zip(b).all(|(x, y)| x.name == y.name && x.node == y.node);
                let any_order = || a.iter().all(|x| member(b, &x.name).is_some_and(|y| x.node == y.node));
                a.len() == b.len() && (same_order() || any_order())
            }
            _ => false,
        }
    }
}

fn member<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| member.name == name)
}

impl Value {
    /// The member called `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Self::Object(members) => member(members, name).map(|member| &member.node),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        match self {
            Self::Object(members) => {
                members.iter_mut().find(|member| member.name == name).map(|member| &mut member.node)
            }
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages: `an object`, `a number`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}
