use std::time::Duration;

use jiff::Timestamp;
use mlpp_parameters::release::{Action, Head, RecordName, RecordNames};
use mlpp_parameters::{Content, ParameterName};

use crate::apply::{ApplyError, ApplyRequest, Progress, Tally, Writer, apply, lease_until};
use crate::planning::{PlanRequest, Planned, PlanningError, plan};
use crate::records::{Archive, archive, status};
use crate::secrets::Secrets;
use crate::{Clock, ParameterStore, RecordsError};

/// What a destroy did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestroyOutcome {
    /// Parameters deleted.
    pub deleted: usize,
    /// Releases whose records were deleted.
    pub releases: usize,
}

/// Why a project was not destroyed.
#[derive(Debug, thiserror::Error)]
pub enum DestroyError {
    /// It cannot be told what is the project's own.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// The deletes did not come to their end.
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

impl From<RecordsError> for DestroyError {
    fn from(error: RecordsError) -> Self {
        Self::Apply(error.into())
    }
}

/// The plan of a destroy: every parameter that a release recorded is deleted.
///
/// # Errors
/// [`PlanningError`].
pub async fn plan_destroy(
    store: &impl ParameterStore,
    path: &mlpp_parameters::StorePath,
    secrets: Secrets<'_>,
) -> Result<Planned, PlanningError> {
    plan(store, &PlanRequest { path, content: &Content::default(), keep_drift: false, secrets }).await
}

/// Deletes every parameter that a release recorded, then the records. Parameters of others stay.
///
/// It is an apply of nothing, so that readers see the release in force or an empty one; then the next number is claimed,
/// which keeps other writers away while the records go, and goes last.
///
/// # Errors
/// [`DestroyError`].
pub async fn destroy(
    store: &impl ParameterStore,
    clock: &impl Clock,
    planned: &Planned,
    request: &ApplyRequest<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<DestroyOutcome, DestroyError> {
    if planned.status.claimed == 0 && planned.status.committed.is_none() {
        return Ok(DestroyOutcome { deleted: 0, releases: 0 });
    }
    let request = ApplyRequest { action: Action::Destroy, ..request.clone() };
    let applied = apply(store, clock, planned, &request, progress).await?;
    let names = RecordNames::of(request.path).map_err(ApplyError::from)?;
    let archive = archive(store, &names).await?;
    let empty = archive.heads.get(&applied.release).cloned();
    let Some(empty) = empty.filter(|_| status_is(&archive, applied.release)) else {
        return Err(ApplyError::Superseded(applied.release).into());
    };
    let old = old_records(&archive, &names, empty.number)?;
    let lock = lock(&empty, clock.now(), old.len(), store.recreate_delay());
    let mut writer = Writer { store, clock, names: &names, head: &lock, progress: Tally::new(0, progress) };
    writer.claim().await?;
    // Nobody else claims from here on; who claimed just before has another number in force by now.
    if status(store, &names).await?.number() != empty.number {
        return Err(ApplyError::Superseded(lock.number).into());
    }
    writer.delete(&old).await?;
    let number = empty.number;
    for last in [
        vec![RecordName::Current],
        vec![RecordName::Pinned(number), RecordName::Committed(number), RecordName::Head(number)],
        vec![RecordName::Head(lock.number)],
    ] {
        writer.delete(&names_of(&names, &last)?).await?;
    }
    Ok(DestroyOutcome { deleted: applied.deleted, releases: archive.heads.len() })
}

fn status_is(archive: &Archive, number: u64) -> bool {
    let status = archive.status();
    status.number() == number && status.claimed == number
}

/// The claim that keeps others away while the records go: of an empty release that is never committed.
fn lock(empty: &Head, now: Timestamp, deletes: usize, delay: Duration) -> Head {
    let lease_until = lease_until(now, deletes, delay);
    Head { number: empty.number + 1, parent: empty.number, time: now, lease_until, ..empty.clone() }
}

/// Every record but those of the empty release, and the hint.
fn old_records(archive: &Archive, names: &RecordNames, empty: u64) -> Result<Vec<ParameterName>, ApplyError> {
    let mut records: Vec<_> = archive.chunk_names().map(|name| RecordName::Chunk(name.to_owned())).collect();
    for &number in archive.heads.keys().filter(|number| **number != empty) {
        records.extend([RecordName::Head(number), RecordName::Committed(number), RecordName::Pinned(number)]);
    }
    records.extend(archive.stray.iter().cloned());
    names_of(names, &records)
}

fn names_of(names: &RecordNames, records: &[RecordName]) -> Result<Vec<ParameterName>, ApplyError> {
    records.iter().map(|record| Ok(names.name(record)?)).collect()
}
