//! The platform: what all actions share, and which action a call means.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::JoinSet;

use crate::algorithm::Algorithm;
use crate::config::Config;
use crate::endpoint::Deployment;
use crate::endpoint::http::Client;
use crate::error::{OpenError, ServiceError};
use crate::event::JobEvent;
use crate::names::{self, Arns};
use crate::owner::Owner;
use crate::room::Room;
use crate::store::{ResourceKind, Store};
use crate::training::record::is_final;
use crate::transform::transform_response;

/// How long a change by another process may go unnoticed.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The services whose actions the platform has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Amazon SageMaker.
    SageMaker,
    /// Application Auto Scaling.
    ApplicationAutoScaling,
    /// Amazon SNS.
    Sns,
}

/// Jobs whose end can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waitable {
    /// A training job.
    TrainingJob,
    /// A hyperparameter tuning job.
    HyperParameterTuningJob,
    /// A batch transform job.
    TransformJob,
}

/// The machine-learning platform in one folder. Clones share it.
///
/// Several processes may have the folder open. Each runs the jobs and endpoints that it started, and sees and stops
/// those of the others. Jobs whose process is gone stay as they were until [`resume`](Self::resume),
/// [`wait`](Self::wait) or a Stop action goes on with them; endpoints keep their records and count no instances until
/// [`restore_endpoints`](Self::restore_endpoints) or `UpdateEndpoint`.
///
/// Call [`shutdown`](Self::shutdown) at the end: dropping the last clone leaves jobs to the runtime, and to the pipes
/// which close with the process.
#[derive(Clone)]
pub struct SageMaker {
    pub(crate) platform: Arc<Platform>,
}

pub(crate) struct Platform {
    pub(crate) config: Config,
    pub(crate) arns: Arns,
    pub(crate) store: Store,
    pub(crate) owner: Owner,
    pub(crate) opened: String,
    pub(crate) events: broadcast::Sender<JobEvent>,
    /// Turns true once.
    pub(crate) closing: watch::Sender<bool>,
    /// One permit for each training program that may run.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) client: Client,
    /// What serves each endpoint that this process runs.
    deployments: Mutex<HashMap<String, Arc<Deployment>>>,
    /// Ports given to programs of this process.
    pub(crate) ports: Mutex<HashSet<u16>>,
    tasks: Mutex<JoinSet<()>>,
    pub(crate) room: Room,
}

impl Waitable {
    pub(crate) fn kind(self) -> ResourceKind {
        match self {
            Self::TrainingJob => ResourceKind::TrainingJob,
            Self::HyperParameterTuningJob => ResourceKind::HyperParameterTuningJob,
            Self::TransformJob => ResourceKind::TransformJob,
        }
    }

    /// The member of the Describe response which holds the status.
    pub(crate) fn status_member(self) -> &'static str {
        match self {
            Self::TrainingJob => "TrainingJobStatus",
            Self::HyperParameterTuningJob => "HyperParameterTuningJobStatus",
            Self::TransformJob => "TransformJobStatus",
        }
    }
}

