//! Stopping an execution from outside.

use tokio::sync::watch;

type Reason = (Option<String>, Option<String>);

/// Stops the execution that holds the [`StopSignal`].
#[derive(Clone, Debug)]
pub struct StopHandle(watch::Sender<Option<Reason>>);

/// Tells a driven execution to stop.
#[derive(Clone, Debug)]
pub struct StopSignal(Option<watch::Receiver<Option<Reason>>>);

/// A handle and its signal.
pub fn stop_channel() -> (StopHandle, StopSignal) {
    let (sender, receiver) = watch::channel(None);
    (StopHandle(sender), StopSignal(Some(receiver)))
}

impl StopHandle {
    /// Stops the execution: it ends as aborted, with this error and cause. Later calls change nothing.
    pub fn stop(&self, error: Option<String>, cause: Option<String>) {
        self.0.send_if_modified(|reason| {
            let first = reason.is_none();
            if first {
                *reason = Some((error, cause));
            }
            first
        });
    }
}

impl StopSignal {
    /// A signal that nobody gives.
    pub fn never() -> Self {
        Self(None)
    }

    pub(super) fn is_never(&self) -> bool {
        self.0.is_none()
    }

    pub(super) async fn wait(&mut self) -> Reason {
        if let Some(receiver) = &mut self.0
            && let Ok(reason) = receiver.wait_for(Option::is_some).await
            && let Some(reason) = reason.clone()
        {
            return reason;
        }
        // Without a handle nobody can stop the execution any more.
        self.0 = None;
        std::future::pending().await
    }
}
