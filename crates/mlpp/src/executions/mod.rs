//! The executions of a project, on this machine or on AWS, as the commands use them.

mod course;
mod failure;
mod find;
mod go_on;
mod inputs;
mod launcher;
mod machine;
mod made;
mod on_aws;
mod open;
mod progress;
mod resources;
mod trials;
mod watch;

pub(crate) use course::{StateCourse, course, event_time, time_of};
pub(crate) use failure::{reason, workflow_failed};
pub(crate) use find::{Provenance, find, roots, short_name};
pub(crate) use go_on::go_on;
pub(crate) use inputs::{
    DataFile, arrived_manifest, channels_absent, channels_absent_in, data_files, put_data, put_manifest,
};
pub(crate) use launcher::Launcher;
pub(crate) use machine::Machine;
pub(crate) use made::{Made, serve};
pub(crate) use on_aws::OnAws;
pub(crate) use open::{is_at_work, jobs, open, recorded, unreadable};
pub(crate) use progress::{Progress, seconds};
pub(crate) use resources::{Resource, made_by};
pub(crate) use trials::{Trial, Trials};
pub(crate) use watch::{TuningJob, watch};
