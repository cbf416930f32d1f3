//! What `up` answers over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mlpp_local::{Arrivals, Local, LocalExecutions, Verdict, status_text};
use mlpp_sagemaker::SageMaker;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::endpoints::describe_all;
use super::connections::{self, Limits};
use crate::backend::Platform;
use crate::commands::TOOL;
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// A listener, before anything is served.
pub(super) struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// `up/address`: it is taken.
    pub(super) async fn bind(address: SocketAddr) -> Result<Self, CommandError> {
        let bound = TcpListener::bind(address).await.and_then(|listener| {
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        });
        bound.map_err(|error| {
            let message = format!("nothing can listen at {address}: {error}");
            let help = "--listen names another address; with port 0 any that is free".to_owned();
            CommandError::one(ExitCode::Failure, Plain { code: "up/address", message, help })
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    pub(super) async fn serve(self, status: Status) -> Infallible {
        let router = status
            .sagemaker
            .runtime()
            .merge(axum::Router::new().route("/status", get(answer_status)).with_state(status));
        connections::serve(self.listener, router, Limits::default()).await
    }
}

/// What `/status` tells of.
#[derive(Clone)]
pub(super) struct Status {
    path: String,
    watches: String,
    sagemaker: SageMaker,
    executions: LocalExecutions,
    folder: std::path::PathBuf,
}

impl Status {
    pub(super) fn new(project: &Project, local: &Local) -> Self {
        let config = &project.config;
        let (bucket, prefix) = (&config.manifest_s3_bucket_name, &config.manifest_s3_bucket_key_prefix);
        Self {
            path: project.path.to_string(),
            watches: format!("s3://{bucket}/{prefix}"),
            sagemaker: local.sagemaker().clone(),
            executions: local.workflows().executions(),
            folder: project.local_folder(),
        }
    }

    async fn read(&self) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let all = self.executions.list()?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut running = Vec::new();
        for execution in all.iter().filter(|execution| execution.parent_arn.is_none()) {
            let status = status_text(execution.description.status);
            *counts.entry(status).or_default() += 1;
            if status == "RUNNING" {
                running.push(&execution.name);
            }
        }
        let arrivals = Arrivals::open_existing(&self.folder)?.list(None)?;
        let rejected = arrivals.iter().filter(|arrival| matches!(arrival.verdict, Verdict::Rejected { .. }));
        Ok(json!({
            "tool": TOOL,
            "parameter_store_path": self.path,
            "watches": self.watches,
            "executions": counts,
            "running": running,
            "manifests": {"seen": arrivals.len(), "rejected": rejected.count()},
            "endpoints": describe_all(Platform::Local(&self.sagemaker)).await?,
        }))
    }
}

async fn answer_status(State(status): State<Status>) -> Response {
    let (code, body) = match status.read().await {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": error.to_string()})),
    };
    (code, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
