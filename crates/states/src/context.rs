//! The context object: `$$` in JSONPath, `$states.context` in JSONata.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>

use serde_json::{Map, Value, json};

use crate::data::Json;
use crate::jsonpath::{Path, Segment};
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
    /// Takes the place of all of the above but the item.
    pub(crate) given: Option<&'e Json>,
}

impl<'e> ContextObject<'e> {
    /// A value that a path can be followed from without assembling the object, and how many segments it covers.
    pub(crate) fn direct(&self, path: &Path) -> Option<(&'e Json, usize)> {
        if let Some(given) = self.given {
            return self.item.is_none().then_some((given, 0));
        }
        let names: Vec<&str> = path
            .segments()
            .iter()
            .take(3)
            .map_while(|segment| if let Segment::Name(name) = segment { Some(name.as_str()) } else { None })
            .collect();
        match names.as_slice() {
            ["Execution", "Input", ..] => Some((self.execution_input, 2)),
            ["Map", "Item", "Value"] => self.item.map(|(_, value)| (value, 3)),
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
        let mut execution = json!({
            "Id": self.execution_arn,
            "Input": Value::clone(self.execution_input),
            "StartTime": self.start_time.to_rfc3339(),
            "Name": self.execution_name,
            "RoleArn": self.role_arn,
        });
        if let (Some(count), Some(execution)) = (self.redrive_count, execution.as_object_mut()) {
            execution.insert(String::from("RedriveCount"), Value::from(count));
            if let Some(time) = self.redrive_time {
                execution.insert(String::from("RedriveTime"), Value::from(time.to_rfc3339()));
            }
        }
        object.insert(String::from("Execution"), execution);
        object.insert(
            String::from("StateMachine"),
            json!({"Id": self.state_machine_arn, "Name": self.state_machine_name}),
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
