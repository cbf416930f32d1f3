//! The task that runs an endpoint.

use std::pin::pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::Deployment;
use super::deploy::Kept;
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::platform::{LOOK_AGAIN, Platform};
use crate::store::{Record, ResourceKind, Retained};
use crate::training::run::truncated;

impl Platform {
    /// Runs an endpoint, whose record names this process as its owner, until it is deleted or the platform is shut
    /// down.
    pub(super) async fn live(self: Arc<Self>, name: String) {
        loop {
            match self.step(&name).await {
                Ok(true) => {}
                Ok(false) => return,
                // The records cannot be read or written now; programs go on meanwhile.
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Does what the record asks for; `false` when the endpoint's life here is over.
    async fn step(self: &Arc<Self>, name: &str) -> Result<bool, ServiceError> {
        let mut changes = self.store.changes();
        let record = self.store.get(ResourceKind::Endpoint, name).await?;
        let status = record.as_ref().and_then(|record| record.text("EndpointStatus"));
        match (status, record.as_ref().and_then(|record| record.local.pending_config.clone())) {
            (None | Some("Deleting"), _) => {
                self.end_endpoint(name).await?;
                return Ok(false);
            }
            // The programs of endpoints are ended by the shutdown itself.
            _ if self.is_closing() => {
                self.leave_endpoint(name).await?;
                return Ok(false);
            }
            (Some("Creating" | "Updating"), Some(config)) => {
                let kept = record.as_ref().map(Kept::of).unwrap_or_default();
                let deployed = self.deploy_unless_ended(name, &config, &kept).await?;
                if self.is_closing() {
                    if let Ok(deployment) = deployed {
                        deployment.stop().await;
                    }
                } else if let Some(old) = self.conclude(name, config, deployed).await? {
                    old.stop().await;
                }
            }
            _ => {
                tokio::select! {
                    () = self.closed() => {}
                    _ = changes.changed() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
        }
        Ok(true)
    }

    async fn deploy_unless_ended(
        self: &Arc<Self>,
        name: &str,
        config: &str,
        kept: &[Kept],
    ) -> Result<Result<Deployment, String>, ServiceError> {
        let cancel = watch::Sender::new(false);
        let mut deploying = pin!(self.deploy(name, config, kept, cancel.subscribe()));
        let mut changes = self.store.changes();
        loop {
            tokio::select! {
                deployed = &mut deploying => return Ok(deployed),
                () = self.closed(), if !*cancel.borrow() => { cancel.send_replace(true); }
                _ = changes.changed(), if !*cancel.borrow() => {
                    let record = self.store.get(ResourceKind::Endpoint, name).await?;
                    if record.is_none_or(|record| record.text("EndpointStatus") == Some("Deleting")) {
                        cancel.send_replace(true);
                    }
                }
                () = tokio::time::sleep(LOOK_AGAIN), if !*cancel.borrow() => changes.mark_changed(),
            }
        }
    }

    /// Records how a deployment ended and switches to it if it is healthy; answers the deployment that is not in charge
    /// any more.
    async fn conclude(
        self: &Arc<Self>,
        name: &str,
        config: String,
        deployed: Result<Deployment, String>,
    ) -> Result<Option<Arc<Deployment>>, ServiceError> {
        let (new, reason) = match deployed {
            Ok(deployment) => (Some(Arc::new(deployment)), None),
            Err(reason) => (None, Some(truncated(reason))),
        };
        let described = new.as_ref().map(|new| (new.describe(), new.fleet.records()));
        let recorded = self
            .store
            .update(ResourceKind::Endpoint, name, move |record| {
                if !matches!(record.text("EndpointStatus"), Some("Creating" | "Updating")) {
                    return None;
                }
                record.local.pending_config = None;
                record.local.retained = Retained::default();
                match (described, reason) {
                    (Some((variants, instances)), _) => {
                        record.set("EndpointConfigName", config);
                        record.set("ProductionVariants", variants);
                        record.set("EndpointStatus", "InService");
                        record.body.shift_remove("FailureReason");
                        record.local.instances = instances;
                    }
                    (None, reason) => {
                        // An endpoint that was never in service has nothing to go back to.
                        let back = if record.text("EndpointStatus") == Some("Creating") {
                            "Failed"
                        } else {
                            "InService"
                        };
                        record.set("EndpointStatus", back);
                        record.set("FailureReason", reason.unwrap_or_default());
                    }
                }
                let reason = record.text("FailureReason").map(str::to_owned);
                Some((record.text("EndpointStatus").unwrap_or_default().to_owned(), reason))
            })
            .await?
            .flatten();
        // Deleted in between: the new programs are the ones to end.
        let Some((status, failure_reason)) = recorded else { return Ok(new) };
        let old = match new {
            Some(new) => {
                let fleet = Arc::clone(&new.fleet);
                let old = self.swap_deployment(name, Some(new));
                self.spawn(Arc::clone(self).scale_fleet(name.to_owned(), Arc::clone(&fleet)));
                self.spawn(Arc::clone(self).keep_fleet(name.to_owned(), fleet));
                old
            }
            None => None,
        };
        self.emit(JobEvent::EndpointChanged { name: name.to_owned(), status, failure_reason });
        Ok(old)
    }

    /// Ends the programs of an endpoint that is deleted, and its record.
    async fn end_endpoint(&self, name: &str) -> Result<(), ServiceError> {
        if let Some(deployment) = self.swap_deployment(name, None) {
            deployment.stop().await;
        }
        if self.remove_endpoint(name).await? {
            let deleted = JobEvent::EndpointChanged {
                name: name.to_owned(),
                status: "Deleted".to_owned(),
                failure_reason: None,
            };
            self.emit(deleted);
        }
        Ok(())
    }

    /// Removes what is left of an endpoint: its files, its scalable targets with their policies, its record. Answers
    /// whether it was there.
    pub(super) async fn remove_endpoint(&self, name: &str) -> Result<bool, ServiceError> {
        match tokio::fs::remove_dir_all(self.endpoint_folder(name)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ServiceError::internal(error));
            }
            _ => {}
        }
        self.deregister_endpoint(name).await?;
        // The record last: as long as it is there, somebody goes on with this.
        Ok(self.store.delete(ResourceKind::Endpoint, name).await?)
    }

    /// Puts an endpoint's record right when this process gives it up.
    async fn leave_endpoint(&self, name: &str) -> Result<(), ServiceError> {
        self.store.update(ResourceKind::Endpoint, name, put_right).await?;
        Ok(())
    }

    /// Puts the record of an endpoint right whose process is gone.
    pub(crate) async fn put_endpoint_right(&self, name: &str) -> Result<(), ServiceError> {
        let record = self.store.get(ResourceKind::Endpoint, name).await?;
        if record.is_some_and(|record| record.text("EndpointStatus") == Some("Deleting")) {
            self.remove_endpoint(name).await?;
            return Ok(());
        }
        self.store.update(ResourceKind::Endpoint, name, put_right).await?;
        Ok(())
    }

    /// Records that a program of an endpoint ended by itself.
    pub(super) async fn instance_ended(&self, name: &str, port: u16) {
        let Some(deployment) = self.deployment(name) else { return };
        if deployment.fleet.has_port(port) {
            self.tell_instances(name).await;
            deployment.fleet.tell();
        }
    }

    /// Puts this process in charge of every endpoint that no process runs and that `which` chooses.
    async fn take_endpoints(
        self: &Arc<Self>,
        which: fn(&mut Record) -> bool,
    ) -> Result<Vec<String>, ServiceError> {
        self.refuse_when_closing()?;
        let mut taken = Vec::new();
        for (name, _) in self.store.list(ResourceKind::Endpoint).await? {
            let owner = self.owner.id().to_owned();
            let claim = move |record: &mut Record| {
                let free = record.local.owner.is_none() && which(record);
                if free {
                    record.local.owner = Some(owner);
                }
                free
            };
            if self.store.update(ResourceKind::Endpoint, &name, claim).await? == Some(true) {
                self.spawn(Arc::clone(self).live(name.clone()));
                taken.push(name);
            }
        }
        Ok(taken)
    }

    /// Goes on with the deployments of endpoints whose process is gone.
    pub(crate) async fn resume_endpoints(self: &Arc<Self>) -> Result<Vec<String>, ServiceError> {
        self.put_endpoints_right().await?;
        self.take_endpoints(|record| {
            matches!(record.text("EndpointStatus"), Some("Creating" | "Updating"))
                && record.local.pending_config.is_some()
        })
        .await
    }

    pub(crate) async fn restore_endpoints(self: &Arc<Self>) -> Result<(), ServiceError> {
        self.resume_endpoints().await?;
        self.take_endpoints(|record| {
            let in_service = record.text("EndpointStatus") == Some("InService");
            if in_service {
                record.local.pending_config = record.text("EndpointConfigName").map(str::to_owned);
                // Its variants come back as they were scaled.
                record.local.retained = Retained::ALL;
                record.set("EndpointStatus", "Updating");
            }
            in_service
        })
        .await?;
        Ok(())
    }
}

/// An endpoint without a process has no instances; what it was to become stays on record for who goes on with it.
fn put_right(record: &mut Record) {
    if let Some(Value::Array(variants)) = record.body.get_mut("ProductionVariants") {
        for variant in variants {
            variant["CurrentInstanceCount"] = Value::from(0);
        }
    }
    record.local.owner = None;
    record.local.instances.clear();
}
