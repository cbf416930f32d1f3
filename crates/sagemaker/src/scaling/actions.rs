//! The API actions: targets and policies of endpoint variants, validated and kept.

use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::names;
use crate::platform::{Platform, unknown};
use crate::request::{Checks, Node, Text};
use crate::store::{Record, ResourceKind};

const NAMESPACES: Text = Text::one_of(&["sagemaker"]);
const DIMENSIONS: Text = Text::one_of(&["sagemaker:variant:DesiredInstanceCount"]);

/// What both a target and a policy are about.
struct Subject {
    resource: String,
    dimension: String,
    endpoint: String,
    variant: String,
}

impl Platform {
    pub(crate) async fn scaling(&self, action: &str, request: &Value) -> Result<Value, ServiceError> {
        match action {
            "RegisterScalableTarget" => self.register_target(request).await,
            "DescribeScalableTargets" => self.describe_targets(request).await,
            "DeregisterScalableTarget" => self.deregister_target(request).await,
            "PutScalingPolicy" => self.put_policy(request).await,
            "DescribeScalingActivities" => self.describe_activities(request).await,
            "DescribeScalingPolicies" => self.describe_policies(request).await,
            "DeleteScalingPolicy" => self.delete_policy(request).await,
            _ => Err(unknown(action)),
        }
    }

    async fn register_target(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let subject = subject(&mut checks, &root);
        let min = checks.integer(&root, "MinCapacity", 0, i64::from(i32::MAX));
        let max = checks.integer(&root, "MaxCapacity", 0, i64::from(i32::MAX));
        checks.finish()?;
        let subject = subject?;
        self.check_variant(&subject).await?;
        let key = subject.key();
        let present = self.store.get(ResourceKind::ScalableTarget, &key).await?;
        let is_new = present.is_none();
        let mut record = present.unwrap_or_default();
        let capacity = |record: &Record, member: &str| record.body.get(member).and_then(Value::as_i64);
        let (Some(min), Some(max)) =
            (min.or(capacity(&record, "MinCapacity")), max.or(capacity(&record, "MaxCapacity")))
        else {
            return Err(ServiceError::validation(
                "MinCapacity and MaxCapacity are required to register a new scalable target.",
            ));
        };
        if min > max {
            return Err(ServiceError::validation(format!(
                "Maximum capacity cannot be less than minimum capacity ({max} < {min})."
            )));
        }
        let arn = format!(
            "arn:aws:application-autoscaling:{}:{}:scalable-target/{:016x}",
            self.arns.region,
            self.arns.account_id,
            names::digest(&key)
        );
        subject.describe(&mut record);
        record.set("MinCapacity", min);
        record.set("MaxCapacity", max);
        record.set(
            "RoleARN",
            request.get("RoleARN").cloned().unwrap_or_else(|| {
                json!(format!(
                    "arn:aws:iam::{}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/\
                 AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
                    self.arns.account_id
                ))
            }),
        );
        if let Some(suspended) = request.get("SuspendedState") {
            record.set("SuspendedState", suspended.clone());
        }
        record.set("ScalableTargetARN", arn.as_str());
        self.put(ResourceKind::ScalableTarget, &key, record, is_new).await?;
        Ok(json!({"ScalableTargetARN": arn}))
    }

