mod error;
mod prune;
mod write;

use std::time::Duration;

use jiff::Timestamp;
use mlpp_parameters::release::{self, Action, FORMAT, Head, RecordNames};
use mlpp_parameters::{Change, Digest, StorePath};

pub use error::ApplyError;
pub(crate) use write::{Tally, Writer};

use crate::planning::Planned;
use crate::records::is_claimed;
use crate::{Clock, ParameterStore};

/// What a claim keeps others away for beside the time that its writes take.
const LEASE: Duration = Duration::from_mins(1);
/// The time that a write is reckoned with: twice what Parameter Store's default quota of three calls a second gives.
const PER_WRITE: Duration = Duration::from_millis(667);

/// Who applies a plan, and how.
#[derive(Debug, Clone)]
pub struct ApplyRequest<'a> {
    /// The project's path.
    pub path: &'a StorePath,
    /// Name and digest of each document.
    pub documents: &'a [(String, Digest)],
    /// What makes the release.
    pub action: Action,
    /// Who owns the path: a stack, or the command.
    pub owner: &'a str,
    /// Who applies.
    pub author: &'a str,
    /// An id that no other apply has.
    pub writer: &'a str,
    /// Name and version of the tool.
    pub tool: &'a str,
    /// Whether to take over what belongs to others: the path, parameters that no release recorded, a place in or above
    /// another project.
    pub adopt: bool,
    /// Whether the caller knows that nobody else writes, so that a claim that was left needs no waiting for.
    pub exclusive: bool,
    /// How many releases are kept beside pinned ones; at least 1.
    pub keep_releases: u64,
}

/// A step of an apply that is done, for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Calls that write, done.
    pub done: usize,
    /// And in all.
    pub total: usize,
}

/// What an apply did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOutcome {
    /// The number of the release that is in force now.
    pub release: u64,
    /// Whether it is a new one.
    pub new: bool,
    /// Parameters created.
    pub created: usize,
    /// Parameters that got another value.
    pub updated: usize,
    /// Parameters that got another type.
    pub replaced: usize,
    /// Parameters deleted.
    pub deleted: usize,
    /// Parameters left as they were.
    pub unchanged: usize,
    /// Parameters that somebody had edited in place.
    pub drifted: usize,
    /// Of these, those that were left so.
    pub kept: usize,
    /// Releases that are no longer kept.
    pub pruned: Vec<u64>,
}

/// Brings a plan into force as a release; does nothing when there is nothing to do.
///
/// The order of the writes makes it atomic for readers: the chunks of the content; the head, which claims the number; the
/// leaves; what is no longer kept of old releases; the mark that the release is committed; then the deletes and the hint.
/// A crash anywhere leaves the old release in force or the new one.
///
/// # Errors
/// [`ApplyError`]. What was in force before stays in force, unless the mark was set.
pub async fn apply(
    store: &impl ParameterStore,
    clock: &impl Clock,
    planned: &Planned,
    request: &ApplyRequest<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ApplyOutcome, ApplyError> {
    check(planned, request, clock.now())?;
    let mut outcome = outcome_of(planned);
    // A path that is taken over has a release of the new owner, also where nothing else changes.
    let taken_over = planned.last_claim().is_some_and(|last| last.owner != request.owner);
    if planned.is_empty() && !taken_over {
        return Ok(outcome);
    }
    let names = RecordNames::of(request.path)?;
    let number = planned.next_number();
    let chunks = release::chunks(&planned.plan.content);
    let total = planned.writes_beside(chunks.all.len());
    let now = clock.now();
    let head = Head {
        format: FORMAT,
        number,
        parent: planned.status.number(),
        action: request.action,
        owner: request.owner.to_owned(),
        author: request.author.to_owned(),
        time: now,
        lease_until: lease_until(now, total, store.recreate_delay()),
        writer: request.writer.to_owned(),
        tool: request.tool.to_owned(),
        documents: request.documents.to_vec(),
        content: planned.plan.content.digest(),
        parameters: planned.plan.content.parameters().count(),
        chunks: chunks.listed.clone(),
        indexed: chunks.indexed,
    };
    let progress = Tally::new(total, progress);
    let mut writer = Writer { store, clock, names: &names, head: &head, progress };
    writer.chunks(&chunks.all).await?;
    writer.claim().await?;
    let deletes = writer.leaves(planned).await?;
    outcome.pruned = prune::prune(&mut writer, request.keep_releases).await?;
    if is_claimed(store, &names, number + 1).await? {
        return Err(ApplyError::Superseded(number));
    }
    writer.commit().await?;
    outcome.release = number;
    outcome.new = true;
    writer.delete(&deletes).await?;
    if planned.needs_hint() {
        writer.hint().await?;
    }
    Ok(outcome)
}

/// What can be known to be in the way before anything is written.
fn check(planned: &Planned, request: &ApplyRequest<'_>, now: Timestamp) -> Result<(), ApplyError> {
    if let Some(claim) = planned.status.pending()
        && !request.exclusive
        && claim.lease_until > now
    {
        return Err(ApplyError::Pending {
            number: claim.number,
            author: claim.author.clone(),
            until: claim.lease_until,
        });
    }
    if request.adopt {
        return Ok(());
    }
    if let Some(last) = planned.last_claim()
        && last.owner != request.owner
    {
        return Err(ApplyError::Owner { owner: last.owner.clone(), release: last.number });
    }
    if let Some(other) = planned.nested.first() {
        return Err(ApplyError::Nested { path: request.path.clone(), other: other.clone() });
    }
    let foreign: Vec<_> = planned
        .plan
        .parameters
        .iter()
        .filter(|parameter| parameter.foreign)
        .map(|parameter| parameter.name.clone())
        .collect();
    if foreign.is_empty() { Ok(()) } else { Err(ApplyError::NotOurs(foreign)) }
}

/// Until when a claim for so many writes keeps others away.
pub(crate) fn lease_until(now: Timestamp, writes: usize, recreate_delay: Duration) -> Timestamp {
    let busy = PER_WRITE.saturating_mul(u32::try_from(writes).unwrap_or(u32::MAX));
    // One wait for all replacements, and one for a name that was deleted just before.
    let idle = recreate_delay.saturating_mul(2);
    // A sum past the end of time stays at its end.
    now.saturating_add(LEASE.saturating_add(busy).saturating_add(idle)).unwrap_or(Timestamp::MAX)
}

fn outcome_of(planned: &Planned) -> ApplyOutcome {
    let plan = &planned.plan;
    ApplyOutcome {
        release: planned.status.number(),
        new: false,
        created: plan.count(Change::Create),
        updated: plan.count(Change::Update),
        replaced: plan.count(Change::Replace),
        deleted: plan.count(Change::Delete),
        unchanged: plan.count(Change::Unchanged),
        drifted: plan.parameters.iter().filter(|parameter| parameter.drifted).count(),
        kept: plan.count(Change::Keep),
        pruned: Vec::new(),
    }
}
