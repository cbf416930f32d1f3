use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use mlpp_parameters::release::{Head, RecordNames};
use mlpp_parameters::{LiveParameter, ParameterName};

use super::{RecordsError, archive};
use crate::ParameterStore;

/// How many numbers are looked for in one step: each has a head and a mark, and a call takes ten names.
const STEP: u64 = 5;
/// And in the first, which asks for the hint as well.
const FIRST_STEP: u64 = 4;

/// Which release is in force, and what lies around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The head of the release in force: the highest that is committed.
    pub committed: Option<Head>,
    /// The heads of releases of which leaves may lie in the store without being in force: claims that are not committed,
    /// and releases from the hint on whose leaves may not all have been deleted. By number.
    pub others: Vec<Head>,
    /// The highest number that was ever claimed, as far as the records tell; 0 for none.
    pub claimed: u64,
}

impl Status {
    /// The number of the release in force; 0 for none.
    pub fn number(&self) -> u64 {
        self.committed.as_ref().map_or(0, |head| head.number)
    }

    /// The highest claim above the release in force, if there is one: its writer is at work or did not end.
    pub fn pending(&self) -> Option<&Head> {
        self.others.last().filter(|head| head.number > self.number())
    }

    /// Where to look for this status again: the lowest number in it; 1 where there is none.
    fn lowest(&self) -> u64 {
        self.others.iter().chain(&self.committed).map(|head| head.number).min().unwrap_or(1)
    }

    /// Whether nothing was claimed or committed between two readings.
    pub(crate) fn is_same(&self, later: &Self) -> bool {
        self.number() == later.number() && self.claimed == later.claimed
    }

    pub(super) fn new(heads: BTreeMap<u64, Head>, is_committed: impl Fn(u64) -> bool, hint: u64) -> Self {
        let claimed = heads.keys().next_back().copied().unwrap_or(0).max(hint);
        let mut status = Self { claimed, ..Self::default() };
        for (number, head) in heads {
            if is_committed(number) {
                status.others.extend(status.committed.replace(head));
            } else {
                status.others.push(head);
            }
        }
        status.others.retain(|head| head.number >= hint);
        status.others.sort_by_key(|head| head.number);
        status
    }
}

/// Reads which release of a project is in force. The truth is the highest committed number; the hint `current` says where
/// to look first and is followed forward. Without a hint that leads there all records are listed.
///
/// # Errors
/// [`RecordsError`].
pub async fn status(store: &impl ParameterStore, names: &RecordNames) -> Result<Status, RecordsError> {
    status_near(store, names, &Status::default()).await
}

/// [`status`], where `before` is what it was a moment ago: that takes one call unless much has happened since.
pub(crate) async fn status_near(
    store: &impl ParameterStore,
    names: &RecordNames,
    before: &Status,
) -> Result<Status, RecordsError> {
    let mut step = step(before.lowest(), FIRST_STEP);
    let mut wanted = pairs(names, &step)?;
    wanted.push(names.current()?);
    let mut found = by_name(store.get(&wanted).await?);
    let hint = found.get(&names.current()?).and_then(|hint| hint.value.parse().ok()).unwrap_or(0);

    let mut heads = BTreeMap::new();
    let mut committed = Vec::new();
    for number in hint.max(1).. {
        if !step.contains(&number) {
            step = self::step(number, STEP);
            found = by_name(store.get(&pairs(names, &step)?).await?);
        }
        let Some(head) = found.get(&names.head(number)?) else { break };
        heads.insert(number, Head::from_text(number, &head.value)?);
        if found.contains_key(&names.committed(number)?) {
            committed.push(number);
        }
    }
    if hint > 0 && committed.first() == Some(&hint) || hint == 0 && heads.contains_key(&1) {
        return Ok(Status::new(heads, |number| committed.contains(&number), hint));
    }
    Ok(archive(store, names).await?.status())
}

fn step(from: u64, numbers: u64) -> Range<u64> {
    from..from.saturating_add(numbers)
}

/// The names of the head and of the mark of each of the numbers.
fn pairs(names: &RecordNames, numbers: &Range<u64>) -> Result<Vec<ParameterName>, RecordsError> {
    let mut pairs = Vec::new();
    for number in numbers.clone() {
        pairs.extend([names.head(number)?, names.committed(number)?]);
    }
    Ok(pairs)
}

fn by_name(found: Vec<LiveParameter>) -> HashMap<ParameterName, LiveParameter> {
    found.into_iter().map(|parameter| (parameter.name.clone(), parameter)).collect()
}

/// Whether there is a head of release `number`.
pub(crate) async fn is_claimed(
    store: &impl ParameterStore,
    names: &RecordNames,
    number: u64,
) -> Result<bool, RecordsError> {
    let found = store.get(&[names.head(number)?]).await?;
    Ok(!found.is_empty())
}
