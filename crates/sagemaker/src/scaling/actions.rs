//! The API actions that change something: targets and policies of endpoint variants, validated and kept.

use serde_json::{Map, Value, json};

use super::subject::Subject;
use crate::error::ServiceError;
use crate::names;
use crate::not_simulated;
use crate::platform::{Platform, unknown};
use crate::request::{Checks, Node, Text};
use crate::store::{Record, ResourceKind};

const SUSPENSIONS: [&str; 3] =
    ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];
/// The members of a policy's request with a meaning here.
const SIMULATED: [&str; 10] = [
    "PolicyName",
    "PolicyType",
    "ServiceNamespace",
    "ResourceId",
    "ScalableDimension",
    "TargetTrackingScalingPolicyConfiguration.TargetValue",
    "TargetTrackingScalingPolicyConfiguration.ScaleInCooldown",
    "TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown",
    "TargetTrackingScalingPolicyConfiguration.DisableScaleIn",
    "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType",
];

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
        let subject = Subject::read(&mut checks, &root);
        let min = checks.integer(&root, "MinCapacity", 0, i64::from(i32::MAX));
        let max = checks.integer(&root, "MaxCapacity", 0, i64::from(i32::MAX));
        checks.text(&root, "RoleARN", Text::filled(1600));
        let mut suspensions = Vec::new();
        if let Some(state) = checks.object(&root, "SuspendedState") {
            for member in SUSPENSIONS {
                suspensions.extend(checks.boolean(&state, member).map(|suspended| (member, suspended)));
            }
        }
        checks.finish()?;
        let subject = subject?;
        self.check_variant(&subject).await?;
        let key = subject.key();
        let arn = format!(
            "arn:aws:application-autoscaling:{}:{}:scalable-target/{:016x}",
            self.arns.region,
            self.arns.account_id,
            names::digest(&key)
        );
        let mut fresh = Record::default();
        subject.describe(&mut fresh);
        fresh.set("RoleARN", self.scaling_role());
        let running = SUSPENSIONS.map(|member| (member.to_owned(), json!(false)));
        fresh.set("SuspendedState", Map::from_iter(running));
        fresh.set("ScalableTargetARN", arn.as_str());
        // What a request for a target that is there leaves out stays as it is.
        let change = move |record: &mut Record| {
            let (min, max) = capacities(record, min, max)?;
            record.set("MinCapacity", min);
            record.set("MaxCapacity", max);
            if let Some(Value::Object(state)) = record.body.get_mut("SuspendedState") {
                state.extend(
                    suspensions.iter().map(|(member, suspended)| ((*member).to_owned(), json!(suspended))),
                );
            }
            Ok(())
        };
        self.put(ResourceKind::ScalableTarget, &key, fresh, change).await?;
        Ok(json!({"ScalableTargetARN": arn}))
    }

    /// The role which the service makes for itself and uses whatever role a request names.
    fn scaling_role(&self) -> String {
        format!(
            "arn:aws:iam::{}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/\
             AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
            self.arns.account_id
        )
    }

    async fn put_policy(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "PolicyName", Text::filled(256));
        let subject = Subject::read(&mut checks, &root);
        let kinds = Text::one_of(&["StepScaling", "TargetTrackingScaling", "PredictiveScaling"]);
        let kind = checks.text(&root, "PolicyType", kinds);
        let tracking = checks.object(&root, "TargetTrackingScalingPolicyConfiguration");
        if let Some(tracking) = &tracking {
            check_tracking(&mut checks, tracking);
        }
        checks.finish()?;
        let (subject, name) = (subject?, name.unwrap_or_default());
        let Some(tracking) = tracking.filter(|_| kind.is_none_or(|kind| kind == "TargetTrackingScaling"))
        else {
            return Err(ServiceError::validation(
                "Only policies of type TargetTrackingScaling, with their configuration, are supported on this machine.",
            ));
        };
        check_metric(&tracking)?;
        if self.store.get(ResourceKind::ScalableTarget, &subject.key()).await?.is_none() {
            return Err(subject.not_registered());
        }
        let key = subject.policy_key(name);
        let arn = format!(
            "arn:aws:autoscaling:{}:{}:scalingPolicy:{:016x}:resource/sagemaker/{}:policyName/{name}",
            self.arns.region,
            self.arns.account_id,
            names::digest(&key),
            subject.resource()
        );
        let mut fresh = Record::default();
        fresh.set("PolicyARN", arn.as_str());
        fresh.set("PolicyName", name);
        subject.describe(&mut fresh);
        fresh.set("PolicyType", "TargetTrackingScaling");
        fresh.set("Alarms", json!([]));
        let (configuration, left_out) = (tracking.value.clone(), not_simulated::list(request, &SIMULATED));
        let change = move |record: &mut Record| {
            record.set("TargetTrackingScalingPolicyConfiguration", configuration);
            record.local.not_simulated = left_out;
            Ok(())
        };
        self.put(ResourceKind::ScalingPolicy, &key, fresh, change).await?;
        Ok(json!({"PolicyARN": arn, "Alarms": []}))
    }

    /// Changes the record of that name, or makes it from `fresh`.
    async fn put(
        &self,
        kind: ResourceKind,
        key: &str,
        mut fresh: Record,
        change: impl FnOnce(&mut Record) -> Result<(), ServiceError> + Clone + Send + 'static,
    ) -> Result<(), ServiceError> {
        loop {
            if let Some(changed) = self.store.update(kind, key, change.clone()).await? {
                return changed;
            }
            change.clone()(&mut fresh)?;
            // Unless another process came first: then its record is the one to change.
            if self.store.insert(kind, key, fresh.clone()).await? {
                return Ok(());
            }
        }
    }

    async fn check_variant(&self, subject: &Subject) -> Result<(), ServiceError> {
        let endpoint = self.store.get(ResourceKind::Endpoint, &subject.endpoint).await?;
        let endpoint = endpoint.filter(|endpoint| endpoint.text("EndpointStatus") != Some("Deleting"));
        let variants = endpoint.as_ref().and_then(|endpoint| endpoint.body.get("ProductionVariants"));
        let known = variants.and_then(Value::as_array).is_some_and(|variants| {
            variants.iter().any(|variant| variant["VariantName"] == subject.variant.as_str())
        });
        if known {
            return Ok(());
        }
        let resource = subject.resource();
        Err(ServiceError::validation(format!("Endpoint variant does not exist: {resource}")))
    }

    async fn deregister_target(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let subject = Subject::read(&mut checks, &Node::root(request));
        checks.finish()?;
        let subject = subject?;
        if !self.deregister(&subject).await? {
            return Err(subject.no_target());
        }
        Ok(json!({}))
    }

    /// Removes a target and its policies, and with them their cooldowns; `false` when there is none.
    async fn deregister(&self, subject: &Subject) -> Result<bool, ServiceError> {
        if !self.store.delete(ResourceKind::ScalableTarget, &subject.key()).await? {
            return Ok(false);
        }
        for (key, record) in self.store.list(ResourceKind::ScalingPolicy).await? {
            if subject.owns(&record) {
                self.store.delete(ResourceKind::ScalingPolicy, &key).await?;
            }
        }
        let variant = subject.variant.clone();
        let settle = move |record: &mut Record| {
            if let Some(scaling) = record.local.scaling.get_mut(&variant) {
                scaling.settle();
            }
        };
        self.store.update(ResourceKind::Endpoint, &subject.endpoint, settle).await?;
        Ok(true)
    }

    /// Deregisters every variant of an endpoint that is deleted, as the service does
    /// ([Delete endpoints configured for auto scaling](https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html)).
    pub(crate) async fn deregister_endpoint(&self, endpoint: &str) -> Result<(), ServiceError> {
        let start = format!("endpoint/{endpoint}/variant/");
        for (_, record) in self.store.list(ResourceKind::ScalableTarget).await? {
            let resource = record.text("ResourceId").unwrap_or_default();
            if let Some(variant) = resource.strip_prefix(&start) {
                self.deregister(&Subject::new(endpoint, variant)).await?;
            }
        }
        Ok(())
    }

    async fn delete_policy(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "PolicyName", Text::filled(256));
        let subject = Subject::read(&mut checks, &root);
        checks.finish()?;
        let (subject, name) = (subject?, name.unwrap_or_default());
        if !self.store.delete(ResourceKind::ScalingPolicy, &subject.policy_key(name)).await? {
            return Err(subject.no_policy(name));
        }
        Ok(json!({}))
    }
}

