//! Ctrl-C and SIGTERM.

use std::future::Future;

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            // Without a handler SIGTERM ends this process at once; the supervisors see that and end theirs.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Runs what can be gone on with, to its end or until Ctrl-C or SIGTERM.
pub(super) async fn until_interrupted<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done,
        () = interrupted() => {
            let plain = Plain {
                code: "run/interrupted",
                message: "interrupted".to_owned(),
                help: "what has ended is kept: mlpp resume, or mlpp run again, goes on; mlpp stop ends an execution"
                    .to_owned(),
            };
            Err(CommandError::one(ExitCode::Interrupted, plain))
        }
    }
}
