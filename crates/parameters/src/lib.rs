//! Documents, names, kinds, releases and execution input of an ML workflow's parameters.
//!
//! This crate is pure: no I/O, no clock, no environment, no AWS. Front ends read the files and
//! pass their text in; back ends carry out what it computes.
//!
//! The way of a value:
//!
//! 1. [`json::parse`] reads a document and keeps the place of every value and the text of every number;
//! 2. [`Documents::merge`] joins `ml-parameters.json` and `hyperparameters.json`;
//! 3. [`encode`] lays the leaves out as named parameters ([`Content`]), [`decode`] brings them back;
//! 4. [`validate`] checks all of that by the [`rules`];
//! 5. [`Plan::compute`] compares what a release recorded, what the documents say and what is live;
//! 6. [`Effective::compose`] lays what a [`Manifest`] overrides over the parameters of a release;
//! 7. [`execution_input`] composes what a workflow is started with.

mod codec;
mod content;
mod diagnostic;
mod difference;
mod digest;
mod documents;
mod effective;
mod event;
mod fingerprint;
mod input;
pub mod json;
mod live;
mod manifest;
mod name;
mod overlay;
mod plan;
pub mod release;
mod resolve;
pub mod rules;
#[cfg(feature = "schema")]
pub mod schema;
mod secret;
mod stamp;

pub use codec::{DecodeError, decode, encode};
pub use content::{Content, Entry, Kind, ParameterType};
pub use diagnostic::{Diagnostic, Origin, Severity, Source, Sources};
pub use difference::{Difference, differences};
pub use digest::Digest;
pub use documents::{Documents, SecretPointerError};
pub use effective::Effective;
pub use event::{KeyError, ManifestEvent, Revision, decode_key};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use input::{InputError, MAX_INPUT_BYTES, Provenance, execution_input};
pub use live::{LiveParameter, nested_projects};
pub use manifest::{Channel, Manifest, Overridable, PointerError};
pub use name::{NameError, ParameterName, StorePath};
pub use plan::{
    Change, ParameterState, Plan, PlanError, PlanInput, PlannedParameter, SecretState, ShownValue,
};
pub use resolve::{Drift, DriftPolicy, Resolution, resolve};
pub use rules::{ProjectRules, Valid, validate};
pub use secret::{SECRET, SecretSource, SecretSourceError, SecretValue, secret_member, secret_source};
pub use stamp::Stamp;
