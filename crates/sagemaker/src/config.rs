//! What the platform is given: its folder, programs, algorithms, buckets.

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use crate::algorithm::Algorithm;

/// Everything that the platform takes from outside. It reads neither environment nor home directory by itself.
#[derive(Clone)]
pub struct Config {
    /// The platform's folder; created with mode 0700 if absent.
    pub root: PathBuf,
    /// The words before the arguments of [`supervise`](crate::supervise): a program which calls it and whatever
    /// arguments lead there.
    pub supervisor: Vec<OsString>,
    /// What the word `mlpp` stands for at the start of an algorithm's command.
    pub program: PathBuf,
    /// The algorithms that requests can name.
    pub algorithms: Vec<Algorithm>,
    /// Where channels, model artifacts and outputs lie.
    pub buckets: Arc<dyn Buckets>,
    /// The region in ARNs.
    pub region: String,
    /// The account in ARNs: 12 digits.
    pub account_id: String,
    /// How many training programs run at once.
    pub max_processes: usize,
    /// The seed of tuning jobs whose request has no `RandomSeed`.
    pub seed: u64,
    /// The variables that programs inherit, before those of the container contract; see [`passed_environment`].
    pub environment: Vec<(OsString, OsString)>,
    /// How long a program has between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// How long it takes until an endpoint's program is started again that ended by itself; each time twice as long, as
    /// long as it does not last.
    pub restart_delay: Duration,
    /// How often it is looked at the traffic of variants that are scaled.
    pub scaling_period: Duration,
    /// The wall clock by which scaling cools down.
    pub clock: Clock,
    /// How long an endpoint's program has until it answers on `/ping`, unless the variant's
    /// `ContainerStartupHealthCheckTimeoutInSeconds` says otherwise.
    pub startup_timeout: Duration,
    /// How long an endpoint's program may take to answer an invocation: a minute on the service
    /// ([Use Your Own Inference Code](https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html)).
    pub invocation_timeout: Duration,
    /// Called each time a change of the records is on disk, with the number of changes that this process has made: by
    /// it a test ends the process after each of them.
    pub after_commit: Option<AfterCommit>,
}

/// See [`Config::after_commit`].
pub type AfterCommit = Arc<dyn Fn(u64) + Send + Sync>;

/// See [`Config::clock`].
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl Config {
    /// A configuration without algorithms; region, account, one process at a time and the other values can be set
    /// afterwards.
    pub fn new(
        root: PathBuf,
        supervisor: Vec<OsString>,
        program: PathBuf,
        buckets: Arc<dyn Buckets>,
    ) -> Self {
        Self {
            root,
            supervisor,
            program,
            algorithms: Vec::new(),
            buckets,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            max_processes: 1,
            seed: 0,
            environment: Vec::new(),
            grace: Duration::from_secs(10),
            restart_delay: Duration::from_secs(1),
            scaling_period: Duration::from_mins(1),
            clock: Arc::new(Timestamp::now),
            startup_timeout: Duration::from_mins(2),
            invocation_timeout: Duration::from_mins(1),
            after_commit: None,
        }
    }
}

/// The variables of `environment` that programs need to run at all: search paths, home, locale, time zone, temporary
/// folder. The rest (credentials among it) stays with the caller.
pub fn passed_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    const NAMES: [&str; 10] = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "VIRTUAL_ENV",
    ];
    environment
        .into_iter()
        .filter(|(name, _)| {
            name.to_str().is_some_and(|name| NAMES.contains(&name) || name.starts_with("LC_"))
        })
        .collect()
}

/// A future behind a pointer, as the methods of [`Buckets`] return it.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a bucket did not do what was asked.
#[derive(Debug, Error)]
pub enum BucketError {
    /// There is no such bucket or object.
    #[error("s3://{bucket}/{key} does not exist")]
    NotFound {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// Anything else.
    #[error("s3://{bucket}/{key}: {source}")]
    Failed {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The objects which jobs read and write.
pub trait Buckets: Send + Sync {
    /// All keys of `bucket` that begin with `prefix`, in any order.
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Pending<'a, Result<Vec<String>, BucketError>>;
    /// Writes the object `key` to the file `to`, whose folder exists.
    fn download<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        to: &'a Path,
    ) -> Pending<'a, Result<(), BucketError>>;
    /// Stores the file `from` as the object `key`.
    fn upload<'a>(
        &'a self,
        from: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> Pending<'a, Result<(), BucketError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_passed_on() {
        let given =
            ["PATH", "AWS_SECRET_ACCESS_KEY", "LC_ALL", "MLPP_HOME"].map(|name| (name.into(), "x".into()));
        let names: Vec<_> = passed_environment(given).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "LC_ALL"]);
    }
}
