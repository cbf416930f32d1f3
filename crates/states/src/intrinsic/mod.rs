//! Intrinsic functions: `States.Format('{}', $.name)` in the values of payload template fields that end in `.$`.

mod functions;
mod parse;
mod text;

use std::sync::Arc;

use serde_json::Value;

use crate::jsonpath::{ParseError, Path};
use crate::random::Random;

/// A call, parsed once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// The call as it was written, for messages.
    text: Arc<str>,
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug, PartialEq)]
enum Argument {
    Literal(Value),
    Text(TextLiteral),
    Path(Path),
    Call(Call),
}

/// A quoted string: `States.Format` must tell `{}` from `\{\}`.
#[derive(Clone, Debug, PartialEq)]
struct TextLiteral {
    value: String,
    /// Byte offsets in `value` of the placeholders `{}` that were not escaped.
    placeholders: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

/// Why a text is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SyntaxError {
    #[error("{0} in the intrinsic function call")]
    Malformed(&'static str),
    #[error("'{0}' is not an intrinsic function")]
    UnknownFunction(String),
    #[error("wrong number of arguments for '{0}'")]
    ArgumentCount(&'static str),
    #[error(transparent)]
    Path(#[from] ParseError),
}

/// A call that failed: `States.IntrinsicFailure`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The function '{call}' had the following error: {problem}")]
pub(crate) struct CallError {
    call: String,
    problem: String,
    /// A path among the arguments found nothing.
    pub(crate) missing_argument: bool,
}

impl Call {
    /// Parses `text` as a call.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        parse::call(text)
    }

    /// Calls `visit` for each path among the arguments, also those of inner calls.
    pub(crate) fn for_each_path<'c>(&'c self, visit: &mut dyn FnMut(&'c Path)) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => visit(path),
                Argument::Call(call) => call.for_each_path(visit),
                Argument::Literal(_) | Argument::Text(_) => {}
            }
        }
    }

    /// The value of the call; `read` gives the values of paths or says why there is none.
    pub(crate) fn evaluate(
        &self,
        read: &dyn Fn(&Path) -> Result<Value, String>,
        random: &mut Random,
    ) -> Result<Value, CallError> {
        let failed =
            |problem: String| CallError { call: self.text.to_string(), problem, missing_argument: false };
        let missing = |problem: String| CallError { missing_argument: true, ..failed(problem) };
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Literal(value) => value.clone(),
                Argument::Text(text) => Value::String(text.value.clone()),
                Argument::Path(path) => read(path).map_err(missing)?,
                Argument::Call(call) => call.evaluate(read, random)?,
            });
        }
        if self.function == Function::Format {
            let placeholders = match self.arguments.first() {
                Some(Argument::Text(text)) => Some(text.placeholders.as_slice()),
                _ => None,
            };
            return text::format(&values, placeholders).map_err(failed);
        }
        functions::apply(self.function, values, random).map_err(failed)
    }
}

impl Function {
    const ALL: [(&'static str, Self, usize, usize); 18] = [
        ("States.Array", Self::Array, 0, usize::MAX),
        ("States.ArrayContains", Self::ArrayContains, 2, 2),
        ("States.ArrayGetItem", Self::ArrayGetItem, 2, 2),
        ("States.ArrayLength", Self::ArrayLength, 1, 1),
        ("States.ArrayPartition", Self::ArrayPartition, 2, 2),
        ("States.ArrayRange", Self::ArrayRange, 3, 3),
        ("States.ArrayUnique", Self::ArrayUnique, 1, 1),
        ("States.Base64Decode", Self::Base64Decode, 1, 1),
        ("States.Base64Encode", Self::Base64Encode, 1, 1),
        ("States.Format", Self::Format, 1, usize::MAX),
        ("States.Hash", Self::Hash, 2, 2),
        ("States.JsonMerge", Self::JsonMerge, 3, 3),
        ("States.JsonToString", Self::JsonToString, 1, 1),
        ("States.MathAdd", Self::MathAdd, 2, 2),
        ("States.MathRandom", Self::MathRandom, 2, 3),
        ("States.StringSplit", Self::StringSplit, 2, 2),
        ("States.StringToJson", Self::StringToJson, 1, 1),
        ("States.UUID", Self::Uuid, 0, 0),
    ];
}
