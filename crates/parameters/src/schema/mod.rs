//! JSON Schemas: those that a project checks its own keys with, what a workflow reads of its input, and those for editors.
//!
//! A schema stands alone: what it refers to outside itself is never read, neither from the network nor from a file.

mod cause;
mod check;
mod editor;
mod fault;
mod hint;
mod instance;

use std::fmt;
use std::sync::Arc;

use jsonschema::Validator;

pub(crate) use self::check::check;
pub use self::editor::{hyperparameters, manifest, ml_parameters};
use crate::{Diagnostic, Sources};

/// A JSON Schema, compiled: draft 2020-12, unless its `$schema` names another.
#[derive(Clone)]
pub struct Schema {
    /// What its file is called.
    name: String,
    validator: Arc<Validator>,
    text: Arc<serde_json::Value>,
}

impl Schema {
    /// Reads the schema that `sources` holds under the number `source`.
    ///
    /// # Errors
    /// `schema/not-valid`, which includes a reference to something outside the schema, and those of
    /// [`json::parse`](crate::json::parse).
    pub fn parse(sources: &Sources, source: u16) -> Result<Self, Vec<Diagnostic>> {
        let root = crate::json::parse(sources, source)?;
        let name = sources.get(source).map_or_else(String::new, |source| source.name.clone());
        let text = instance::plain(&root);
        match jsonschema::options().offline().build(&text) {
            Ok(validator) => Ok(Self { name, validator: Arc::new(validator), text: Arc::new(text) }),
            Err(error) => Err(vec![fault::not_valid(&root, &error)]),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
