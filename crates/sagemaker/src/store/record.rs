//! What is kept of a resource.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::scaling::VariantScaling;

/// The kinds of resources which the platform keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// A training job.
    TrainingJob,
    /// A hyperparameter tuning job.
    HyperParameterTuningJob,
    /// A batch transform job.
    TransformJob,
    /// A model.
    Model,
    /// An endpoint configuration.
    EndpointConfig,
    /// An endpoint.
    Endpoint,
    /// A scalable target of Application Auto Scaling.
    ScalableTarget,
    /// A scaling policy of Application Auto Scaling.
    ScalingPolicy,
}

impl ResourceKind {
    /// What the rows of this kind are found by.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::TrainingJob => "training-job",
            Self::HyperParameterTuningJob => "hyper-parameter-tuning-job",
            Self::TransformJob => "transform-job",
            Self::Model => "model",
            Self::EndpointConfig => "endpoint-config",
            Self::Endpoint => "endpoint",
            Self::ScalableTarget => "scalable-target",
            Self::ScalingPolicy => "scaling-policy",
        }
    }
}

/// A resource: what the Describe action answers, and what only this platform knows of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) body: Map<String, Value>,
    pub(crate) local: Local,
}

/// What a record holds beside the Describe response.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Local {
    /// The process that runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// The request that made it, for whoever goes on with it after its process is gone. Trials have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Value>,
    /// Members of the request without a meaning here.
    pub(crate) not_simulated: Vec<String>,
    /// Of a training job: why its program was asked to end, if not by a Stop action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cut_off: Option<CutOffRecord>,
    /// Of a tuning job: what it goes on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tuning: Option<TuningRecord>,
    /// Of a trial: the sampled values.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) tuned: Map<String, Value>,
    /// Of a trial: the training job definition and the objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trial: Option<TrialRecord>,
    /// Of an endpoint: the configuration which it is to go over to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending_config: Option<String>,
    /// Of an endpoint: what its variants keep when it goes over to that configuration.
    #[serde(skip_serializing_if = "Retained::is_nothing")]
    pub(crate) retained: Retained,
    /// Of an endpoint: how its variants were scaled.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) scaling: BTreeMap<String, VariantScaling>,
    /// Of an endpoint: where its programs listen.
    pub(crate) instances: Vec<InstanceRecord>,
}

/// Why the platform ended a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CutOffRecord {
    /// It ran longer than `MaxRuntimeInSeconds`.
    TooLong,
    /// Its objective after this iteration, counted from 1, was not good enough to go on.
    Early { iteration: usize },
}

/// What a tuning job cannot read from its request when it is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TuningRecord {
    pub(crate) seed: u64,
    /// How long processes have run it, in seconds.
    pub(crate) spent: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TrialRecord {
    pub(crate) tuning_job: String,
    pub(crate) definition: Option<String>,
    /// The place of its definition in the request.
    #[serde(default)]
    pub(crate) at: usize,
    /// How many trials the tuning job started before it.
    #[serde(default)]
    pub(crate) index: usize,
    pub(crate) objective: Option<f64>,
    pub(crate) objective_failure: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceRecord {
    pub(crate) variant: String,
    pub(crate) port: u16,
    pub(crate) log: String,
}

/// What the variants of an endpoint keep in an update, whatever its configuration says
/// ([`VariantProperty`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VariantProperty.html)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Retained {
    /// `DesiredInstanceCount`.
    pub(crate) instances: bool,
    /// `DesiredWeight`.
    pub(crate) weight: bool,
}

impl Retained {
    pub(crate) const ALL: Self = Self { instances: true, weight: true };

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Record {
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.body.get(member).and_then(Value::as_str)
    }

    pub(crate) fn set(&mut self, member: &str, value: impl Into<Value>) {
        self.body.insert(member.to_owned(), value.into());
    }
}
