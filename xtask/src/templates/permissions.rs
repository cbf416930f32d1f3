//! Roles may do what they need, where they need it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Template, list, resource_texts, statements, texts};
use super::{TABLE, Table, Violation};

/// The version of the policy language; without it, variables in policies are texts.
const VERSION: &str = "2012-10-17";

/// Checks the roles of all templates, and that each reason in the table is one for something.
pub(super) fn check(templates: &[Template], table: &Table) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut used = BTreeSet::new();
    for template in templates {
        for (name, role) in template.resources("AWS::IAM::Role") {
            let place = template.place(name);
            violations.extend(role_as_such(role).into_iter().map(|what| Violation::new(&place, what)));
            for one in statements(role) {
                let found = statement(one.statement, table, &mut used);
                violations.extend(found.into_iter().map(|what| Violation::new(&place, what)));
            }
        }
        for kind in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"] {
            for (name, _) in template.resources(kind) {
                violations.push(Violation::new(
                    template.place(name),
                    "policies stand in their role, where this check reads them",
                ));
            }
        }
    }
    let anywhere = table.anywhere.iter().map(|entry| (&entry.action, &entry.why));
    let wildcards = table.wildcard.iter().map(|entry| (&entry.resource, &entry.why));
    for (what, why) in anywhere.chain(wildcards) {
        if why.trim().is_empty() {
            violations.push(Violation::new(TABLE, format!("{what} has no reason")));
        }
        if !used.contains(what.as_str()) {
            violations.push(Violation::new(TABLE, format!("{what} is in no template")));
        }
    }
    violations
}

/// What is wrong with a role, its statements aside.
fn role_as_such(role: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let properties = &role["Properties"];
    for member in ["ManagedPolicyArns", "RoleName"] {
        if !properties[member].is_null() {
            wrong.push(format!(
                "{member}: a role has its own policies, and a name of CloudFormation's making"
            ));
        }
    }
    let trust = &properties["AssumeRolePolicyDocument"];
    let policies = list(&properties["Policies"]).into_iter().map(|policy| &policy["PolicyDocument"]);
    for document in policies.chain([trust]) {
        if document["Version"] != VERSION {
            wrong.push(format!("a policy without Version: \"{VERSION}\""));
        }
    }
    for statement in list(&trust["Statement"]) {
        let principal = &statement["Principal"];
        if principal.as_object().is_none_or(|principal| principal.keys().any(|kind| kind != "Service")) {
            wrong.push(format!("it trusts {principal}, which is more than a service"));
        }
    }
    wrong
}

/// What is wrong with a statement; `used` takes what of the table it needed.
fn statement<'a>(statement: &Value, table: &'a Table, used: &mut BTreeSet<&'a str>) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in ["NotAction", "NotResource", "NotPrincipal"] {
        if !statement[member].is_null() {
            wrong.push(format!("{member} gives all but what it names"));
        }
    }
    if statement["Sid"].as_str().is_none_or(str::is_empty) {
        wrong.push("a statement without a Sid, which says what it is for".to_owned());
    }
    let actions = texts(&statement["Action"]);
    let resources = resource_texts(&statement["Resource"]);
    if actions.is_empty() || resources.is_empty() {
        wrong.push("a statement without an action or without a resource".to_owned());
    }
    for action in &actions {
        if action.contains('*') {
            wrong.push(format!("{action} is more than one action"));
        }
    }
    if actions.contains(&"iam:PassRole")
        && statement["Condition"]["StringEquals"]["iam:PassedToService"].as_str().is_none()
    {
        wrong.push("iam:PassRole without the service that the role is passed to".to_owned());
    }
    for resource in &resources {
        if resource == "*" {
            for action in &actions {
                match table.anywhere.iter().find(|entry| entry.action == *action) {
                    Some(entry) => {
                        used.insert(&entry.action);
                    }
                    None => {
                        wrong.push(format!("{action} on every resource, for which {TABLE} has no reason"));
                    }
                }
            }
        } else if is_wide(resource) {
            match table.wildcard.iter().find(|entry| resource.ends_with(&entry.resource)) {
                Some(entry) => {
                    used.insert(&entry.resource);
                }
                None => wrong.push(format!("{resource}: {TABLE} has no reason for its wildcard")),
            }
        }
    }
    wrong
}

