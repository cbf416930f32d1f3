//! The executions that `up` runs.

use std::collections::{BTreeMap, HashSet};

use mlpp_local::LocalWorkflows;
use mlpp_provider::with_sources;
use tokio::task::JoinSet;

/// The executions that this process runs, until they have ended.
#[derive(Default)]
pub(super) struct Running {
    waits: JoinSet<(String, Result<(), String>)>,
    /// Every execution that this process has run, or tries to.
    known: HashSet<String>,
    /// Those that cannot go on now, with the reason: mostly, that nothing can be recorded.
    stalled: BTreeMap<String, String>,
}

impl Running {
    /// Waits for the end of an execution; whether it is a new one.
    pub(super) fn follow(&mut self, workflows: &LocalWorkflows, arn: &str) -> bool {
        let is_new = self.known.insert(arn.to_owned());
        if is_new {
            self.wait_for(workflows, arn.to_owned());
        }
        is_new
    }

    /// Whether this process has run the execution, or tries to.
    pub(super) fn is_known(&self, arn: &str) -> bool {
        self.known.contains(arn)
    }

    /// An execution cannot go on now.
    pub(super) fn stall(&mut self, arn: String, reason: String) {
        self.known.insert(arn.clone());
        self.stalled.insert(arn, reason);
    }

    fn wait_for(&mut self, workflows: &LocalWorkflows, arn: String) {
        let workflows = workflows.clone();
        self.waits.spawn(async move {
            let ended = workflows.wait(&arn).await;
            (arn, ended.map(|_| ()).map_err(|error| with_sources(&error)))
        });
    }

    /// The ARN of an execution that has ended, once one has; how it did is read from what is recorded. One that stopped without an
    /// end is among the [`stalled`](Self::stalled) from then on. `None` where there is none to wait for.
    pub(super) async fn ended(&mut self) -> Option<String> {
        loop {
            match self.waits.join_next().await? {
                Ok((arn, Ok(()))) => return Some(arn),
                Ok((arn, Err(reason))) => {
                    self.stalled.insert(arn, reason);
                }
                // The wait itself was cut off, as all are when the command ends.
                Err(_) => {}
            }
        }
    }

    /// The executions that cannot go on now, and why.
    pub(super) fn stalled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.stalled.iter().map(|(arn, reason)| (arn.as_str(), reason.as_str()))
    }

    /// Tries again to go on with those that could not.
    pub(super) fn go_on(&mut self, workflows: &LocalWorkflows) {
        for (arn, _) in std::mem::take(&mut self.stalled) {
            match workflows.resume(&arn) {
                Ok(()) | Err(mlpp_local::ResumeError::Ended(_)) => self.wait_for(workflows, arn),
                Err(error) => {
                    self.stalled.insert(arn, with_sources(&error));
                }
            }
        }
    }
}
