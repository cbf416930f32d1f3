//! What the store's errors tell a person: a stable code, what is wrong, what to do.

use mlpp_provider::{
    ApplyError, DestroyError, LaunchError, PlanningError, ReadError, RecordsError, SecretError, StoreError,
    with_sources,
};

use crate::backend;
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// How many names of parameters a message lists.
const MAX_LISTED: usize = 10;

fn plain(
    exit_code: ExitCode,
    code: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> CommandError {
    CommandError::one(exit_code, Plain { code, message: message.into(), help: help.into() })
}

/// The store cannot be used.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the last one to have the error, as its siblings are"
)]
pub(crate) fn store_failed(project: &Project, error: StoreError) -> CommandError {
    if let Some(full) = CommandError::disk_full(&error) {
        return full;
    }
    if let Some(failed) = backend::failed_call(&error) {
        return failed;
    }
    let folder = project.local_folder();
    let message = with_sources(&error);
    match error {
        StoreError::Busy(_) => plain(
            ExitCode::Busy,
            "store/busy",
            message,
            "another process holds the store; try again when it has ended",
        ),
        StoreError::Corrupt(_) => plain(
            ExitCode::Failure,
            "store/corrupt",
            message,
            format!(
                "bring {} back from a copy, or move it away and apply again: a new store begins at release 1",
                folder.display()
            ),
        ),
        StoreError::Unavailable(_) => plain(
            ExitCode::Failure,
            "store/unavailable",
            message,
            format!("see that {} can be read and written, and that the disk is not full", folder.display()),
        ),
        StoreError::AlreadyExists(_)
        | StoreError::TypeChange { .. }
        | StoreError::TooSoon(_)
        | StoreError::Refused { .. } => plain(
            ExitCode::Failure,
            "store/refused",
            message,
            "what was in force is in force; apply again when the reason is gone",
        ),
    }
}

/// The release records cannot be read, or there is no such release.
pub(crate) fn records_failed(project: &Project, error: RecordsError) -> CommandError {
    let message = error.to_string();
    match error {
        RecordsError::Store(error) => store_failed(project, error),
        RecordsError::Record(_) => plain(
            ExitCode::Failure,
            "release/damaged",
            message,
            "a release that is damaged cannot be read; apply the documents again to make a new one",
        ),
        RecordsError::Name(_) => plain(
            ExitCode::InvalidInput,
            "name/path",
            message,
            "choose a shorter parameter_store_path: the release records need room behind it",
        ),
        RecordsError::Unstable => plain(
            ExitCode::Busy,
            "store/busy",
            message,
            "another process applies release after release; try again when it has ended",
        ),
        RecordsError::Absent(_) | RecordsError::NotCommitted(_) => plain(
            ExitCode::InvalidInput,
            "release/absent",
            message,
            "mlpp history lists the releases that there are",
        ),
        RecordsError::Pruned(_) => plain(
            ExitCode::InvalidInput,
            "release/pruned",
            message,
            "mlpp history lists those that are; mlpp pin keeps one for good",
        ),
    }
}

fn secret_failed(project: &Project, error: SecretError) -> CommandError {
    let message = error.to_string();
    match error {
        SecretError::Unreadable { .. } => plain(
            ExitCode::InvalidInput,
            "secret/unreadable",
            message,
            "set the variable, write the file, or name another source; nothing was written",
        ),
        SecretError::Gone { .. } => plain(
            ExitCode::InvalidInput,
            "release/secret-gone",
            message,
            "the parameter was deleted since, or has had a hundred versions; roll back to a later release, or apply \
             documents that name the secret's source",
        ),
        SecretError::Store(error) => store_failed(project, error),
        SecretError::Name(_) => {
            plain(ExitCode::InvalidInput, "name/path", message, "choose a shorter name or path")
        }
    }
}