/// Whether a wildcard stands for more than what lies in one thing that an option names.
fn is_wide(resource: &str) -> bool {
    let Some((before, after)) = resource.split_once('*') else { return resource.contains('?') };
    let pseudo = ["${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}"];
    let named = pseudo.iter().fold(before.to_owned(), |text, name| text.replace(name, ""));
    !(after.is_empty() && named.contains("${") && before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::samples::{role, table};

    const TABLE_TEXT: &str = "pattern = []\n\
        [[anywhere]]\naction = 'ec2:DescribeVpcs'\nwhy = 'w'\n\
        [[wildcard]]\nresource = ':alarm:*'\nwhy = 'w'\n";

    /// What is wrong with a role of one statement beside two that need both reasons.
    fn wrong(statement: &str) -> Vec<String> {
        let template = role(&[
            "{Sid: V, Effect: Allow, Action: 'ec2:DescribeVpcs', Resource: '*'}",
            "{Sid: A, Effect: Allow, Action: 'cloudwatch:DescribeAlarms', Resource: 'arn:aws:cloudwatch:r:1:alarm:*'}",
            statement,
        ]);
        check(&[template], &table(TABLE_TEXT)).into_iter().map(|violation| violation.what).collect()
    }

    #[test]
    fn what_is_named_is_given() {
        for resource in [
            "!GetAtt Q.Arn",
            "!Sub 'arn:${AWS::Partition}:s3:::${Bucket}/*'",
            "!Sub 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${Path}.releases/*'",
        ] {
            let none: [String; 0] = [];
            assert_eq!(
                wrong(&format!("{{Sid: S, Effect: Allow, Action: [a:B, a:C], Resource: {resource}}}")),
                none
            );
        }
    }

    #[test]
    fn what_is_wider_than_its_reasons_is_refused() {
        for (statement, expected) in [
            ("{Sid: S, Action: 's3:GetObject', Resource: '*'}", "s3:GetObject on every resource"),
            (
                "{Sid: S, Action: ['ec2:DescribeVpcs', 'ec2:RunInstances'], Resource: '*'}",
                "ec2:RunInstances on every",
            ),
            ("!If [C, {Sid: S, Action: 'a:B', Resource: ['*']}, !Ref AWS::NoValue]", "a:B on every resource"),
            ("{Sid: S, Action: 's3:*', Resource: !GetAtt Q.Arn}", "s3:* is more than one action"),
            ("{Sid: S, Action: 's3:GetObject', Resource: 'arn:aws:s3:::*'}", "no reason for its wildcard"),
            (
                "{Sid: S, Action: 's3:GetObject', Resource: !Sub 'arn:${AWS::Partition}:s3:::*/*'}",
                "no reason",
            ),
            (
                "{Sid: S, Action: 'ssm:GetParameters', Resource: !Sub 'arn:aws:ssm:r:1:parameter${Path}*'}",
                "no reason",
            ),
            ("{Sid: S, NotAction: 'a:B', Resource: !GetAtt Q.Arn}", "NotAction gives all but"),
            ("{Sid: S, Action: 'a:B', NotResource: !GetAtt Q.Arn}", "NotResource gives all but"),
            ("{Sid: S, Action: 'iam:PassRole', Resource: !GetAtt T.Arn}", "without the service"),
            ("{Action: 'a:B', Resource: !GetAtt Q.Arn}", "without a Sid"),
        ] {
            let found = wrong(statement);
            assert!(found.iter().any(|what| what.contains(expected)), "{statement}: {found:?}");
        }
    }

    #[test]
    fn a_reason_for_nothing_is_refused() {
        let found = check(&[role(&["{Sid: S, Action: 'a:B', Resource: !GetAtt Q.Arn}"])], &table(TABLE_TEXT));
        let expected = [
            Violation::new(TABLE, "ec2:DescribeVpcs is in no template"),
            Violation::new(TABLE, ":alarm:* is in no template"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_role_trusts_services_and_says_the_version() {
        let text = "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns: [a]\n      \
                    AssumeRolePolicyDocument:\n        Statement: [{Principal: {AWS: '*'}}]\n";
        let template = Template::parse("t", text).unwrap();
        let wrong = role_as_such(&template.value["Resources"]["R"]);
        let expected = ["ManagedPolicyArns", "a policy without Version", "more than a service"];
        assert_eq!(wrong.len(), expected.len());
        for (what, part) in wrong.iter().zip(expected) {
            assert!(what.contains(part), "{what}");
        }
    }
}
