use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlpp_provider::{StoreError, WorkflowsError};
use mlpp_sagemaker::{Algorithm, Config, OpenError, SageMaker, passed_environment};

use crate::definitions::StateMachines;
use crate::executions::Executions;
use crate::lock::{self, ProcessLock};
use crate::workflows::LocalWorkflows;
use crate::{LocalObjects, LocalStore, MapObjects};

/// The folder of the buckets, below the local folder.
pub const BUCKETS: &str = "buckets";
/// The folder of jobs, models and endpoints, below the local folder.
pub const SAGEMAKER: &str = "sagemaker";
/// The file that the one process which may write has locked.
const LOCK: &str = "lock";
/// The file of parameters and executions, below the local folder.
pub const DATABASE: &str = "mlpp.db";

/// The region in the ARNs of this machine.
pub(crate) const REGION: &str = "us-east-1";
/// The account in the ARNs of this machine.
pub(crate) const ACCOUNT: &str = "000000000000";

/// What a local project is made of.
pub struct LocalOptions {
    /// The folder that holds everything; made if absent, for its owner alone.
    pub root: PathBuf,
    /// The executable that is `mlpp`: it supervises processes and runs the example algorithm.
    pub program: PathBuf,
    /// The algorithms that requests can name.
    pub algorithms: Vec<Algorithm>,
    /// The state machines that can be started.
    pub state_machines: StateMachines,
    /// The caller's environment, of which programs inherit what they need to run at all.
    pub environment: Vec<(OsString, OsString)>,
    /// How many training programs may run at once.
    pub max_processes: usize,
    /// Called each time a change of executions, jobs or endpoints is on disk: by it a test ends the process after each.
    pub after_commit: Option<AfterCommit>,
}

/// See [`LocalOptions::after_commit`].
pub type AfterCommit = Arc<dyn Fn() + Send + Sync>;

impl LocalOptions {
    /// Options without algorithms; as many training programs at once as there are cores.
    pub fn new(root: PathBuf, program: PathBuf, state_machines: StateMachines) -> Self {
        Self {
            root,
            program,
            algorithms: Vec::new(),
            state_machines,
            environment: Vec::new(),
            max_processes: std::thread::available_parallelism().map_or(1, usize::from),
            after_commit: None,
        }
    }
}

/// Why what is local to a project cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Another process is at work on it.
    #[error("another process is at work on it")]
    Busy {
        /// Its number, when that is known.
        process: Option<u32>,
    },
    /// A file or folder.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The parameter store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The executions.
    #[error(transparent)]
    Workflows(#[from] WorkflowsError),
    /// The services.
    #[error(transparent)]
    SageMaker(#[from] OpenError),
}

/// A project's back end on this machine: store, buckets, services, and the engine that runs its workflows.
///
/// One process at a time has it open. Executions that a killed one left are taken over by [`LocalWorkflows::resume`].
pub struct Local {
    store: LocalStore,
    objects: LocalObjects,
    sagemaker: SageMaker,
    workflows: LocalWorkflows,
    _lock: ProcessLock,
}

impl Local {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// [`LocalError`].
    pub fn open(options: LocalOptions) -> Result<Self, LocalError> {
        let LocalOptions {
            root,
            program,
            algorithms,
            state_machines,
            environment,
            max_processes,
            after_commit,
        } = options;
        make_private(&root).map_err(|source| LocalError::File { path: root.clone(), source })?;
        let lock = ProcessLock::take(&root.join(LOCK))?;
        let store = LocalStore::open(&root.join(DATABASE))?;
        let executions = Executions::open(&root.join(DATABASE))?.with_after_commit(after_commit.clone());
        executions.abort_without_journal(jiff::Timestamp::now().as_millisecond())?;
        let objects = LocalObjects::new(root.join(BUCKETS));
        let mut config = config(&root, program, &objects);
        config.algorithms = algorithms;
        config.max_processes = max_processes;
        config.after_commit = after_commit
            .map(|after_commit| -> mlpp_sagemaker::AfterCommit { Arc::new(move |_| after_commit()) });
        config.environment = passed_environment(environment);
        let sagemaker = SageMaker::open(config)?;
        let map_objects = MapObjects::new(objects.clone());
        let workflows = LocalWorkflows::new(executions, state_machines, sagemaker.clone(), map_objects);
        Ok(Self { store, objects, sagemaker, workflows, _lock: lock })
    }

    /// The parameter store.
    pub fn store(&self) -> &LocalStore {
        &self.store
    }

    /// The buckets.
    pub fn objects(&self) -> &LocalObjects {
        &self.objects
    }

    /// Training, tuning, models, endpoints.
    pub fn sagemaker(&self) -> &SageMaker {
        &self.sagemaker
    }

    /// The engine.
    pub fn workflows(&self) -> &LocalWorkflows {
        &self.workflows
    }

    /// Leaves the executions that run to whoever resumes them, and ends every process that was started; returns when they have
    /// ended.
    pub async fn shutdown(&self) {
        self.workflows.suspend().await;
        self.sagemaker.shutdown().await;
    }
}

fn config(root: &Path, program: PathBuf, objects: &LocalObjects) -> Config {
    let supervisor = vec![program.clone().into_os_string(), OsString::from("supervise")];
    let mut config = Config::new(root.join(SAGEMAKER), supervisor, program, Arc::new(objects.clone()));
    REGION.clone_into(&mut config.region);
    ACCOUNT.clone_into(&mut config.account_id);
    config
}

/// Opens the jobs, models and endpoints below the local folder `root` to look at them while another process may be at work;
/// `None` when there never were any. Nothing is started as long as only Describe and List actions are called.
///
/// # Errors
/// [`OpenError`].
pub fn open_jobs(root: &Path) -> Result<Option<SageMaker>, OpenError> {
    let folder = root.join(SAGEMAKER);
    match folder.try_exists() {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(source) => return Err(OpenError::File { path: folder, source }),
    }
    let objects = LocalObjects::new(root.join(BUCKETS));
    SageMaker::open(config(root, PathBuf::new(), &objects)).map(Some)
}

/// Whether a process has the local folder `root` open as [`Local`]: executions are being run, then.
///
/// # Errors
/// [`LocalError::File`].
pub fn is_at_work(root: &Path) -> Result<bool, LocalError> {
    lock::is_taken(&root.join(LOCK))
}

/// Makes a folder that only its owner can enter.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
