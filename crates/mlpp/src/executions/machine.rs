//! What a project brings for this machine: algorithms and state machines.

use std::collections::BTreeMap;

use mlpp_local::{StateMachineError, StateMachineFault, StateMachines};
use mlpp_sagemaker::Algorithm;

use crate::config::Project;
use crate::error::{CommandError, Finding};
use crate::exit_code::ExitCode;

/// Algorithms and state machines, checked.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) state_machines: StateMachines,
}

impl Machine {
    /// Reads the files that `mlpp.toml` names for them.
    ///
    /// # Errors
    /// The first file that is not there or not valid.
    pub(crate) fn read(project: &Project) -> Result<Self, CommandError> {
        let config = &project.config;
        let mut algorithms = Vec::new();
        for name in &config.algorithms {
            let (file, text) = (project.file(name.get_ref()), project.read_named(name)?);
            let place = std::path::absolute(&file)
                .map_err(|error| CommandError::failed(&format!("find {}", file.display()), error))?;
            let algorithm = Algorithm::parse(&text, &place).map_err(|error| {
                let file = file.to_string_lossy();
                let finding = Finding::at("algorithm/not-valid", &file, &text, error.span, error.message);
                CommandError::one(ExitCode::InvalidInput, finding)
            })?;
            algorithms.push(algorithm);
        }
        let mut own = BTreeMap::new();
        for (name, file) in &config.state_machines {
            own.insert(name.clone(), project.read_named(file)?);
        }
        let mut substitutions = BTreeMap::from([("Environment".to_owned(), config.environment.clone())]);
        substitutions.extend(config.substitutions.clone());
        let state_machines = StateMachines::compile(&own, &substitutions)
            .map_err(|error| state_machine_error(project, &error))?;
        Ok(Self { algorithms, state_machines })
    }

    /// Checks that the target is a state machine of this machine.
    ///
    /// # Errors
    /// `config/target-absent`.
    pub(crate) fn check_target(&self, project: &Project) -> Result<(), CommandError> {
        let target = project.config.target_state_machine_arn.get_ref();
        if self.state_machines.contains(target) {
            return Ok(());
        }
        let message = format!("there is no state machine \"{target}\" on this machine");
        let names: Vec<_> = self.state_machines.names().collect();
        let help = format!("there are {}; [state_machines] adds your own", names.join(", "));
        Err(project.wrong_setting("target_state_machine_arn", "config/target-absent", message, help))
    }
}

/// The first fault of a state machine, at its place in the definition.
fn state_machine_error(project: &Project, error: &StateMachineError) -> CommandError {
    let own = project.config.state_machines.get(&error.name);
    let name = own.map_or(error.name.clone(), |file| project.file(file.get_ref()).display().to_string());
    let found = |code: &str, span, message: String| {
        let finding = Finding::at(code, &name, &error.definition, span, message);
        CommandError::one(ExitCode::InvalidInput, finding)
    };
    match &error.reason {
        StateMachineFault::Substitution(fault) => {
            let span = fault.offset..fault.offset + fault.name.len() + "${}".len();
            found("state-machine/substitution", span, format!("\"${{{}}}\" has no value", fault.name))
        }
        StateMachineFault::Definition(fault) => {
            let first =
                fault.diagnostics.iter().find(|finding| finding.severity == mlpp_states::Severity::Error);
            let span = first.and_then(|finding| finding.span.clone()).unwrap_or(0..0);
            let message = first.map_or_else(|| fault.to_string(), ToString::to_string);
            found("state-machine/not-valid", span, message)
        }
    }
}
