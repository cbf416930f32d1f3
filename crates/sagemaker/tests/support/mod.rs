//! What this crate's integration tests share: a platform in a temporary folder, buckets that are folders, requests.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod folders;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use folders::Folders;
use mlpp_sagemaker::{Algorithm, Config, SageMaker, Service, ServiceError, Waitable, passed_environment};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The program in `program.rs`.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sagemaker-test-program");

/// A platform, its folder, and an object `s3://data/train/train.csv`.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
    pub(crate) platform: SageMaker,
    algorithm: String,
}

/// An algorithm `sh` that trains with a shell script and serves with the test program.
pub(crate) fn algorithm(script: &str) -> String {
    format!(
        r#"
name = "sh"
[training]
command = ["/bin/sh", "-c", {script}]
[inference]
command = ["{PROGRAM}", "serve"]
image_aliases = ["predictor"]
[[metrics]]
name = "score"
regex = 'score=([^;]+);'
[[objectives]]
metric = "score"
type = "Maximize"
[[hyperparameters]]
name = "x"
type = "Continuous"
min = "0"
max = "1"
tunable = true
[[hyperparameters]]
name = "n"
type = "Integer"
tunable = true
[[hyperparameters]]
name = "word"
type = "FreeText"
"#,
        script = toml_text(script)
    )
}

fn toml_text(text: &str) -> String {
    // JSON's escapes are a subset of those of TOML's basic strings.
    serde_json::to_string(text).unwrap()
}

impl Lab {
    /// A platform whose algorithm trains with `script`.
    pub(crate) fn new(script: &str) -> Self {
        Self::with_algorithm(&algorithm(script))
    }

    /// A platform with the algorithm of this `algorithm.toml`.
    pub(crate) fn with_algorithm(algorithm: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("buckets/data/train");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("train.csv"), "a,b\n1,2\n").unwrap();
        let platform = open(folder.path(), algorithm, |_| {});
        Self { folder, platform, algorithm: algorithm.to_owned() }
    }

    /// A platform whose configuration is changed.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut lab = Self::new("unused");
        lab.platform = open(lab.folder.path(), &lab.algorithm, change);
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The platform as another process sees it.
    pub(crate) fn open_again(&self) -> SageMaker {
        open(self.folder.path(), &self.algorithm, |_| {})
    }

    /// The same with another configuration.
    pub(crate) fn open_with(&self, change: impl FnOnce(&mut Config)) -> SageMaker {
        open(self.folder.path(), &self.algorithm, change)
    }

    pub(crate) async fn call(&self, action: &str, request: Value) -> Result<Value, ServiceError> {
        self.platform.call(Service::SageMaker, action, request).await
    }

    pub(crate) async fn must(&self, action: &str, request: Value) -> Value {
        self.call(action, request).await.unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    /// Runs a training job to its end.
    pub(crate) async fn train(&self, request: Value) -> Value {
        let name = request["TrainingJobName"].as_str().unwrap().to_owned();
        self.must("CreateTrainingJob", request).await;
        self.platform.wait(Waitable::TrainingJob, &name).await.unwrap()
    }

    /// Runs a tuning job to its end.
    pub(crate) async fn tune(&self, request: Value) -> Value {
        let name = request["HyperParameterTuningJobName"].as_str().unwrap().to_owned();
        self.must("CreateHyperParameterTuningJob", request).await;
        self.platform.wait(Waitable::HyperParameterTuningJob, &name).await.unwrap()
    }

    /// The files below the platform's folder whose name begins so.
    pub(crate) fn platform_files(&self, start: &str) -> Vec<PathBuf> {
        let (mut found, mut open) = (Vec::new(), vec![self.path("platform")]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    open.push(entry.path());
                } else if entry.file_name().to_string_lossy().starts_with(start) {
                    found.push(entry.path());
                }
            }
        }
        found
    }

    /// What a file says once it is there.
    pub(crate) async fn text_of(&self, name: &str) -> String {
        let path = self.path(name);
        eventually(&format!("{} is there", path.display()), || {
            fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n'))
        })
        .await;
        fs::read_to_string(&path).unwrap().trim().to_owned()
    }
}

