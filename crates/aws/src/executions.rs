//! Executions as Step Functions tells of them, beside the port by which they are started.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::clients::Clients;
use crate::json::{JsonClient, JsonError, JsonService};

/// The most executions, and events, of one page (`ListExecutions`, `GetExecutionHistory`, member `maxResults`).
const PAGE: usize = 1000;

/// An execution in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsExecution {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED` and the like.
    pub status: String,
}

/// Executions on Step Functions. What they are is told as the service's JSON, whose members are named as the service names them.
#[derive(Debug, Clone)]
pub struct AwsExecutions {
    client: JsonClient,
}

impl AwsExecutions {
    /// The executions that `clients` may see.
    pub fn new(clients: &Clients) -> Self {
        Self { client: JsonClient::new(clients, JsonService::States) }
    }

    /// The newest executions of a state machine, newest first, as many as `limit` of those that `wanted` wants.
    ///
    /// # Errors
    /// [`JsonError`].
    pub async fn list(
        &self,
        state_machine_arn: &str,
        limit: usize,
        wanted: impl Fn(&AwsExecution) -> bool,
    ) -> Result<Vec<AwsExecution>, JsonError> {
        let mut found = Vec::new();
        let request = json!({"stateMachineArn": state_machine_arn, "maxResults": limit.clamp(1, PAGE)});
        self.pages("ListExecutions", request, |page| {
            let executions = page["executions"].as_array_mut().map(std::mem::take).unwrap_or_default();
            for one in &executions {
                let text = |member: &str| one[member].as_str().unwrap_or_default().to_owned();
                let one =
                    AwsExecution { arn: text("executionArn"), name: text("name"), status: text("status") };
                if found.len() < limit && wanted(&one) {
                    found.push(one);
                }
            }
            found.len() < limit
        })
        .await?;
        Ok(found)
    }

    /// `DescribeExecution`.
    ///
    /// # Errors
    /// [`JsonError`].
    pub async fn describe(&self, arn: &str) -> Result<Value, JsonError> {
        self.client.call("DescribeExecution", &json!({"executionArn": arn})).await
    }

    /// `DescribeStateMachineForExecution`: the definition is the one that the execution was started with.
    ///
    /// # Errors
    /// [`JsonError`].
    pub async fn state_machine_of(&self, arn: &str) -> Result<Value, JsonError> {
        self.client.call("DescribeStateMachineForExecution", &json!({"executionArn": arn})).await
    }

    /// The events of `GetExecutionHistory`, oldest first.
    ///
    /// # Errors
    /// [`JsonError`].
    pub async fn history(&self, arn: &str) -> Result<Vec<Value>, JsonError> {
        let mut events = Vec::new();
        let request = json!({"executionArn": arn, "maxResults": PAGE});
        self.pages("GetExecutionHistory", request, |page| {
            events.extend(page["events"].as_array_mut().map(std::mem::take).unwrap_or_default());
            true
        })
        .await?;
        Ok(events)
    }

    /// `RedriveExecution`: goes on at the state that failed. The same `token` again is the same redrive.
    ///
    /// # Errors
    /// [`JsonError`].
    pub async fn redrive(&self, arn: &str, token: &str) -> Result<(), JsonError> {
        let request = json!({"executionArn": arn, "clientToken": token});
        self.client.call("RedriveExecution", &request).await.map(drop)
    }

    /// Calls until there is no further page, or `take` has enough. A page may be empty and have one that follows.
    async fn pages(
        &self,
        action: &str,
        mut request: Value,
        mut take: impl FnMut(&mut Value) -> bool,
    ) -> Result<(), JsonError> {
        let mut seen = HashSet::new();
        loop {
            let mut page = self.client.call(action, &request).await?;
            let more = take(&mut page);
            match page["nextToken"].as_str() {
                // A token that comes back would do so for ever.
                Some(token) if more && seen.insert(token.to_owned()) => {
                    request["nextToken"] = json!(token);
                }
                _ => return Ok(()),
            }
        }
    }
}
