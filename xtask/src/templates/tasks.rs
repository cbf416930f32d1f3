//! A role of executions has what the tasks of its state machine ask for, and the state machine what it substitutes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Violation;
use super::document::{Template, statements, texts};
use crate::error::Error;

/// Checks the state machines of a template; their definitions lie relative to it.
pub(super) fn check(template: &Template, root: &Path) -> Result<Vec<Violation>, Error> {
    let mut violations = Vec::new();
    for (name, machine) in template.resources("AWS::Serverless::StateMachine") {
        let properties = &machine["Properties"];
        let place = template.place(name);
        let Some(uri) = properties["DefinitionUri"].as_str() else {
            violations.push(Violation::new(place, "its definition is no file of workflows/"));
            continue;
        };
        let path = root.join(&template.name).parent().unwrap_or(root).join(uri);
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let definition: Value =
            serde_json::from_str(&text).map_err(|source| Error::Definition { path, source })?;
        let role = properties["Role"]["Fn::GetAtt"][0].as_str().unwrap_or_default();
        let given = &template.value["Resources"][role];
        let mut found = lacking(&definition, given);
        found.extend(substitutions(&text, &properties["DefinitionSubstitutions"]));
        violations.extend(found.into_iter().map(|what| Violation::new(&place, what)));
    }
    Ok(violations)
}

