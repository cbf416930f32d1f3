//! What an execution is started with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::Json;
use crate::definition::WorkflowType;
use crate::jsonata;

/// What an execution is started with; most of it is what the context object shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartParameters {
    /// The execution's input.
    pub input: Json,
    /// ARN of the execution; its region is the one in the history.
    pub execution_arn: Arc<str>,
    /// Name of the execution.
    pub execution_name: Arc<str>,
    /// Role of the state machine.
    pub role_arn: Arc<str>,
    /// ARN of the state machine.
    pub state_machine_arn: Arc<str>,
    /// Name of the state machine.
    pub state_machine_name: Arc<str>,
    /// Standard or Express.
    pub workflow: WorkflowType,
    /// How often the execution was redriven, as the context object shows it; `None` where it shows none (synchronous Express).
    pub redrive_count: Option<u32>,
    /// Seed of everything random in the execution.
    pub seed: u64,
    /// The service's limits, or others.
    pub limits: Limits,
}

/// What an execution may use. The default is what the service allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of JSON text of a state's input or output, and of a task's result.
    pub data_bytes: usize,
    /// Bytes of JSON text of all variables of an execution.
    pub variables_bytes: usize,
    /// Deepest nesting of data; what is deeper could not be read back from a journal.
    pub data_depth: usize,
    /// Events of one execution's history.
    pub history_events: u64,
    /// Iterations of an inline Map that run at the same time.
    pub inline_concurrency: usize,
    /// Items of a distributed Map that run at the same time.
    pub distributed_concurrency: usize,
    /// Costs of one JSONata expression.
    pub jsonata: jsonata::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            data_bytes: 262_144,
            variables_bytes: 10_485_760,
            data_depth: 100,
            history_events: 25_000,
            inline_concurrency: 40,
            distributed_concurrency: 1_000,
            jsonata: jsonata::Limits::default(),
        }
    }
}

impl Limits {
    /// Bounds that no execution meets before it meets those of the machine it runs on; the costs of one JSONata expression stay bounded.
    pub fn lifted() -> Self {
        Self {
            data_bytes: usize::MAX,
            variables_bytes: usize::MAX,
            history_events: u64::MAX,
            inline_concurrency: usize::MAX,
            distributed_concurrency: usize::MAX,
            ..Self::default()
        }
    }
}

impl StartParameters {
    /// Parameters with plausible ARNs for a machine and an execution of these names, in `us-east-1`, and the service's limits.
    pub fn named(state_machine: &str, execution: &str, input: Json) -> Self {
        let base = "arn:aws:states:us-east-1:111111111111";
        Self {
            input,
            execution_arn: format!("{base}:execution:{state_machine}:{execution}").into(),
            execution_name: execution.into(),
            role_arn: "arn:aws:iam::111111111111:role/states".into(),
            state_machine_arn: format!("{base}:stateMachine:{state_machine}").into(),
            state_machine_name: state_machine.into(),
            workflow: WorkflowType::Standard,
            redrive_count: Some(0),
            seed: 0,
            limits: Limits::default(),
        }
    }

    /// The same for a synchronous Express execution (`StartSyncExecution`): its ARN has a part of its own for each start, and its context
    /// object no `RedriveCount`.
    #[must_use]
    pub fn express(mut self) -> Self {
        self.workflow = WorkflowType::Express;
        let arn = self.execution_arn.replacen(":execution:", ":express:", 1);
        self.execution_arn = format!("{arn}:{}", crate::random::Random::new(self.seed).uuid()).into();
        self.redrive_count = None;
        self
    }

    /// The region in the execution's ARN.
    pub(super) fn region(&self) -> &str {
        self.execution_arn.split(':').nth(3).unwrap_or_default()
    }
}
