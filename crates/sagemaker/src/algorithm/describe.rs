//! The Describe response of an algorithm.

use serde_json::{Map, Value, json};

use super::{Algorithm, Hyperparameter, HyperparameterKind};

impl Algorithm {
    /// What [DescribeAlgorithm](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeAlgorithm.html)
    /// answers. An algorithm of this machine is a file: its creation is when the platform read it.
    pub(crate) fn describe(&self, arn: &str, created: &str) -> Value {
        let hyperparameters: Vec<Value> = self.hyperparameters.iter().map(specification).collect();
        let metrics: Vec<Value> = self
            .metrics
            .iter()
            .map(|metric| json!({"Name": metric.name, "Regex": metric.regex.as_str()}))
            .collect();
        let objectives: Vec<Value> = self
            .objectives
            .iter()
            .map(|objective| json!({"Type": objective.kind, "MetricName": objective.metric}))
            .collect();
        let mut body = Map::new();
        body.insert("AlgorithmName".to_owned(), json!(self.name));
        body.insert("AlgorithmArn".to_owned(), json!(arn));
        if let Some(description) = &self.description {
            body.insert("AlgorithmDescription".to_owned(), json!(description));
        }
        body.insert("CreationTime".to_owned(), json!(created));
        body.insert(
            "TrainingSpecification".to_owned(),
            json!({
                "TrainingImage": self.image(),
                "SupportedHyperParameters": hyperparameters,
                "SupportedTrainingInstanceTypes": [],
                "SupportsDistributedTraining": false,
                "MetricDefinitions": metrics,
                "TrainingChannels": [{
                    "Name": "training",
                    "SupportedContentTypes": self.training.content_types,
                    "SupportedInputModes": ["File", "FastFile"],
                }],
                "SupportedTuningJobObjectiveMetrics": objectives,
            }),
        );
        if let Some(inference) = &self.inference {
            body.insert(
                "InferenceSpecification".to_owned(),
                json!({
                    "Containers": [{"Image": self.image()}],
                    "SupportedContentTypes": inference.content_types,
                    "SupportedResponseMIMETypes": [],
                }),
            );
        }
        body.insert("AlgorithmStatus".to_owned(), json!("Completed"));
        body.insert("AlgorithmStatusDetails".to_owned(), json!({}));
        Value::Object(body)
    }
}

fn specification(hyperparameter: &Hyperparameter) -> Value {
    let mut body = Map::new();
    body.insert("Name".to_owned(), json!(hyperparameter.name));
    if let Some(description) = &hyperparameter.description {
        body.insert("Description".to_owned(), json!(description));
    }
    body.insert("Type".to_owned(), json!(hyperparameter.kind.name()));
    let range = match &hyperparameter.kind {
        HyperparameterKind::Integer { min: Some(min), max: Some(max) } => {
            Some(json!({"IntegerParameterRangeSpecification": {"MinValue": min, "MaxValue": max}}))
        }
        HyperparameterKind::Continuous { min: Some(min), max: Some(max) } => {
            Some(json!({"ContinuousParameterRangeSpecification": {"MinValue": min, "MaxValue": max}}))
        }
        HyperparameterKind::Categorical { values } => {
            Some(json!({"CategoricalParameterRangeSpecification": {"Values": values}}))
        }
        _ => None,
    };
    if let Some(range) = range {
        body.insert("Range".to_owned(), range);
    }
    body.insert("IsTunable".to_owned(), json!(hyperparameter.tunable));
    body.insert("IsRequired".to_owned(), json!(hyperparameter.required));
    if let Some(default) = &hyperparameter.default {
        body.insert("DefaultValue".to_owned(), json!(default));
    }
    Value::Object(body)
}
