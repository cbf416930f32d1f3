//! Resources can be there twice, end their logs, keep what they hold encrypted, and come in the right order.

use std::path::Path;

use serde_json::Value;

use super::document::{Template, list, resource_texts, texts};
use super::{GUIDE, Violation};

/// What the functions run on.
const RUNTIME: &str = "provided.al2023";

/// Properties that are names; with a fixed one a stack can be there only once in an account and Region.
const NAMES: [&str; 7] =
    ["AlarmName", "FunctionName", "LogGroupName", "Name", "QueueName", "StateMachineName", "TopicName"];

/// Checks the resources and outputs of a template.
pub(super) fn check(template: &Template) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (name, resource) in template.section("Resources") {
        let found = [
            names(resource),
            logs(template, resource),
            encryption(resource),
            notification(template, resource),
        ];
        violations.extend(found.into_iter().flatten().map(|what| Violation::new(template.place(name), what)));
    }
    for (name, output) in template.section("Outputs") {
        if let Some(what) = output_is_wrong(template, name, output) {
            violations.push(Violation::new(template.place(name), what));
        }
    }
    if template.resources("AWS::Serverless::Function").next().is_some() {
        let function = &template.value["Globals"]["Function"];
        if function["Runtime"] != RUNTIME {
            violations.push(Violation::new(&template.name, format!("its functions do not run on {RUNTIME}")));
        }
    }
    violations
}

/// The options that the guide does not name.
pub(super) fn untold(templates: &[Template], guide: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for template in templates {
        for (name, _) in template.section("Parameters") {
            if !guide.contains(&format!("`{name}`")) {
                violations
                    .push(Violation::new(GUIDE, format!("it does not tell of {name} of {}", template.name)));
            }
        }
    }
    for (number, line) in guide.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        // A destination without the file's name is an object of that very name, which starts nothing.
        if words.starts_with(&["aws", "s3", "cp"])
            && let Some(to) = words.iter().rfind(|word| word.starts_with("s3://"))
            && Path::new(to).extension().is_none()
            && !to.ends_with('/')
        {
            violations.push(Violation::new(
                format!("{GUIDE}:{}", number + 1),
                format!("{to} is neither a file nor ends in \"/\""),
            ));
        }
    }
    violations
}

fn names(resource: &Value) -> Vec<String> {
    // What these two call a function is which one is meant, not what it shall be called.
    if matches!(resource["Type"].as_str(), Some("AWS::Lambda::Permission" | "AWS::Lambda::EventInvokeConfig"))
    {
        return Vec::new();
    }
    NAMES
        .iter()
        .filter(|name| {
            let value = &resource["Properties"][**name];
            !value.is_null() && !value.to_string().contains("${AWS::StackName}")
        })
        .map(|name| format!("{name} does not have the stack's name in it: a second stack cannot be made"))
        .collect()
}

fn logs(template: &Template, resource: &Value) -> Vec<String> {
    let properties = &resource["Properties"];
    let group = match resource["Type"].as_str() {
        Some("AWS::Serverless::Function") => &properties["LoggingConfig"]["LogGroup"]["Ref"],
        Some("AWS::Serverless::StateMachine") => {
            let mut wrong = Vec::new();
            if properties["Logging"]["IncludeExecutionData"] != false {
                wrong.push("its log has inputs and outputs in it".to_owned());
            }
            let destination = &properties["Logging"]["Destinations"][0];
            let group = &destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0];
            wrong.extend(ends(template, group));
            return wrong;
        }
        _ => return Vec::new(),
    };
    ends(template, group).into_iter().collect()
}

/// What is wrong with where a log is written.
fn ends(template: &Template, group: &Value) -> Option<String> {
    let Some(name) = group.as_str() else { return Some("its log is no group of the template".to_owned()) };
    let retention = &template.value["Resources"][name]["Properties"]["RetentionInDays"];
    retention.is_null().then(|| format!("its log {name} is kept for ever"))
}

fn encryption(resource: &Value) -> Vec<String> {
    let properties = &resource["Properties"];
    let wrong = match resource["Type"].as_str() {
        Some("AWS::SNS::Topic") if properties["KmsMasterKeyId"].is_null() => "the topic is not encrypted",
        Some("AWS::SQS::Queue")
            if properties["SqsManagedSseEnabled"] != true && properties["KmsMasterKeyId"].is_null() =>
        {
            "the queue is not encrypted"
        }
        _ => return Vec::new(),
    };
    vec![wrong.to_owned()]
}

/// S3 takes a notification only when it may call the function, and the bucket's owner is this account.
fn notification(template: &Template, resource: &Value) -> Vec<String> {
    if resource["Type"] != "Custom::BucketNotification" {
        return Vec::new();
    }
    let properties = &resource["Properties"];
    let Some(bucket) = properties["Bucket"]["Ref"].as_str() else {
        return vec!["its bucket is no option".to_owned()];
    };
    let of = format!("${{{bucket}}}");
    let permits = |name: &str| {
        let permission = &template.value["Resources"][name];
        let source = resource_texts(&permission["Properties"]["SourceArn"]).concat();
        permission["Type"] == "AWS::Lambda::Permission"
            && permission["Properties"]["FunctionName"] == properties["FunctionArn"]
            && permission["Properties"]["SourceAccount"]["Ref"] == "AWS::AccountId"
            && source.ends_with(&of)
    };
    if texts(&resource["DependsOn"]).iter().any(|name| permits(name)) {
        Vec::new()
    } else {
        vec![
            "it does not depend on S3's permission, for this bucket and account, to call its function"
                .to_owned(),
        ]
    }
}

