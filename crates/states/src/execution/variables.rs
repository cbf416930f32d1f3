//! Variables: what a state assigns, and how much all of them may hold.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>: 256 KiB a variable and what one `Assign` assigns, 10 MiB
//! an execution. Which error tells of the last two is not documented: here it is the one of data that are too large.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::FrameId;
use super::engine::Engine;
use super::failure::DATA_LIMIT;
use super::flow::{foreign, too_large};
use crate::data::{self, Json};
use crate::environment::Problem;
use crate::template::{FieldPath, Template};

/// The variables that a state assigns.
pub(super) type Assigned = Vec<(Arc<str>, Json)>;

impl Engine<'_> {
    /// The values of an `Assign`, which stands at `place` in the state.
    pub(super) fn assigned(
        &mut self,
        id: FrameId,
        assign: Option<&Template>,
        place: FieldPath<'_>,
        data: &Json,
        results: (Option<&Json>, Option<&Json>),
    ) -> Result<Assigned, Problem> {
        let Some(template) = assign else { return Ok(Vec::new()) };
        let assigned = self
            .with_environment(id, data, results, |env| template.members(env, place))
            .unwrap_or_else(|| Err(foreign()))?;
        let limits = &self.execution.parameters.limits;
        let (mut left, depth, most) = (limits.data_bytes, limits.data_depth, limits.variables_bytes);
        let fits = assigned.iter().all(|(_, value)| {
            let size = data::size(value, left, depth);
            left -= size.unwrap_or(0);
            size.is_some()
        });
        let size = limits.data_bytes - left;
        if !fits || !self.has_room(id, &assigned, size, most) {
            let state = self.execution.frames.get(&id).and_then(|frame| self.state(frame));
            let cause = too_large(state.map_or("", |state| &state.name));
            return Err(Problem { error: DATA_LIMIT, cause, location: None });
        }
        Ok(assigned)
    }

    /// Whether the execution can hold `assigned` as well, which has `size` bytes.
    fn has_room(&mut self, id: FrameId, assigned: &Assigned, size: usize, most: usize) -> bool {
        // Variables are counted when what was assigned since the last count might be too much.
        self.execution.assigned_bytes = self.execution.assigned_bytes.saturating_add(size);
        if self.execution.assigned_bytes <= most {
            return true;
        }
        let Some(journal) = self.execution.frames.get(&id).map(|frame| frame.journal) else { return true };
        // Child executions have room of their own.
        let mut held: BTreeMap<u64, usize> = BTreeMap::from([(journal, size)]);
        for (&of, frame) in &self.execution.frames {
            let kept = frame
                .variables
                .iter()
                .filter(|(name, _)| of != id || assigned.iter().all(|(assigned, _)| assigned != *name));
            *held.entry(frame.journal).or_default() +=
                kept.map(|(_, value)| data::text_len(value)).sum::<usize>();
        }
        self.execution.assigned_bytes = held.values().copied().max().unwrap_or(0);
        held.get(&journal).is_none_or(|held| *held <= most)
    }
}
