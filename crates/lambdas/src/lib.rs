//! The Lambda functions of the stack, as functions over the ports: what AWS calls them with goes in, and what they answer
//! comes out. The programs in `src/bin` give them the services.
//!
//! - [`import`]: the documents in S3 become a release, when CloudFormation or an upload says so;
//! - [`notification`]: the bucket tells of its manifests, and goes on telling others what it told them;
//! - [`launch`]: a manifest that arrived starts the workflow, once.
//!
//! The first two are custom resources of CloudFormation: [`custom_resource`] answers it in every case.

pub mod custom_resource;
pub mod failures;
pub mod import;
pub mod launch;
pub mod log;
pub mod notification;
pub mod program;
pub mod s3_event;

/// Name and version of the tool, for records and provenance.
pub const TOOL: &str = concat!("mlpp ", env!("CARGO_PKG_VERSION"));