/// The bounds that a target is to have: those of the request, else those that it has.
fn capacities(record: &Record, min: Option<i64>, max: Option<i64>) -> Result<(i64, i64), ServiceError> {
    let present = |member: &str| record.body.get(member).and_then(Value::as_i64);
    let (Some(min), Some(max)) =
        (min.or_else(|| present("MinCapacity")), max.or_else(|| present("MaxCapacity")))
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
    Ok((min, max))
}

fn check_tracking(checks: &mut Checks, tracking: &Node<'_>) {
    checks.required(tracking, "TargetValue");
    checks.number(tracking, "TargetValue");
    checks.integer(tracking, "ScaleInCooldown", 0, i64::from(i32::MAX));
    checks.integer(tracking, "ScaleOutCooldown", 0, i64::from(i32::MAX));
    checks.boolean(tracking, "DisableScaleIn");
    if let Some(metric) = checks.object(tracking, "PredefinedMetricSpecification") {
        checks.required_text(&metric, "PredefinedMetricType", Text::filled(128));
    }
    checks.object(tracking, "CustomizedMetricSpecification");
}

/// A policy tracks exactly one metric, towards a value above zero.
fn check_metric(tracking: &Node<'_>) -> Result<(), ServiceError> {
    if tracking.has("PredefinedMetricSpecification") == tracking.has("CustomizedMetricSpecification") {
        return Err(ServiceError::validation(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified.",
        ));
    }
    if tracking.value["TargetValue"].as_f64().is_none_or(|target| target <= 0.0) {
        return Err(ServiceError::validation("TargetValue must be greater than 0."));
    }
    Ok(())
}
