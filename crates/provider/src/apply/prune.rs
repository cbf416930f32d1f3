//! What is no longer kept of old releases.

use std::collections::HashSet;

use mlpp_parameters::ParameterName;

use super::ApplyError;
use super::write::Writer;
use crate::records::{Archive, archive};
use crate::{Clock, ParameterStore};

/// Deletes the records of releases older than the newest `keep` that are not pinned, and gives back their numbers.
///
/// This happens while the claim keeps others away: whoever claims the next number has read the records after it, and so
/// counts on no chunk that is deleted here.
pub(super) async fn prune<S: ParameterStore, C: Clock>(
    writer: &mut Writer<'_, S, C>,
    keep: u64,
) -> Result<Vec<u64>, ApplyError> {
    // The release that is being written is one of those that are kept, and so is the one in force.
    let oldest = writer.head.number.saturating_sub(keep.max(1) - 1).min(writer.head.parent);
    if oldest <= 1 {
        return Ok(Vec::new());
    }
    let archive = archive(writer.store, writer.names).await?;
    let status = archive.status();
    // A hint that is behind says from where on deletes may not be done: those records are still needed.
    let needed = status.others.first().map_or(oldest, |head| head.number.min(oldest));
    let dropped: Vec<u64> =
        archive.heads.keys().copied().filter(|n| *n < needed && !archive.pinned.contains(n)).collect();
    let names = records_of(writer, &archive, &dropped)?;
    writer.delete(&names).await?;
    Ok(dropped)
}

/// The records of the releases `dropped`, heads first, and the chunks that no other release has: also those of writers
/// that did not come to their claim.
fn records_of<S: ParameterStore, C: Clock>(
    writer: &Writer<'_, S, C>,
    archive: &Archive,
    dropped: &[u64],
) -> Result<Vec<ParameterName>, ApplyError> {
    let mut names = Vec::new();
    for &number in dropped {
        names.extend([writer.names.head(number)?, writer.names.committed(number)?]);
    }
    let kept = archive.heads.iter().filter(|(number, _)| !dropped.contains(number));
    let needed: Result<Vec<Vec<String>>, _> = kept.map(|(_, head)| archive.chunks_of(head)).collect();
    // Which chunks a release needs whose index is damaged nobody knows: then all stay.
    if let Ok(needed) = needed {
        let needed: HashSet<&str> = needed.iter().flatten().map(String::as_str).collect();
        let mut chunks: Vec<_> = archive.chunk_names().filter(|chunk| !needed.contains(chunk)).collect();
        chunks.sort_unstable();
        for chunk in chunks {
            names.push(writer.names.chunk(chunk)?);
        }
    }
    Ok(names)
}
