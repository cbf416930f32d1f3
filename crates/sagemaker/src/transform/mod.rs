//! Batch transform jobs: a model's server, started for the job, answers for each object of the input.
//!
//! Rules: <https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html>,
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html>.

mod actions;
mod life;
mod object;
mod payloads;
mod request;
mod worker;

pub(crate) use actions::transform_response;