impl SageMaker {
    /// Opens the platform's folder, creating it if absent. Blocks while it reads files; needs no runtime.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let file = |path: &PathBuf, source| OpenError::File { path: path.clone(), source };
        if config.supervisor.is_empty() {
            return Err(OpenError::Config("the supervisor's command line is empty"));
        }
        let mut config = config;
        create_private(&config.root).map_err(|source| file(&config.root, source))?;
        // Programs run in folders of their own: paths which they are given must not depend on ours.
        config.root = config.root.canonicalize().map_err(|source| file(&config.root, source))?;
        let mut names = HashSet::new();
        for algorithm in &mut config.algorithms {
            if !names.insert(algorithm.name.clone()) {
                return Err(OpenError::DuplicateAlgorithm { name: algorithm.name.clone() });
            }
            algorithm.folder =
                std::path::absolute(&algorithm.folder).map_err(|source| file(&algorithm.folder, source))?;
        }
        let owners = config.root.join("owners");
        let owner = Owner::claim(owners.clone()).map_err(|source| file(&owners, source))?;
        owner.sweep().map_err(|source| file(&owners, source))?;
        let store = Store::open(&config.root.join("platform.sqlite"), config.after_commit.clone())?;
        let platform = Platform {
            arns: Arns { region: config.region.clone(), account_id: config.account_id.clone() },
            slots: Arc::new(Semaphore::new(config.max_processes.max(1))),
            config,
            store,
            owner,
            opened: names::now(),
            events: broadcast::Sender::new(1024),
            closing: watch::Sender::new(false),
            client: Client::new(),
            deployments: Mutex::default(),
            ports: Mutex::default(),
            tasks: Mutex::default(),
            room: Room::default(),
        };
        Ok(Self { platform: Arc::new(platform) })
    }

    /// Runs an API action: `request` is its JSON request, the result its JSON response. Times in responses are
    /// ISO 8601 texts. Must be called within a tokio runtime, on which jobs then run in the background.
    ///
    /// # Errors
    /// The service's own, by code and text; `UnknownOperationException` for an action that the platform does not have.
    pub async fn call(&self, service: Service, action: &str, request: Value) -> Result<Value, ServiceError> {
        self.platform.put_endpoints_right().await?;
        match service {
            Service::SageMaker => self.platform.sagemaker(action, &request).await,
            Service::ApplicationAutoScaling => self.platform.scaling(action, &request).await,
            Service::Sns => self.platform.sns(action, &request).await,
        }
    }

    /// Waits until the job has ended, whichever process runs it, and answers its Describe response. A job whose process
    /// is gone, or goes meanwhile, goes on in this one: see [`resume`](Self::resume).
    pub async fn wait(&self, what: Waitable, name: &str) -> Result<Value, ServiceError> {
        let (kind, member) = (what.kind(), what.status_member());
        let platform = &self.platform;
        let mut changes = platform.store.changes();
        loop {
            changes.mark_unchanged();
            let record = platform.store.get(kind, name).await?.ok_or_else(ServiceError::not_found)?;
            platform.take_orphan(what, name, &record).await?;
            if is_final(record.text(member)) {
                return match what {
                    Waitable::TrainingJob => Ok(Value::Object(record.body)),
                    Waitable::HyperParameterTuningJob => platform.tuning_response(record).await,
                    Waitable::TransformJob => Ok(transform_response(record)),
                };
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// What happens in this process from now on. A receiver that falls 1,024 events behind loses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<JobEvent> {
        self.platform.events.subscribe()
    }

    /// Ends every program that this process started (SIGTERM, the configured grace, SIGKILL) and returns when all have
    /// ended. Jobs that were running stay so on record, as if the process had been killed: whoever opens the folder next
    /// can go on with them. Calls afterwards start nothing any more.
    pub async fn shutdown(&self) {
        self.platform.closing.send_replace(true);
        loop {
            // A call that was under way may start a last task, which ends by itself as well.
            let mut tasks = std::mem::take(&mut *lock(&self.platform.tasks));
            if tasks.is_empty() {
                break;
            }
            while tasks.join_next().await.is_some() {}
        }
        for deployment in self.platform.take_deployments() {
            deployment.stop().await;
        }
        // The lock ends with the process, at the latest.
        let _ = self.platform.owner.release();
    }

    /// Starts the programs of all endpoints in service which no process runs any more, and returns while they start:
    /// each is `Updating` until its programs are healthy.
    pub async fn restore_endpoints(&self) -> Result<(), ServiceError> {
        self.platform.restore_endpoints().await
    }

    /// The members of the request that made a resource which have no meaning on one machine, as dotted paths.
    pub async fn not_simulated(&self, kind: ResourceKind, name: &str) -> Result<Vec<String>, ServiceError> {
        let record = self.platform.store.get(kind, name).await?.ok_or_else(ServiceError::not_found)?;
        Ok(record.local.not_simulated)
    }

    /// Where the log of a transform job's program lies, once it has started.
    pub fn transform_log(&self, name: &str) -> Option<PathBuf> {
        request_name(name).then(|| self.platform.transform_folder(name).join("worker/log"))
    }

    /// Where the logs of an endpoint's instances lie, each with the name of its variant. The log of an instance is gone with it.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub async fn endpoint_logs(&self, name: &str) -> Result<Vec<(String, PathBuf)>, ServiceError> {
        let record = self.platform.endpoint(name).await?;
        let logs = record.local.instances.into_iter();
        Ok(logs.map(|instance| (instance.variant, PathBuf::from(instance.log))).collect())
    }

    /// Where the log of a training job lies, once its program has started.
    pub fn training_log(&self, name: &str) -> Option<PathBuf> {
        request_name(name).then(|| self.platform.job_folder(name).join("log"))
    }
}

fn request_name(name: &str) -> bool {
    crate::request::is_name(name)
}

/// The content of a mutex; a panic elsewhere leaves the maps behind these locks as good as before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn create_private(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