/// What an output is called is what it is, and no other stack's export has its name.
fn output_is_wrong(template: &Template, name: &str, output: &Value) -> Option<String> {
    let export = &output["Export"];
    if !export.is_null() && !export["Name"].to_string().contains("${AWS::StackName}") {
        return Some("its export does not have the stack's name in it".to_owned());
    }
    if !name.ends_with("Arn") {
        return None;
    }
    let value = &output["Value"];
    let choices =
        value["Fn::If"].as_array().map_or_else(|| list(value), |parts| parts.iter().skip(1).collect());
    let is_arn = |value: &Value| {
        let attribute = value["Fn::GetAtt"][1].as_str().is_some_and(|attribute| attribute.ends_with("Arn"));
        let name = value["Ref"].as_str().unwrap_or_default();
        let kind = template.value["Resources"][name]["Type"].as_str();
        attribute
            || matches!(kind, Some("AWS::SNS::Topic" | "AWS::Serverless::StateMachine"))
            || (name.ends_with("Arn") && !template.value["Parameters"][name].is_null())
    };
    (!choices.into_iter().all(is_arn)).then(|| "it is called an ARN and is none".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::samples::template;

    fn wrong(text: &str) -> Vec<String> {
        check(&template(text)).into_iter().map(|violation| violation.what).collect()
    }

    #[test]
    fn a_fixed_name_is_refused_and_one_with_the_stacks_is_not() {
        let found = wrong(
            "  A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '/aws/${AWS::StackName}/a'}}\n  \
             B: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/b}}\n",
        );
        assert_eq!(
            found,
            ["LogGroupName does not have the stack's name in it: a second stack cannot be made"]
        );
    }

    #[test]
    fn logs_end_and_hold_no_inputs() {
        let found = wrong(
            "  L: {Type: AWS::Logs::LogGroup, Properties: {}}\n  \
             M: {Type: AWS::Serverless::StateMachine, Properties: {Logging: {Destinations: [{CloudWatchLogsLogGroup: {LogGroupArn: !GetAtt L.Arn}}]}}}\n",
        );
        assert_eq!(found, ["its log has inputs and outputs in it", "its log L is kept for ever"]);
    }

    #[test]
    fn a_function_has_a_log_of_its_own_and_the_runtime() {
        let found = wrong("  F: {Type: AWS::Serverless::Function, Properties: {}}\n");
        assert_eq!(
            found,
            ["its log is no group of the template", "its functions do not run on provided.al2023"]
        );
    }

    #[test]
    fn topics_and_queues_are_encrypted() {
        let found = wrong(
            "  T: {Type: AWS::SNS::Topic}\n  Q: {Type: AWS::SQS::Queue, Properties: {SqsManagedSseEnabled: false}}\n",
        );
        assert_eq!(found, ["the topic is not encrypted", "the queue is not encrypted"]);
    }

    #[test]
    fn a_notification_waits_for_the_permission_of_its_own_bucket_and_function() {
        let with = |depends: &str, bucket: &str, function: &str, account: &str| {
            wrong(&format!(
                "  P:\n    Type: AWS::Lambda::Permission\n    Properties: {{FunctionName: !GetAtt {function}.Arn, \
                 SourceArn: !Sub 'arn:aws:s3:::${{{bucket}}}'{account}}}\n  \
                 N:\n    Type: Custom::BucketNotification\n{depends}    \
                 Properties: {{Bucket: !Ref B, FunctionArn: !GetAtt F.Arn}}\n"
            ))
        };
        let (depends, account) = ("    DependsOn: P\n", ", SourceAccount: !Ref AWS::AccountId");
        assert_eq!(with(depends, "B", "F", account), [""; 0]);
        for found in [
            with("", "B", "F", account),
            with(depends, "C", "F", account),
            with(depends, "B", "G", account),
            with(depends, "B", "F", ""),
        ] {
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains("it does not depend on S3's permission"));
        }
    }

    #[test]
    fn an_output_called_arn_is_one() {
        let found = wrong(
            "  T: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: k}}\n  Q: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: k}}\n\
             Outputs:\n  TopicArn: {Value: !Ref T, Export: {Name: fixed}}\n  QueueArn: {Value: !Ref Q}\n  \
             OtherArn: {Value: !If [C, !Ref T, !GetAtt Q.Arn]}\n",
        );
        assert_eq!(
            found,
            ["its export does not have the stack's name in it", "it is called an ARN and is none"]
        );
    }

    #[test]
    fn the_guide_tells_of_every_option_and_copies_to_files() {
        let text = "Parameters: {A: {Type: String}, B: {Type: String}}";
        let template = Template::parse("deploy/t.yaml", text).unwrap();
        let guide = "| `A` |\naws s3 cp m.json s3://b/manifests/m.json\naws s3 cp m.json s3://b/manifests\n";
        let found = untold(&[template], guide);
        let expected = [
            Violation::new(GUIDE, "it does not tell of B of deploy/t.yaml"),
            Violation::new("docs/aws.md:3", "s3://b/manifests is neither a file nor ends in \"/\""),
        ];
        assert_eq!(found, expected);
    }
}
