//! Where the platform puts things: the paths and addresses of SageMaker's container contract.
//!
//! The directories are those of "How Amazon SageMaker AI Provides Training Information" in the SageMaker developer
//! guide; the names of the variables are those of the SageMaker training toolkit. Every one has its `/opt/ml` default,
//! so the same program runs in a container that sets none of them.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use thiserror::Error;

/// The port a hosting container listens on when `SAGEMAKER_BIND_TO_PORT` is not set.
pub const DEFAULT_PORT: u16 = 8080;

/// What a training run reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainEnvironment {
    /// Holds `hyperparameters.json`.
    pub config_directory: PathBuf,
    /// The files of the channel `training`.
    pub training_channel: PathBuf,
    /// The files of the channel `validation`; without it only `training:` metrics are printed.
    pub validation_channel: Option<PathBuf>,
    /// Receives the model.
    pub model_directory: PathBuf,
    /// Receives the file `failure` when training fails.
    pub output_directory: PathBuf,
}

impl TrainEnvironment {
    /// Reads the paths from variables, which `lookup` finds by name; an empty value counts as absent.
    ///
    /// | variable | default |
    /// |---|---|
    /// | `SM_INPUT_CONFIG_DIR` | `/opt/ml/input/config` |
    /// | `SM_CHANNEL_TRAINING` | `/opt/ml/input/data/training` |
    /// | `SM_CHANNEL_VALIDATION` | `/opt/ml/input/data/validation`, if `SM_CHANNEL_TRAINING` is absent too and the directory exists; else none |
    /// | `SM_MODEL_DIR` | `/opt/ml/model` |
    /// | `SM_OUTPUT_DIR` | `/opt/ml/output` |
    pub fn from_variables(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name| present(&lookup, name).map(PathBuf::from);
        let training = path("SM_CHANNEL_TRAINING");
        let in_container = || {
            let default = PathBuf::from("/opt/ml/input/data/validation");
            (training.is_none() && default.is_dir()).then_some(default)
        };
        let validation_channel = path("SM_CHANNEL_VALIDATION").or_else(in_container);
        Self {
            config_directory: path("SM_INPUT_CONFIG_DIR").unwrap_or_else(|| "/opt/ml/input/config".into()),
            training_channel: training.unwrap_or_else(|| "/opt/ml/input/data/training".into()),
            validation_channel,
            model_directory: path("SM_MODEL_DIR").unwrap_or_else(|| "/opt/ml/model".into()),
            output_directory: path("SM_OUTPUT_DIR").unwrap_or_else(|| "/opt/ml/output".into()),
        }
    }
}

/// What a hosting run reads, and where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeEnvironment {
    /// Holds the model.
    pub model_directory: PathBuf,
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
}

impl ServeEnvironment {
    /// Reads model directory and address from variables, which `lookup` finds by name; an empty value counts as absent.
    ///
    /// | variable | default |
    /// |---|---|
    /// | `SM_MODEL_DIR` | `/opt/ml/model` |
    /// | `SAGEMAKER_BIND_TO_PORT` | 8080, the port of SageMaker's hosting contract |
    /// | `SAGEMAKER_BIND_TO_ADDRESS` | 127.0.0.1 |
    ///
    /// `SAGEMAKER_BIND_TO_PORT` is SageMaker's own; `SAGEMAKER_BIND_TO_ADDRESS` is this program's. A container's health
    /// check comes from outside of it, so its image sets the address to `0.0.0.0`; anywhere else nobody but this machine
    /// should reach the model unless asked for.
    ///
    /// # Errors
    ///
    /// A port that is no number from 0 to 65535, an address that is no IP address.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, EnvironmentError> {
        let model_directory = present(&lookup, "SM_MODEL_DIR").unwrap_or_else(|| "/opt/ml/model".into());
        let port = match present(&lookup, "SAGEMAKER_BIND_TO_PORT") {
            None => DEFAULT_PORT,
            Some(text) => text
                .to_str()
                .and_then(|text| text.trim().parse().ok())
                .ok_or_else(|| EnvironmentError::Port { value: text.to_string_lossy().into_owned() })?,
        };
        let address = match present(&lookup, "SAGEMAKER_BIND_TO_ADDRESS") {
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(text) => text
                .to_str()
                .and_then(|text| text.trim().parse().ok())
                .ok_or_else(|| EnvironmentError::Address { value: text.to_string_lossy().into_owned() })?,
        };
        Ok(Self { model_directory: model_directory.into(), address: SocketAddr::new(address, port) })
    }
}

/// A variable that does not say what it should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The port is no port.
    #[error("`SAGEMAKER_BIND_TO_PORT` is `{value}`: it must be a whole number from 0 to 65535")]
    Port {
        /// What was set.
        value: String,
    },
    /// The address is no address.
    #[error(
        "`SAGEMAKER_BIND_TO_ADDRESS` is `{value}`: it must be an IP address, such as 127.0.0.1 or 0.0.0.0"
    )]
    Address {
        /// What was set.
        value: String,
    },
}

fn present(lookup: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    lookup(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        move |name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn a_training_run_takes_its_paths_from_the_variables() {
        let environment = TrainEnvironment::from_variables(variables(&[
            ("SM_INPUT_CONFIG_DIR", "/job/config"),
            ("SM_CHANNEL_TRAINING", "/job/data/training"),
            ("SM_CHANNEL_VALIDATION", "/job/data/validation"),
            ("SM_MODEL_DIR", "/job/model"),
            ("SM_OUTPUT_DIR", "/job/output"),
        ]));
        assert_eq!(environment.config_directory, PathBuf::from("/job/config"));
        assert_eq!(environment.training_channel, PathBuf::from("/job/data/training"));
        assert_eq!(environment.validation_channel, Some(PathBuf::from("/job/data/validation")));
        assert_eq!(environment.model_directory, PathBuf::from("/job/model"));
        assert_eq!(environment.output_directory, PathBuf::from("/job/output"));
    }

    #[test]
    fn a_job_without_a_validation_channel_has_none() {
        let environment =
            TrainEnvironment::from_variables(variables(&[("SM_CHANNEL_TRAINING", "/job/training")]));
        assert_eq!(environment.validation_channel, None);
        assert_eq!(environment.model_directory, PathBuf::from("/opt/ml/model"));
    }

    #[test]
    fn hosting_listens_on_this_machine_unless_told_otherwise() {
        let listens =
            |pairs: &[_]| ServeEnvironment::from_variables(variables(pairs)).map(|it| it.address.to_string());
        assert_eq!(listens(&[]).unwrap(), "127.0.0.1:8080");
        assert_eq!(listens(&[("SAGEMAKER_BIND_TO_PORT", "9001")]).unwrap(), "127.0.0.1:9001");
        assert_eq!(listens(&[("SAGEMAKER_BIND_TO_ADDRESS", "0.0.0.0")]).unwrap(), "0.0.0.0:8080");
        assert_eq!(
            listens(&[("SAGEMAKER_BIND_TO_PORT", "80800")]).unwrap_err(),
            EnvironmentError::Port { value: "80800".into() }
        );
        assert_eq!(
            listens(&[("SAGEMAKER_BIND_TO_ADDRESS", "localhost")]).unwrap_err(),
            EnvironmentError::Address { value: "localhost".into() }
        );
    }
}