/// There is no plan.
pub(crate) fn planning_failed(project: &Project, error: PlanningError) -> CommandError {
    match error {
        PlanningError::Records(error) => records_failed(project, error),
        PlanningError::Store(error) => store_failed(project, error),
        PlanningError::Secret(error) => secret_failed(project, error),
        PlanningError::Plan(_) | PlanningError::Name(_) => plain(
            ExitCode::InvalidInput,
            "name/path",
            error.to_string(),
            "choose shorter names, or a shorter parameter_store_path",
        ),
    }
}

/// An apply did not come to its end.
pub(crate) fn apply_failed(project: &Project, error: ApplyError) -> CommandError {
    let message = error.to_string();
    match error {
        ApplyError::Claimed(_) | ApplyError::Superseded(_) => {
            plain(ExitCode::Busy, "apply/claimed", message, "plan again: what is in force may be other now")
        }
        ApplyError::Pending { .. } | ApplyError::LeaseExpired(_) => plain(
            ExitCode::Busy,
            "apply/pending",
            message,
            "wait until then and apply again: what was left half done is made good",
        ),
        ApplyError::Owner { .. } | ApplyError::Nested { .. } => plain(
            ExitCode::InvalidInput,
            "apply/owner",
            message,
            "choose another parameter_store_path, or take it over with --adopt",
        ),
        ApplyError::NotOurs(names) => {
            let listed: Vec<_> = names.iter().take(MAX_LISTED).map(ToString::to_string).collect();
            let more = names.len().saturating_sub(MAX_LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            plain(
                ExitCode::InvalidInput,
                "apply/not-ours",
                format!("no release recorded what is there already: {}{more}", listed.join(", ")),
                "delete or rename them, or make them this project's own with --adopt",
            )
        }
        ApplyError::SecretRaced(_) => plain(
            ExitCode::Busy,
            "apply/claimed",
            message,
            "plan and apply again; what was in force before is in force",
        ),
        ApplyError::Records(error) => records_failed(project, error),
        ApplyError::Store(error) => store_failed(project, error),
        ApplyError::Name(_) => {
            plain(ExitCode::InvalidInput, "name/path", message, "choose shorter names or a shorter path")
        }
    }
}

/// A project was not destroyed, or not wholly.
pub(crate) fn destroy_failed(project: &Project, error: DestroyError) -> CommandError {
    match error {
        DestroyError::Planning(error) => planning_failed(project, error),
        DestroyError::Apply(error) => apply_failed(project, error),
    }
}

/// The parameters cannot be read.
pub(crate) fn read_failed(project: &Project, error: ReadError) -> CommandError {
    let message = error.to_string();
    match error {
        ReadError::Records(error) => records_failed(project, error),
        ReadError::Store(error) => store_failed(project, error),
        ReadError::NoRelease(_) => plain(
            ExitCode::InvalidInput,
            "release/absent",
            message,
            "mlpp apply makes the first release of the documents",
        ),
        ReadError::Drift { drift, .. } => {
            let listed: Vec<_> = drift.iter().take(MAX_LISTED).map(|drift| drift.name.as_str()).collect();
            plain(
                ExitCode::Differences,
                "drift/found",
                format!("{message} ({})", listed.join(", ")),
                "mlpp diff --live shows each; mlpp apply reverts them; the policy \"use\" takes them in",
            )
        }
        ReadError::Decode(_) | ReadError::Name(_) => plain(
            ExitCode::Failure,
            "drift/not-valid",
            message,
            "a parameter was edited in place to what it cannot be; mlpp apply reverts it",
        ),
    }
}

/// Nothing was launched.
pub(crate) fn launch_failed(project: &Project, error: LaunchError) -> CommandError {
    match error {
        LaunchError::Invalid(findings, sources) => CommandError::invalid(&findings, &sources),
        LaunchError::Read(error) => read_failed(project, error),
        LaunchError::Input(_) => plain(
            ExitCode::InvalidInput,
            "document/input-too-large",
            error.to_string(),
            "keep large values in S3 and give their URIs",
        ),
        LaunchError::Express(_) => plain(
            ExitCode::InvalidInput,
            "config/target-express",
            error.to_string(),
            "name a state machine of the Standard type",
        ),
        other => CommandError::failed("launch the workflow", other),
    }
}