/// What the role does not give that the definition's tasks ask for.
fn lacking(definition: &Value, role: &Value) -> Vec<String> {
    let statements = statements(role);
    let mut wrong = Vec::new();
    for task in tasks(definition) {
        let resource = task["Resource"].as_str().unwrap_or_default();
        let Some(needed) = Needed::by(resource) else {
            wrong.push(format!("it is not known which actions {resource} asks for"));
            continue;
        };
        for action in &needed.actions {
            let gives = |one: &super::document::Statement<'_>| {
                texts(&one.statement["Action"]).contains(&action.as_str())
            };
            if !statements.iter().any(gives) {
                wrong.push(format!("{resource} asks for {action}, which its role does not give"));
            }
        }
        // Tags are put on what is created: the same statement, so that it is the same resource.
        if let Some(create) = needed.creates
            && task["Arguments"].to_string().contains("Tags")
        {
            let lists: Vec<_> = statements.iter().map(|one| texts(&one.statement["Action"])).collect();
            let tagged = |actions: &Vec<&str>| {
                actions.contains(&create.as_str()) && actions.contains(&"sagemaker:AddTags")
            };
            if !lists.iter().any(tagged) {
                wrong
                    .push(format!("{resource} sets tags; its role gives {create} without sagemaker:AddTags"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// The names that a definition and its template substitute are the same.
fn substitutions(definition: &str, given: &Value) -> Vec<String> {
    let wanted: BTreeSet<&str> = definition
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    let given: BTreeSet<&str> =
        given.as_object().into_iter().flat_map(|names| names.keys().map(String::as_str)).collect();
    let missing = wanted.difference(&given).map(|name| format!("${{{name}}} of its definition has no value"));
    let idle = given.difference(&wanted).map(|name| format!("its definition has no ${{{name}}}"));
    missing.chain(idle).collect()
}

/// Every task state, however deep it lies.
fn tasks(value: &Value) -> Vec<&Value> {
    let inner = match value {
        Value::Object(members) => members.values().flat_map(tasks).collect(),
        Value::Array(values) => values.iter().flat_map(tasks).collect(),
        _ => Vec::new(),
    };
    let own = (value["Type"] == "Task").then_some(value);
    own.into_iter().chain(inner).collect()
}

/// What a task asks for.
struct Needed {
    actions: Vec<String>,
    /// The action by which it makes something that can have tags.
    creates: Option<String>,
}

impl Needed {
    /// By the task's resource; `None` where that is no integration of a service.
    fn by(resource: &str) -> Option<Self> {
        let rest = resource.strip_prefix("arn:aws:states:::")?;
        let (rest, sdk) = rest.strip_prefix("aws-sdk:").map_or((rest, false), |rest| (rest, true));
        let (service, call) = rest.split_once(':')?;
        let (call, sync) = call.split_once('.').map_or((call, false), |(call, _)| (call, true));
        // The SDK's name of a service and that of its actions differ.
        let service = if service == "applicationautoscaling" { "application-autoscaling" } else { service };
        let mut initial = call.chars();
        let call: String = initial.next()?.to_uppercase().chain(initial).collect();
        let action = format!("{service}:{call}");
        let mut actions = vec![action.clone()];
        let created = call.strip_prefix("Create");
        if sync {
            // It looks whether the job has ended, stops it with the execution, and learns of its end by a rule.
            let follow = if service == "states" { "Execution" } else { created? };
            actions.extend([format!("{service}:Describe{follow}"), format!("{service}:Stop{follow}")]);
            actions.extend(["events:DescribeRule", "events:PutRule", "events:PutTargets"].map(str::to_owned));
        }
        if service == "sagemaker"
            && matches!(created, Some("Model" | "TrainingJob" | "HyperParameterTuningJob"))
        {
            actions.push("iam:PassRole".to_owned());
        }
        Some(Self { actions, creates: created.filter(|_| !sdk && service == "sagemaker").map(|_| action) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::templates::samples::role;

    fn definition() -> Value {
        let transform = json!({"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
            "Arguments": {"Tags": []}});
        let publish = json!({"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Arguments": {}});
        json!({"States": {"Map": {"Type": "Map", "ItemProcessor": {"States": {"T": transform}}}, "P": publish}})
    }

    const FOLLOW: &str = "sagemaker:DescribeTransformJob, sagemaker:StopTransformJob";
    const RULE: &str =
        "{Sid: E, Action: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'], Resource: r}";
    const PUBLISH: &str = "{Sid: P, Action: 'sns:Publish', Resource: r}";

    #[test]
    fn a_role_that_has_what_the_tasks_ask_for_is_right() {
        let job = format!(
            "{{Sid: J, Action: [sagemaker:CreateTransformJob, sagemaker:AddTags, {FOLLOW}], Resource: r}}"
        );
        let template = role(&[&job, RULE, PUBLISH]);
        assert_eq!(lacking(&definition(), &template.value["Resources"]["R"]), [""; 0]);
    }

    #[test]
    fn what_a_role_lacks_is_named_with_the_task() {
        let job = format!("{{Sid: J, Action: [sagemaker:CreateTransformJob, {FOLLOW}], Resource: r}}");
        let template =
            role(&[&job, "{Sid: E, Action: ['events:DescribeRule', 'events:PutRule'], Resource: r}"]);
        let transform = "arn:aws:states:::sagemaker:createTransformJob.sync";
        let expected = [
            format!("{transform} asks for events:PutTargets, which its role does not give"),
            format!(
                "{transform} sets tags; its role gives sagemaker:CreateTransformJob without sagemaker:AddTags"
            ),
            "arn:aws:states:::sns:publish asks for sns:Publish, which its role does not give".to_owned(),
        ];
        assert_eq!(lacking(&definition(), &template.value["Resources"]["R"]), expected);
    }

    #[test]
    fn each_integration_asks_for_its_actions() {
        for (resource, expected) in [
            ("aws-sdk:applicationautoscaling:putScalingPolicy", "application-autoscaling:PutScalingPolicy"),
            ("aws-sdk:sagemaker:listModels", "sagemaker:ListModels"),
            ("sagemaker:createModel", "sagemaker:CreateModel iam:PassRole"),
            (
                "states:startExecution.sync:2",
                "states:StartExecution states:DescribeExecution states:StopExecution \
                 events:DescribeRule events:PutRule events:PutTargets",
            ),
        ] {
            let needed = Needed::by(&format!("arn:aws:states:::{resource}")).unwrap();
            assert_eq!(needed.actions.join(" "), expected);
        }
        assert!(Needed::by("arn:aws:lambda:us-east-1:1:function:f").is_none());
    }

    #[test]
    fn substitutions_are_the_definitions() {
        let wrong = substitutions("${A} ${B} ${A}", &json!({"B": 1, "C": 2}));
        assert_eq!(wrong, ["${A} of its definition has no value", "its definition has no ${C}"]);
    }
}