fn open(folder: &Path, algorithm: &str, change: impl FnOnce(&mut Config)) -> SageMaker {
    let supervisor: Vec<OsString> = vec![PROGRAM.into(), "supervise".into()];
    let buckets = Arc::new(Folders(folder.join("buckets")));
    let mut config = Config::new(folder.join("platform"), supervisor, PROGRAM.into(), buckets);
    config.environment = passed_environment(std::env::vars_os());
    config.max_processes = 2;
    config.grace = Duration::from_millis(200);
    config.startup_timeout = Duration::from_secs(20);
    config.algorithms = vec![Algorithm::parse(algorithm, Path::new("/algorithm.toml")).unwrap()];
    change(&mut config);
    SageMaker::open(config).unwrap()
}

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/training";

/// The members which training jobs and definitions share.
fn definition() -> Value {
    json!({
        "AlgorithmSpecification": {"AlgorithmName": "arn:aws:sagemaker:us-east-1:1:algorithm/sh", "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [channel("training", "s3://data/train/train.csv")],
        "OutputDataConfig": {"S3OutputPath": "s3://artifacts/models/"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.c5.2xlarge", "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    })
}

pub(crate) fn channel(name: &str, uri: &str) -> Value {
    json!({
        "ChannelName": name,
        "ContentType": "text/csv",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
    })
}

pub(crate) fn training_job(name: &str) -> Value {
    let mut request = definition();
    request["TrainingJobName"] = json!(name);
    request
}

/// A tuning job over `x` in [0, 1].
pub(crate) fn tuning_job(name: &str, strategy: &str, trials: usize) -> Value {
    let mut definition = definition();
    definition["DefinitionName"] = json!("definition-0");
    definition["TuningObjective"] = json!({"Type": "Maximize", "MetricName": "score"});
    definition["HyperParameterRanges"] = json!({
        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.0", "MaxValue": "1.0", "ScalingType": "Linear"}],
    });
    definition["StaticHyperParameters"] = json!({"word": "fixed"});
    json!({
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": trials.min(4)},
        },
        "TrainingJobDefinitions": [definition],
    })
}

/// Waits until `condition` holds, for at most a minute.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came true: {what}");
}

/// Whether a process runs; a zombie does not.
pub(crate) fn runs(pid: &str) -> bool {
    assert!(pid.parse::<u32>().is_ok(), "{pid:?} is not a process");
    let status = fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or_default().trim().starts_with('Z'))
}

/// The command lines of the processes whose working folder is below `folder`, which includes their supervisors.
pub(crate) fn processes_below(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let below = processes.filter(|process| {
        fs::read_link(process.path().join("cwd")).is_ok_and(|place| place.starts_with(&folder))
    });
    below
        .map(|process| {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        })
        .filter(|line| !line.is_empty())
        .collect()
}

impl Lab {
    /// A model whose archive holds `model.txt` with `text`, served under the name `text`.
    pub(crate) async fn model(&self, name: &str, text: &str, environment: Value) {
        let folder = self.path("buckets/artifacts");
        fs::create_dir_all(&folder).unwrap();
        let archive = fs::File::create(folder.join(format!("{name}.tar.gz"))).unwrap();
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(archive, flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, "model.txt", text.as_bytes()).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
        let mut variables = json!({"NAME": name});
        for (key, value) in environment.as_object().unwrap() {
            variables[key] = value.clone();
        }
        let request = json!({
            "ModelName": name,
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {
                "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/predictor:latest",
                "ModelDataUrl": format!("s3://artifacts/{name}.tar.gz"),
                "Environment": variables,
            },
        });
        self.must("CreateModel", request).await;
    }

    /// An endpoint configuration `name` with a variant for each model, named after it, with a weight.
    pub(crate) async fn config(&self, name: &str, models: &[(&str, f64)]) {
        let variants: Vec<Value> = models
            .iter()
            .map(|(model, weight)| {
                json!({
                    "VariantName": model,
                    "ModelName": model,
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": weight,
                    "InstanceType": "ml.c5.2xlarge",
                })
            })
            .collect();
        self.must(
            "CreateEndpointConfig",
            json!({"EndpointConfigName": name, "ProductionVariants": variants}),
        )
        .await;
    }

    /// The endpoint once it has come to rest in a state.
    pub(crate) async fn settled(&self, endpoint: &str) -> Value {
        for _ in 0..6000 {
            let described = self.must("DescribeEndpoint", json!({"EndpointName": endpoint})).await;
            if !["Creating", "Updating"].contains(&described["EndpointStatus"].as_str().unwrap()) {
                return described;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("endpoint {endpoint} never settled");
    }
}