    async fn put_policy(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "PolicyName", Text::filled(256));
        let subject = subject(&mut checks, &root);
        let kinds = Text::one_of(&["StepScaling", "TargetTrackingScaling", "PredictiveScaling"]);
        let kind = checks.text(&root, "PolicyType", kinds);
        let tracking = checks.object(&root, "TargetTrackingScalingPolicyConfiguration");
        if let Some(tracking) = &tracking {
            checks.required(tracking, "TargetValue");
            checks.number(tracking, "TargetValue");
            checks.integer(tracking, "ScaleInCooldown", 0, i64::from(i32::MAX));
            checks.integer(tracking, "ScaleOutCooldown", 0, i64::from(i32::MAX));
            if let Some(metric) = checks.object(tracking, "PredefinedMetricSpecification") {
                checks.required_text(&metric, "PredefinedMetricType", Text::filled(128));
            }
        }
        checks.finish()?;
        let (subject, name) = (subject?, name.unwrap_or_default());
        if kind.is_some_and(|kind| kind != "TargetTrackingScaling") || tracking.is_none() {
            return Err(ServiceError::validation(
                "Only policies of type TargetTrackingScaling, with their configuration, are supported on this machine.",
            ));
        }
        if self.store.get(ResourceKind::ScalableTarget, &subject.key()).await?.is_none() {
            return Err(subject.no_target());
        }
        let key = subject.policy_key(name);
        let arn = format!(
            "arn:aws:autoscaling:{}:{}:scalingPolicy:{:016x}:resource/sagemaker/{}:policyName/{name}",
            self.arns.region,
            self.arns.account_id,
            names::digest(&key),
            subject.resource
        );
        let present = self.store.get(ResourceKind::ScalingPolicy, &key).await?;
        let is_new = present.is_none();
        let mut record = present.unwrap_or_default();
        record.set("PolicyARN", arn.as_str());
        record.set("PolicyName", name);
        subject.describe(&mut record);
        record.set("PolicyType", "TargetTrackingScaling");
        if let Some(tracking) = request.get("TargetTrackingScalingPolicyConfiguration") {
            record.set("TargetTrackingScalingPolicyConfiguration", tracking.clone());
        }
        record.set("Alarms", json!([]));
        self.put(ResourceKind::ScalingPolicy, &key, record, is_new).await?;
        Ok(json!({"PolicyARN": arn, "Alarms": []}))
    }

    async fn put(
        &self,
        kind: ResourceKind,
        key: &str,
        record: Record,
        is_new: bool,
    ) -> Result<(), ServiceError> {
        if is_new && self.store.insert(kind, key, record.clone()).await? {
            return Ok(());
        }
        self.store.update(kind, key, move |present| *present = record).await?;
        Ok(())
    }

    async fn check_variant(&self, subject: &Subject) -> Result<(), ServiceError> {
        let endpoint = self.store.get(ResourceKind::Endpoint, &subject.endpoint).await?;
        let variants = endpoint.as_ref().and_then(|endpoint| endpoint.body.get("ProductionVariants"));
        let known = variants.and_then(Value::as_array).is_some_and(|variants| {
            variants.iter().any(|variant| variant["VariantName"] == subject.variant.as_str())
        });
        if known {
            return Ok(());
        }
        let resource = &subject.resource;
        Err(ServiceError::validation(format!("Endpoint variant does not exist: {resource}")))
    }

    async fn describe_targets(&self, request: &Value) -> Result<Value, ServiceError> {
        let targets =
            self.matching(request, ResourceKind::ScalableTarget, "ResourceIds", "ResourceId").await?;
        crate::listing::page(request, "ScalableTargets", targets)
    }

    async fn describe_activities(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        checks.required_text(&Node::root(request), "ServiceNamespace", NAMESPACES);
        checks.finish()?;
        let resource = request.get("ResourceId");
        let targets = self.store.list(ResourceKind::ScalableTarget).await?;
        let activities = targets.into_iter().flat_map(|(_, record)| record.local.activities);
        let mut activities: Vec<_> =
            activities.filter(|activity| resource.is_none_or(|id| *id == activity["ResourceId"])).collect();
        activities.sort_by(|one, other| other["StartTime"].as_str().cmp(&one["StartTime"].as_str()));
        crate::listing::page(request, "ScalingActivities", activities)
    }

    async fn describe_policies(&self, request: &Value) -> Result<Value, ServiceError> {
        let policies =
            self.matching(request, ResourceKind::ScalingPolicy, "PolicyNames", "PolicyName").await?;
        let resource = request.get("ResourceId");
        let policies =
            policies.into_iter().filter(|policy| resource.is_none_or(|id| *id == policy["ResourceId"]));
        crate::listing::page(request, "ScalingPolicies", policies.collect())
    }

    /// The records whose `member` is in the request's list `filter`, or all without such a list.
    async fn matching(
        &self,
        request: &Value,
        kind: ResourceKind,
        filter: &str,
        member: &str,
    ) -> Result<Vec<Value>, ServiceError> {
        let mut checks = Checks::new();
        checks.required_text(&Node::root(request), "ServiceNamespace", NAMESPACES);
        checks.finish()?;
        let wanted = request.get(filter).and_then(Value::as_array);
        let records = self.store.list(kind).await?.into_iter().map(|(_, record)| Value::Object(record.body));
        Ok(records.filter(|body| wanted.is_none_or(|wanted| wanted.contains(&body[member]))).collect())
    }

    async fn deregister_target(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let subject = subject(&mut checks, &Node::root(request));
        checks.finish()?;
        let subject = subject?;
        if !self.store.delete(ResourceKind::ScalableTarget, &subject.key()).await? {
            return Err(subject.no_target());
        }
        // A target takes its policies with it.
        for (key, record) in self.store.list(ResourceKind::ScalingPolicy).await? {
            if record.text("ResourceId") == Some(subject.resource.as_str()) {
                self.store.delete(ResourceKind::ScalingPolicy, &key).await?;
            }
        }
        Ok(json!({}))
    }

    async fn delete_policy(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "PolicyName", Text::filled(256));
        let subject = subject(&mut checks, &root);
        checks.finish()?;
        let (subject, name) = (subject?, name.unwrap_or_default());
        if !self.store.delete(ResourceKind::ScalingPolicy, &subject.policy_key(name)).await? {
            return Err(ServiceError::new(
                "ObjectNotFoundException",
                400,
                format!("No scaling policy found for {name} on resource {}", subject.resource),
            ));
        }
        Ok(json!({}))
    }
}