impl Platform {
    async fn sagemaker(self: &Arc<Self>, action: &str, request: &Value) -> Result<Value, ServiceError> {
        match action {
            "CreateTrainingJob" => self.create_training_job(request).await,
            "DescribeTrainingJob" => self.describe_training_job(request).await,
            "StopTrainingJob" => self.stop_training_job(request).await,
            "ListTrainingJobs" => self.list_training_jobs(request).await,
            "CreateHyperParameterTuningJob" => self.create_tuning_job(request).await,
            "DescribeHyperParameterTuningJob" => self.describe_tuning_job(request).await,
            "StopHyperParameterTuningJob" => self.stop_tuning_job(request).await,
            "ListHyperParameterTuningJobs" => self.list_tuning_jobs(request).await,
            "ListTrainingJobsForHyperParameterTuningJob" => self.list_trials(request).await,
            "CreateTransformJob" => self.create_transform_job(request).await,
            "DescribeTransformJob" => self.describe_transform_job(request).await,
            "StopTransformJob" => self.stop_transform_job(request).await,
            "ListTransformJobs" => self.list_transform_jobs(request).await,
            "DescribeAlgorithm" => self.describe_algorithm(request),
            "CreateModel" => self.create_model(request).await,
            "DescribeModel" => self.describe_model(request).await,
            "DeleteModel" => self.delete_model(request).await,
            "ListModels" => self.list_models(request).await,
            "CreateEndpointConfig" => self.create_endpoint_config(request).await,
            "DescribeEndpointConfig" => self.describe_endpoint_config(request).await,
            "DeleteEndpointConfig" => self.delete_endpoint_config(request).await,
            "ListEndpointConfigs" => self.list_endpoint_configs(request).await,
            "CreateEndpoint" => self.create_endpoint(request).await,
            "UpdateEndpoint" => self.update_endpoint(request).await,
            "DescribeEndpoint" => self.describe_endpoint(request).await,
            "DeleteEndpoint" => self.delete_endpoint(request).await,
            "ListEndpoints" => self.list_endpoints(request).await,
            _ => Err(unknown(action)),
        }
    }

    fn describe_algorithm(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = crate::request::Checks::new();
        let root = crate::request::Node::root(request);
        let name = checks.required_text(&root, "AlgorithmName", crate::request::Text::filled(170));
        checks.finish()?;
        let algorithm = self.algorithm(name.unwrap_or_default())?;
        Ok(algorithm.describe(&self.arns.sagemaker("algorithm", &algorithm.name), &self.opened))
    }

    /// The algorithm that a name or an ARN means.
    pub(crate) fn algorithm(&self, name: &str) -> Result<&Algorithm, ServiceError> {
        let last = name.rsplit('/').next().unwrap_or(name);
        self.config.algorithms.iter().find(|algorithm| algorithm.name == last).ok_or_else(|| {
            let known: Vec<&str> =
                self.config.algorithms.iter().map(|algorithm| algorithm.name.as_str()).collect();
            let arn = if name.starts_with("arn:") {
                name.to_owned()
            } else {
                self.arns.sagemaker("algorithm", last)
            };
            ServiceError::validation(format!(
                "Could not find algorithm \"{arn}\". The algorithms on this machine are: {}.",
                known.join(", ")
            ))
        })
    }

    /// The algorithm which a container image stands for.
    pub(crate) fn algorithm_of_image(&self, image: &str) -> Result<&Algorithm, ServiceError> {
        self.config.algorithms.iter().find(|algorithm| algorithm.is_image(image)).ok_or_else(|| {
            let known: Vec<String> = self.config.algorithms.iter().map(Algorithm::image).collect();
            ServiceError::validation(format!(
                "No algorithm on this machine stands for the image \"{image}\". The images known are: {}; an \
                 algorithm's image_aliases name others.",
                known.join(", ")
            ))
        })
    }

    pub(crate) fn emit(&self, event: JobEvent) {
        // Without a receiver there is nobody to tell.
        let _ = self.events.send(event);
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Resolves when the platform is shut down.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as `self`.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    pub(crate) fn refuse_when_closing(&self) -> Result<(), ServiceError> {
        if self.is_closing() {
            return Err(ServiceError::new("ServiceUnavailable", 503, "The platform is shutting down."));
        }
        Ok(())
    }

    /// Runs `work` in the background; `shutdown` waits for it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    pub(crate) fn deployment(&self, endpoint: &str) -> Option<Arc<Deployment>> {
        lock(&self.deployments).get(endpoint).cloned()
    }

    /// Puts `deployment` in charge of the endpoint, or nothing; answers what was in charge before.
    pub(crate) fn swap_deployment(
        &self,
        endpoint: &str,
        deployment: Option<Arc<Deployment>>,
    ) -> Option<Arc<Deployment>> {
        let mut deployments = lock(&self.deployments);
        match deployment {
            Some(deployment) => deployments.insert(endpoint.to_owned(), deployment),
            None => deployments.remove(endpoint),
        }
    }

    fn take_deployments(&self) -> Vec<Arc<Deployment>> {
        lock(&self.deployments).drain().map(|(_, deployment)| deployment).collect()
    }

    /// Whether the process that runs a resource has ended without putting it right.
    pub(crate) fn is_orphaned(&self, owner: Option<&str>) -> bool {
        owner.is_some_and(|owner| !self.owner.is_alive(owner))
    }

    /// Puts the records of endpoints right whose process is gone.
    pub(crate) async fn put_endpoints_right(&self) -> Result<(), ServiceError> {
        for (name, record) in self.store.running(ResourceKind::Endpoint).await? {
            if self.is_orphaned(record.local.owner.as_deref()) {
                self.put_endpoint_right(&name).await?;
            }
        }
        Ok(())
    }
}

pub(crate) fn unknown(action: &str) -> ServiceError {
    ServiceError::new(
        "UnknownOperationException",
        400,
        format!("The operation {action} is not available on this machine."),
    )
}
