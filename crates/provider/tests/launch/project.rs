//! A project in memory, and manifests for it.

use std::num::NonZeroU32;

use mlpp_parameters::{DriftPolicy, ManifestEvent, Overridable, ParameterType, ProjectRules, StorePath};
use mlpp_provider::memory::{MemoryObjects, MemoryStore, MemoryWorkflows};
use mlpp_provider::{
    LaunchError, LaunchRequest, Launched, Objects as _, ParameterStore as _, PutParameter, StartExecution,
    Which, WorkflowKind, launch,
};
use serde_json::{Value, json};

use crate::support::{Writer, path, run};

pub(crate) const BUCKET: &str = "demo-bucket";
pub(crate) const KEY: &str = "manifests/manifest.json";
pub(crate) const STATE_MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:tuning";
pub(crate) const EXPRESS: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:express";
pub(crate) const TIME: u64 = 1_594_981_230;

/// A bucket, a store and a state machine.
pub(crate) struct Project {
    pub(crate) store: MemoryStore,
    pub(crate) objects: MemoryObjects,
    pub(crate) workflows: MemoryWorkflows,
    pub(crate) path: StorePath,
    pub(crate) rules: ProjectRules,
}

impl Project {
    /// A project with a release of the document `text`, and a bucket that keeps versions.
    pub(crate) fn of(text: &str) -> Self {
        let project = Self::empty(&path());
        run(Writer::default().apply(&project.store, text)).unwrap();
        project
    }

    pub(crate) fn empty(path: &StorePath) -> Self {
        let kinds = [(STATE_MACHINE, WorkflowKind::Standard), (EXPRESS, WorkflowKind::Express)];
        let objects = MemoryObjects::versioned();
        objects.set_time(TIME);
        let workflows = MemoryWorkflows::new(kinds);
        Self {
            store: MemoryStore::default(),
            objects,
            workflows,
            path: path.clone(),
            rules: ProjectRules::default(),
        }
    }

    /// Writes an object and gives its event.
    pub(crate) fn put(&self, key: &str, text: &str) -> ManifestEvent {
        run(self.objects.put(BUCKET, key, text.as_bytes().to_vec())).unwrap();
        run(self.objects.get(BUCKET, key, Which::Newest)).unwrap().event(BUCKET, key)
    }

    /// Writes a parameter by hand.
    pub(crate) fn set(&self, name: &str, parameter_type: ParameterType, value: &str) {
        let (name, value) = (name.parse().unwrap(), value.to_owned());
        run(self.store.put(PutParameter { name, parameter_type, value, overwrite: true })).unwrap();
    }

    pub(crate) fn launch(&self, event: &ManifestEvent) -> Result<Launched, LaunchError> {
        self.launch_by(event, DriftPolicy::Use, 1)
    }

    pub(crate) fn launch_by(
        &self,
        event: &ManifestEvent,
        policy: DriftPolicy,
        attempt: u32,
    ) -> Result<Launched, LaunchError> {
        let overridable = Overridable::default();
        let request = self.request(event, policy, attempt, &overridable);
        run(launch(&self.store, &self.objects, &self.workflows, STATE_MACHINE, &request))
    }

    pub(crate) fn request<'a>(
        &'a self,
        event: &'a ManifestEvent,
        policy: DriftPolicy,
        attempt: u32,
        overridable: &'a Overridable,
    ) -> LaunchRequest<'a> {
        let attempt = NonZeroU32::new(attempt).unwrap();
        LaunchRequest {
            event,
            attempt,
            path: &self.path,
            policy,
            rules: &self.rules,
            overridable,
            tool: "mlpp test",
        }
    }

    /// The inputs of what was started.
    pub(crate) fn inputs(&self) -> Vec<Value> {
        let parsed = |request: &StartExecution| serde_json::from_str(&request.input).unwrap();
        self.workflows.started().iter().map(parsed).collect()
    }
}

/// A manifest with one channel and with `more` members.
pub(crate) fn manifest(more: &Value) -> String {
    let source = json!({"S3DataType": "S3Prefix", "S3Uri": "s3://demo-bucket/train.csv"});
    let mut manifest = json!({"channels": [{"channelName": "training", "s3DataSource": source}]});
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    manifest.to_string()
}

pub(crate) fn plain() -> String {
    manifest(&json!({}))
}

/// The codes of what is not valid, with their pointers.
pub(crate) fn invalid(result: Result<Launched, LaunchError>) -> Vec<(&'static str, String)> {
    match result.unwrap_err() {
        LaunchError::Invalid(findings, sources) => {
            assert!(
                findings.iter().all(|finding| sources.line_column(finding.span).is_some()),
                "{findings:?}"
            );
            findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) const DOCUMENT: &str = r#"{"tuningJobName":"survival","model":{"name":"m","hosting":{"initialInstanceCount":1}},
    "staticHyperParameters":{"seed":"1"},"text":["ü"],"maxNumberOfTrainingJobs":10}"#;
