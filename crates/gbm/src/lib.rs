//! The example algorithm: gradient boosting behind SageMaker's train/serve container contract.
