//! Training, tuning jobs, models and endpoints on this machine, in the shape of SageMaker's API.
