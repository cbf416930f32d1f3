//! The context object: `$$` in JSONPath, `$states.context` in JSONata.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>

use serde_json::{Map, Value, json};

use crate::data::Json;
use crate::jsonpath::{Path, Segment};
use crate::random::Random;
use crate::time::Timestamp;

/// The parts of the context object of a state; assembled only when something asks for them.
pub(crate) struct ContextObject<'e> {
    pub(crate) execution_arn: &'e str,
    pub(crate) execution_name: &'e str,
    pub(crate) execution_input: &'e Json,
    pub(crate) role_arn: &'e str,
    pub(crate) start_time: Timestamp,
    pub(crate) redrive_count: Option<u32>,
    pub(crate) redrive_time: Option<Timestamp>,
    pub(crate) state_machine_arn: &'e str,
    pub(crate) state_machine_name: &'e str,
    pub(crate) state_name: &'e str,
    pub(crate) entered_time: Timestamp,
    /// Present for states that can be retried.
    pub(crate) retry_count: Option<u32>,
    pub(crate) task_token: Option<&'e str>,
    /// Index and value of the item of the innermost Map iteration.
    pub(crate) item: Option<(usize, &'e Json)>,
    /// The child execution of a distributed Map that the state is in; it takes the place of the execution.
    pub(crate) child: Option<ChildExecution<'e>>,
    /// Takes the place of all of the above but the item.
    pub(crate) given: Option<&'e Json>,
}

/// A child execution of a distributed Map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChildExecution<'e> {
    pub(crate) map_run_arn: &'e str,
    pub(crate) seed: u64,
    pub(crate) number: u64,
    pub(crate) express: bool,
    pub(crate) input: &'e Json,
    pub(crate) start_time: Timestamp,
}

impl ChildExecution<'_> {
    /// The child execution's name: a function of the execution's seed and the child's number, so that it need not be kept.
    pub(crate) fn name(&self) -> String {
        Random::new(self.seed ^ self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).uuid()
    }

    /// The machine's name with the Map's label, as the Map Run's ARN has it.
    pub(crate) fn machine(&self) -> &str {
        let resource = self.map_run_arn.rsplit(":mapRun:").next().unwrap_or_default();
        resource.split(':').next().unwrap_or_default()
    }

    pub(crate) fn machine_arn(&self) -> String {
        format!("{}:stateMachine:{}", self.account(), self.machine())
    }

    pub(crate) fn execution_arn(&self) -> String {
        let kind = if self.express { "express" } else { "execution" };
        format!("{}:{kind}:{}:{}", self.account(), self.machine(), self.name())
    }

    /// The ARN up to the account.
    fn account(&self) -> &str {
        self.map_run_arn.split(":mapRun:").next().unwrap_or_default()
    }
}

impl<'e> ContextObject<'e> {
    /// A value that a path can be followed from without assembling the object, and how many segments it covers.
    pub(crate) fn direct(&self, path: &Path) -> Option<(&'e Json, usize)> {
        if let Some(given) = self.given {
            return self.item.is_none().then_some((given, 0));
        }
        let name = |at: usize| match path.segments().get(at) {
            Some(Segment::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        match (name(0)?, name(1)?, name(2)) {
            ("Execution", "Input", _) => {
                Some((self.child.map_or(self.execution_input, |child| child.input), 2))
            }
            ("Map", "Item", Some("Value")) => self.item.map(|(_, value)| (value, 3)),
            _ => None,
        }
    }

    /// The whole object.
    pub(crate) fn to_value(&self) -> Value {
        let mut value = match self.given {
            Some(given) => Value::clone(given),
            None => self.assemble(),
        };
        if let (Some((index, item)), Some(object)) = (self.item, value.as_object_mut()) {
            object
                .insert(String::from("Map"), json!({"Item": {"Index": index, "Value": Value::clone(item)}}));
        }
        value
    }

    fn assemble(&self) -> Value {
        let mut object = Map::new();
        let mut execution = match &self.child {
            None => json!({
                "Id": self.execution_arn,
                "Input": Value::clone(self.execution_input),
                "StartTime": self.start_time.to_rfc3339(),
                "Name": self.execution_name,
                "RoleArn": self.role_arn,
            }),
            Some(child) => json!({
                "Id": child.execution_arn(),
                "Input": Value::clone(child.input),
                "StartTime": child.start_time.to_rfc3339(),
                "Name": child.name(),
                "RoleArn": self.role_arn,
            }),
        };
        if let (Some(count), Some(execution)) = (self.redrive_count, execution.as_object_mut()) {
            execution.insert(String::from("RedriveCount"), Value::from(count));
            if let Some(time) = self.redrive_time {
                execution.insert(String::from("RedriveTime"), Value::from(time.to_rfc3339()));
            }
        }
        object.insert(String::from("Execution"), execution);
        object.insert(
            String::from("StateMachine"),
            match &self.child {
                None => json!({"Id": self.state_machine_arn, "Name": self.state_machine_name}),
                Some(child) => json!({"Id": child.machine_arn(), "Name": child.machine()}),
            },
        );
        let mut state = Map::new();
        state.insert(String::from("Name"), Value::from(self.state_name));
        state.insert(String::from("EnteredTime"), Value::from(self.entered_time.to_rfc3339()));
        if let Some(count) = self.retry_count {
            state.insert(String::from("RetryCount"), Value::from(count));
        }
        object.insert(String::from("State"), Value::Object(state));
        if let Some(token) = self.task_token {
            object.insert(String::from("Task"), json!({"Token": token}));
        }
        Value::Object(object)
    }
}