/// Reads what the request is about; the outer checks hold what is wrong with its form.
fn subject(checks: &mut Checks, root: &Node<'_>) -> Result<Subject, ServiceError> {
    checks.required_text(root, "ServiceNamespace", NAMESPACES);
    let dimension = checks.required_text(root, "ScalableDimension", DIMENSIONS).unwrap_or_default();
    let resource = checks.required_text(root, "ResourceId", Text::filled(1600)).unwrap_or_default();
    let parts: Vec<&str> = resource.split('/').collect();
    let ["endpoint", endpoint, "variant", variant] = parts.as_slice() else {
        return Err(ServiceError::validation(format!(
            "Unsupported resource {resource}: it must be endpoint/<endpoint name>/variant/<variant name>."
        )));
    };
    Ok(Subject {
        resource: resource.to_owned(),
        dimension: dimension.to_owned(),
        endpoint: (*endpoint).to_owned(),
        variant: (*variant).to_owned(),
    })
}

impl Subject {
    fn key(&self) -> String {
        format!("{} {}", self.dimension, self.resource)
    }

    fn policy_key(&self, name: &str) -> String {
        format!("{} {name}", self.key())
    }

    fn describe(&self, record: &mut Record) {
        record.set("ServiceNamespace", "sagemaker");
        record.set("ResourceId", self.resource.as_str());
        record.set("ScalableDimension", self.dimension.as_str());
        if !record.body.contains_key("CreationTime") {
            record.set("CreationTime", names::now());
        }
    }

    fn no_target(&self) -> ServiceError {
        let message = format!(
            "No scalable target registered for service namespace: sagemaker, resource ID: {}, scalable dimension: {}",
            self.resource, self.dimension
        );
        ServiceError::new("ObjectNotFoundException", 400, message)
    }
}
