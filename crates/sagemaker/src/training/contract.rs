//! SageMaker's container contract: files, variables and folders of a training job.
//!
//! Rules: <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html> and
//! the `ENVIRONMENT_VARIABLES` page of the SageMaker training toolkit. `/opt/ml` becomes the job's folder.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::run::TrainingJob;
use crate::algorithm::validate::OBJECTIVE_HYPERPARAMETER;

/// The folders of a job.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) root: PathBuf,
}

impl Layout {
    pub(crate) fn model(&self) -> PathBuf {
        self.root.join("model")
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.root.join("input")
    }

    fn config(&self) -> PathBuf {
        self.input().join("config")
    }

    pub(crate) fn channel(&self, name: &str) -> PathBuf {
        self.input().join("data").join(name)
    }

    fn output(&self) -> PathBuf {
        self.root.join("output")
    }

    pub(crate) fn output_data(&self) -> PathBuf {
        self.output().join("data")
    }

    pub(crate) fn failure(&self) -> PathBuf {
        self.output().join("failure")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    pub(crate) fn status(&self) -> PathBuf {
        self.root.join("exit.json")
    }

    /// Makes the folders and the configuration files. What an earlier run left is removed, but for the folder `kept`
    /// below the job's.
    pub(crate) fn create(&self, job: &TrainingJob, kept: Option<&Path>) -> io::Result<()> {
        clear(&self.root, kept)?;
        for folder in [self.config(), self.model(), self.output_data(), self.root.join("checkpoints")] {
            std::fs::create_dir_all(folder)?;
        }
        for channel in &job.definition.channels {
            std::fs::create_dir_all(self.channel(&channel.name))?;
        }
        let write = |name: &str, value: &Value| {
            std::fs::write(self.config().join(name), serde_json::to_vec_pretty(value)?)
        };
        write("hyperparameters.json", &Value::Object(job.hyperparameters.clone()))?;
        write("inputdataconfig.json", &input_data_config(job))?;
        write("resourceconfig.json", &resource_config())
    }
}

/// Removes everything below `folder` but `kept`.
fn clear(folder: &Path, kept: Option<&Path>) -> io::Result<()> {
    let mut rest = kept.unwrap_or(Path::new("")).components();
    let Some(first) = rest.next() else {
        return match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name() == first.as_os_str() {
            if !rest.as_path().as_os_str().is_empty() {
                clear(&entry.path(), Some(rest.as_path()))?;
            }
        } else if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn input_data_config(job: &TrainingJob) -> Value {
    let channels = &job.definition.channels;
    Value::Object(channels.iter().map(|channel| (channel.name.clone(), channel.config.clone())).collect())
}

/// One host, whatever the request asks for.
fn resource_config() -> Value {
    json!({
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "current_group_name": "homogeneousCluster",
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": "local", "hosts": ["algo-1"]}
        ],
        "network_interface_name": "lo",
    })
}

/// The variables of the contract, in the toolkit's names.
pub(crate) fn environment(layout: &Layout, job: &TrainingJob, cpus: usize) -> Vec<(OsString, OsString)> {
    let folder = |path: &Path| path.display().to_string();
    let hyperparameters: Map<String, Value> =
        job.hyperparameters.iter().map(|(name, value)| (name.clone(), decoded(value))).collect();
    let channels: Vec<&str> = job.definition.channels.iter().map(|channel| channel.name.as_str()).collect();
    let channel_folders: Map<String, Value> =
        channels.iter().map(|&name| (name.to_owned(), json!(folder(&layout.channel(name))))).collect();
    let (resources, input) = (resource_config(), input_data_config(job));
    let training_environment = json!({
        "channel_input_dirs": channel_folders,
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "hyperparameters": hyperparameters,
        "input_config_dir": folder(&layout.config()),
        "input_data_config": input,
        "input_dir": folder(&layout.input()),
        "is_master": true,
        "job_name": job.name,
        "log_level": 20,
        "model_dir": folder(&layout.model()),
        "num_cpus": cpus,
        "num_gpus": 0,
        "output_data_dir": folder(&layout.output_data()),
        "output_dir": folder(&layout.output()),
        "resource_config": resources,
    });
    let mut variables: Vec<(String, String)> = [
        ("TRAINING_JOB_NAME", job.name.clone()),
        ("TRAINING_JOB_ARN", job.arn.clone()),
        ("SM_MODEL_DIR", folder(&layout.model())),
        ("SM_CHANNELS", json!(channels).to_string()),
        ("SM_USER_ARGS", json!(user_arguments(job)).to_string()),
        ("SM_HPS", Value::Object(hyperparameters.clone()).to_string()),
        ("SM_INPUT_DIR", folder(&layout.input())),
        ("SM_INPUT_CONFIG_DIR", folder(&layout.config())),
        ("SM_OUTPUT_DIR", folder(&layout.output())),
        ("SM_OUTPUT_DATA_DIR", folder(&layout.output_data())),
        ("SM_NUM_CPUS", cpus.to_string()),
        ("SM_NUM_GPUS", "0".to_owned()),
        ("SM_HOSTS", json!(["algo-1"]).to_string()),
        ("SM_CURRENT_HOST", "algo-1".to_owned()),
        ("SM_LOG_LEVEL", "20".to_owned()),
        ("SM_RESOURCE_CONFIG", resources.to_string()),
        ("SM_INPUT_DATA_CONFIG", input.to_string()),
        ("SM_TRAINING_ENV", training_environment.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for name in channels {
        variables.push((format!("SM_CHANNEL_{}", name.to_uppercase()), folder(&layout.channel(name))));
    }
    for (name, value) in &job.hyperparameters {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        variables.push((format!("SM_HP_{}", name.to_uppercase()), text));
    }
    for (name, value) in &job.definition.environment {
        variables.push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
    }
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// The hyperparameters as the toolkit gives them to a script: `--name value`, `-n value` for a name of one letter; without
/// the one that a tuning job adds.
pub(crate) fn user_arguments(job: &TrainingJob) -> Vec<String> {
    let given = job.hyperparameters.iter().filter(|(name, _)| *name != OBJECTIVE_HYPERPARAMETER);
    given
        .flat_map(|(name, value)| {
            let dashes = if name.chars().count() == 1 { "-" } else { "--" };
            let text = match decoded(value) {
                // As Python writes them.
                Value::Bool(true) => "True".to_owned(),
                Value::Bool(false) => "False".to_owned(),
                Value::String(text) => text,
                _ => value.as_str().unwrap_or_default().to_owned(),
            };
            [format!("{dashes}{name}"), text]
        })
        .collect()
}

/// A hyperparameter as the toolkit hands it to programs: its JSON value if its text is JSON, else the text.
fn decoded(value: &Value) -> Value {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("job");
        for name in ["a/b/keep", "a/c/gone", "d/gone"] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        clear(&root, Some(Path::new("a/b"))).unwrap();
        assert!(root.join("a/b/keep").exists());
        assert!(!root.join("a/c").exists() && !root.join("d").exists());
        clear(&root, None).unwrap();
        assert!(!root.exists());
        clear(&root, Some(Path::new("a"))).unwrap();
    }
}
