//! What happens on the platform, for whoever shows it.

/// Something that happened in this process.
#[derive(Clone, Debug, PartialEq)]
pub enum JobEvent {
    /// A training job's program is about to start.
    TrainingJobStarted {
        /// The training job.
        name: String,
        /// The tuning job it is a trial of.
        tuning_job: Option<String>,
    },
    /// A training job came to its end.
    TrainingJobEnded {
        /// The training job.
        name: String,
        /// The tuning job it is a trial of.
        tuning_job: Option<String>,
        /// `TrainingJobStatus`.
        status: String,
        /// The objective's final value, for a trial that reported it.
        objective: Option<f64>,
        /// Why it failed.
        failure_reason: Option<String>,
    },
    /// A tuning job started.
    TuningJobStarted {
        /// The tuning job.
        name: String,
        /// How many trials it will run at most.
        trials: usize,
    },
    /// A tuning job came to its end.
    TuningJobEnded {
        /// The tuning job.
        name: String,
        /// `HyperParameterTuningJobStatus`.
        status: String,
        /// The best trial's training job.
        best_training_job: Option<String>,
        /// Why it failed.
        failure_reason: Option<String>,
    },
    /// The status of an endpoint changed.
    EndpointChanged {
        /// The endpoint.
        name: String,
        /// `EndpointStatus`.
        status: String,
        /// Why the last deployment failed.
        failure_reason: Option<String>,
    },
    /// A program of an endpoint in service ended by itself; another one is started in its place.
    InstanceEnded {
        /// The endpoint.
        endpoint: String,
        /// The variant.
        variant: String,
        /// How it ended, and the end of its log.
        reason: String,
    },
    /// A variant of an endpoint has another number of instances from now on.
    VariantScaled {
        /// The endpoint.
        endpoint: String,
        /// The variant.
        variant: String,
        /// How many instances there were to be.
        from: usize,
        /// How many there are to be.
        to: usize,
    },
    /// What jobs did cannot be recorded, since the disk is full: they wait for room. It is told once, until it may be true again.
    WaitsForRoom {
        /// What was to be written, and why it was not.
        reason: String,
    },
    /// A message was published.
    Notification {
        /// The topic.
        topic_arn: String,
        /// The subject.
        subject: Option<String>,
        /// The text.
        message: String,
    },
}
