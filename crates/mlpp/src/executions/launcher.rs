//! Launching the workflow of a project.

use std::num::NonZeroU32;

use mlpp_local::state_machine_arn;
use mlpp_parameters::{ManifestEvent, ProjectRules};
use mlpp_provider::{LaunchError, LaunchRequest, Launched, Objects, ParameterStore, Workflows, launch};

use crate::commands::TOOL;
use crate::config::{Backend, Project};

/// What every launch of a project has in common.
pub(crate) struct Launcher<'a, S, O> {
    pub(crate) project: &'a Project,
    pub(crate) rules: &'a ProjectRules,
    pub(crate) store: &'a S,
    pub(crate) objects: &'a O,
}

impl<S: ParameterStore, O: Objects> Launcher<'_, S, O> {
    /// Starts the execution for a manifest that arrived; the same event and attempt start it once.
    ///
    /// # Errors
    /// [`LaunchError`].
    pub(crate) async fn launch(
        &self,
        workflows: &impl Workflows,
        event: &ManifestEvent,
        attempt: NonZeroU32,
    ) -> Result<Launched, LaunchError> {
        let project = self.project;
        let target = project.config.target_state_machine_arn.get_ref();
        let target = match project.config.backend {
            Backend::Local => state_machine_arn(target),
            Backend::Aws => target.clone(),
        };
        let request = LaunchRequest {
            event,
            attempt,
            path: &project.path,
            policy: project.drift(),
            rules: self.rules,
            overridable: &project.config.overridable,
            tool: TOOL,
        };
        launch(self.store, self.objects, workflows, &target, &request).await
    }
}
