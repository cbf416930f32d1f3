//! The programs of the functions, run as Lambda runs them: events come by the Runtime API, the services are moto's.

#![allow(clippy::unwrap_used)]

mod answers;
mod launch;
mod notification;
mod readme;
mod support;
mod upload;
