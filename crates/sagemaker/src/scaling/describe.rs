//! The Describe actions.

use serde_json::{Map, Value};

use super::subject::{DIMENSIONS, NAMESPACES, RESOURCE};
use crate::error::ServiceError;
use crate::listing::{Pages, page_of};
use crate::platform::Platform;
use crate::request::{Checks, Node};
use crate::store::ResourceKind;

/// Pages of targets and activities: at most 50 on each.
const PAGES: Pages = Pages { usual: 50, most: 50, bad_token: "InvalidNextTokenException" };
/// Pages of policies: at most 10 on each.
const POLICY_PAGES: Pages = Pages { usual: 10, most: 10, ..PAGES };

impl Platform {
    pub(super) async fn describe_targets(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = common(&mut checks, request);
        let resources = names(&mut checks, &root, "ResourceIds");
        checks.finish()?;
        needs_resource(&root, "ResourceIds")?;
        let mut targets = self.bodies(ResourceKind::ScalableTarget).await?;
        targets.retain(|target| holds(resources.as_deref(), target.get("ResourceId")));
        page_of(request, "ScalableTargets", objects(targets), &PAGES)
    }

    pub(super) async fn describe_policies(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = common(&mut checks, request);
        let resource = checks.text(&root, "ResourceId", RESOURCE);
        let wanted = names(&mut checks, &root, "PolicyNames");
        checks.finish()?;
        needs_resource(&root, "ResourceId")?;
        let mut policies = self.bodies(ResourceKind::ScalingPolicy).await?;
        policies.retain(|policy| {
            holds(wanted.as_deref(), policy.get("PolicyName"))
                && resource.is_none_or(|resource| policy.get("ResourceId").is_some_and(|id| id == resource))
        });
        page_of(request, "ScalingPolicies", objects(policies), &POLICY_PAGES)
    }

    pub(super) async fn describe_activities(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = common(&mut checks, request);
        let resource = checks.text(&root, "ResourceId", RESOURCE);
        checks.boolean(&root, "IncludeNotScaledActivities");
        checks.finish()?;
        needs_resource(&root, "ResourceId")?;
        let activities = self.activities(resource).await?;
        page_of(request, "ScalingActivities", activities, &PAGES)
    }

    async fn bodies(&self, kind: ResourceKind) -> Result<Vec<Map<String, Value>>, ServiceError> {
        Ok(self.store.list(kind).await?.into_iter().map(|(_, record)| record.body).collect())
    }
}

/// Checks the members which all Describe requests have.
fn common<'a>(checks: &mut Checks, request: &'a Value) -> Node<'a> {
    let root = Node::root(request);
    checks.required_text(&root, "ServiceNamespace", NAMESPACES);
    checks.text(&root, "ScalableDimension", DIMENSIONS);
    root
}

/// The texts of a filter; without any, there is no filter.
fn names(checks: &mut Checks, root: &Node<'_>, member: &str) -> Option<Vec<String>> {
    let names = checks.texts(root, member, 0, 50);
    (!names.is_empty()).then_some(names)
}

/// A dimension alone is no filter: the service asks for a resource with it.
fn needs_resource(root: &Node<'_>, member: &str) -> Result<(), ServiceError> {
    if root.has("ScalableDimension") && !root.has(member) {
        return Err(ServiceError::validation(format!(
            "{member} must be specified when ScalableDimension is specified"
        )));
    }
    Ok(())
}

fn holds(wanted: Option<&[String]>, value: Option<&Value>) -> bool {
    wanted.is_none_or(|wanted| wanted.iter().any(|one| value.is_some_and(|value| value == one.as_str())))
}

fn objects(bodies: Vec<Map<String, Value>>) -> Vec<Value> {
    bodies.into_iter().map(Value::Object).collect()
}
