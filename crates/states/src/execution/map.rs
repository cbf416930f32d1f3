//! Map states: from the input to running iterations.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::FrameId;
use super::engine::Engine;
use super::failure::Failure;
use super::flow::foreign;
use super::frame::{Activity, Child, Journal, MAIN, MapWork, ReadWork};
use super::inspect::Point;
use super::map_items::{self, ITEM_READER_FAILED};
use crate::data::{self, Json};
use crate::definition::{InputType, ItemSource, MapState, State, StateKind};
use crate::environment::{Problem, unexpected_type};
use crate::history::{Details, EventType};
use crate::template::Template;

impl Engine<'_> {
    pub(super) fn begin_map(&mut self, id: FrameId, state: &State, map: &MapState) -> Result<(), Problem> {
        if map.misplaced {
            return Err(Problem::runtime(
                "The ItemReader, ItemBatcher and ResultWriter fields are not supported for INLINE maps",
            ));
        }
        let input = self.selected_input(id, state)?;
        let items = match &map.reader {
            None => self.items(id, &input, map)?,
            Some(_) => Vec::new(),
        };
        self.concurrency(id, &input, map)?;
        self.emit(id, EventType::MapStateStarted, Details::MapStateStarted { length: items.len() });
        self.tolerated(id, &input, map, items.len())?;
        let Some(reader) = &map.reader else {
            let run = self.begin_run(id, map);
            return self.begin_items(id, state, map, items, run);
        };
        let max_items = match &reader.max_items {
            Some(field) => Some(self.whole(id, &input, field, "ItemReader/ReaderConfig")?),
            None => None,
        };
        let arguments = match &reader.arguments {
            Some(template) => self
                .with_environment(id, &input, (None, None), |env| {
                    template.evaluate(env, "ItemReader/Arguments")
                })
                .unwrap_or_else(|| Err(foreign()))?,
            None => data::empty_object(),
        };
        let run = self.begin_run(id, map).unwrap_or_default();
        if max_items.is_some_and(|most| most < 0) {
            self.map_run_failed(id, map_items::reader_failure("field MaxItems must be positive"));
            return Ok(());
        }
        self.begin_reading(id, state, reader, arguments, run);
        Ok(())
    }

    /// The items of a distributed Map were read.
    pub(super) fn items_read(&mut self, id: FrameId, content: &Json) {
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else { return };
        let StateKind::Map(map) = &state.kind else { return };
        let Some(frame) = self.execution.frames.get_mut(&id) else { return };
        let Activity::Reading(_, work) = std::mem::replace(&mut frame.activity, Activity::Work) else {
            return;
        };
        let outcome = self.read_items(id, state, map, content, work);
        match outcome {
            Ok(()) => {}
            Err(problem) if problem.error == ITEM_READER_FAILED => {
                self.map_run_failed(id, map_items::reader_failure(&problem.cause));
            }
            Err(problem) => {
                let failure = self.failure(id, problem);
                self.fail(id, failure);
            }
        }
    }

    fn read_items(
        &mut self,
        id: FrameId,
        state: &State,
        map: &MapState,
        content: &Json,
        work: Box<ReadWork>,
    ) -> Result<(), Problem> {
        let Some(reader) = &map.reader else { return Err(foreign()) };
        let input = self.selected_input(id, state)?;
        let most = match &reader.max_items {
            Some(field) => self.whole(id, &input, field, "ItemReader/ReaderConfig")?,
            None => 0,
        };
        // Zero stands for no bound.
        let most = usize::try_from(most).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        let Some((mut items, run)) = self.read_more(id, state, reader, (content, most), work)? else {
            return Ok(());
        };
        if matches!(&reader.input, InputType::Json { pointer: Some(_) }) && self.inspection.is_some() {
            self.note(Point::AfterItemsPointer, &Arc::new(Value::Array(items.clone())));
        }
        items.truncate(most);
        items.iter().try_for_each(|item| self.check_size(item, &state.name))?;
        self.begin_items(id, state, map, items.into_iter().map(Arc::new).collect(), Some(run))
    }

    /// The history of a distributed Map tells of a Map Run; returned is its ARN.
    fn begin_run(&mut self, id: FrameId, map: &MapState) -> Option<Arc<str>> {
        if !map.distributed {
            return None;
        }
        let run = self.execution.random.uuid();
        let label = match &map.label {
            Some(label) => label.to_string(),
            None => self.execution.random.uuid(),
        };
        let arn = self.execution.parameters.state_machine_arn.replacen(":stateMachine:", ":mapRun:", 1);
        let map_run_arn: Arc<str> = Arc::from(format!("{arn}/{label}:{run}"));
        let run = Arc::clone(&map_run_arn);
        self.emit(id, EventType::MapRunStarted, Details::MapRunStarted { map_run_arn });
        Some(run)
    }

    fn begin_items(
        &mut self,
        id: FrameId,
        state: &State,
        map: &MapState,
        items: Vec<Json>,
        map_run_arn: Option<Arc<str>>,
    ) -> Result<(), Problem> {
        let input = self.selected_input(id, state)?;
        let concurrency = self.concurrency(id, &input, map)?;
        let tolerated = self.tolerated(id, &input, map, items.len())?;
        if self.inspection.is_some() {
            return self.inspect_items(id, map, &input, items);
        }
        let items = match &map.batcher {
            Some(batcher) => {
                let mut selected = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    selected.push(self.item_input(id, &input, map.item_selector.as_ref(), index, item)?);
                }
                self.batches(id, &input, batcher, selected)?
            }
            None => items,
        };
        let Some(frame) = self.execution.frames.get_mut(&id) else { return Ok(()) };
        let last_event = frame.previous;
        frame.activity = Activity::Map(Box::new(MapWork {
            results: vec![None; items.len()],
            ended: BTreeMap::new(),
            items,
            next: 0,
            running: BTreeMap::new(),
            concurrency,
            failed: Vec::new(),
            tolerated,
            map_run_arn,
            last_event,
        }));
        self.begin_more(id, last_event)?;
        self.finish_map_if_done(id);
        Ok(())
    }

    /// Begins items while there is room; their first events follow `previous`.
    pub(super) fn begin_more(&mut self, id: FrameId, previous: u64) -> Result<(), Problem> {
        loop {
            let Some(frame) = self.execution.frames.get_mut(&id) else { return Ok(()) };
            let Activity::Map(work) = &mut frame.activity else { return Ok(()) };
            if work.running.len() >= work.concurrency {
                return Ok(());
            }
            let index = work.next;
            let Some(item) = work.items.get_mut(index) else { return Ok(()) };
            work.next += 1;
            let item = std::mem::replace(item, data::null());
            self.begin_item(id, index, item, previous)?;
        }
    }

    pub(super) fn begin_item(
        &mut self,
        id: FrameId,
        index: usize,
        item: Json,
        previous: u64,
    ) -> Result<(), Problem> {
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else {
            return Ok(());
        };
        let StateKind::Map(map) = &state.kind else { return Ok(()) };
        let input = match (&map.item_selector, &map.batcher) {
            (None, _) | (_, Some(_)) => Arc::clone(&item),
            (Some(selector), None) => {
                let selected = self.selected_input(id, state)?;
                self.item_input(id, &selected, Some(selector), index, Arc::clone(&item))?
            }
        };
        let (journal, previous) = if map.distributed {
            let child = self.next_id();
            // A child execution's history begins with its own `ExecutionStarted`.
            self.execution.journals.insert(child, Journal { last_event_id: 1, child });
            (child, 0)
        } else {
            let journal = self.execution.frames.get(&id).map_or(MAIN, |frame| frame.journal);
            let details = Details::MapIteration { name: Arc::clone(&state.name), index };
            (journal, self.record(journal, previous, EventType::MapIterationStarted, details))
        };
        let begun = map.distributed.then(|| Child { input: Arc::clone(&input), start_time: self.now });
        let child =
            self.spawn(Some((id, index)), map.processor, journal, input, previous, Some((index, item)));
        if let (Some(begun), Some(frame)) = (begun, self.execution.frames.get_mut(&child)) {
            frame.child = Some(Box::new(begun));
        }
        if let Some(frame) = self.execution.frames.get_mut(&id)
            && let Activity::Map(work) = &mut frame.activity
        {
            work.running.insert(index, child);
        }
        Ok(())
    }

    /// What an iteration is given: the item, or what `ItemSelector` makes of it.
    pub(super) fn item_input(
        &mut self,
        id: FrameId,
        input: &Json,
        selector: Option<&Template>,
        index: usize,
        item: Json,
    ) -> Result<Json, Problem> {
        let Some(selector) = selector else { return Ok(item) };
        // `$$.Map.Item` is that of the item while its selector is evaluated.
        let swap = |engine: &mut Self, item| {
            engine.execution.frames.get_mut(&id).and_then(|frame| std::mem::replace(&mut frame.item, item))
        };
        let outer = swap(self, Some((index, item)));
        let value = self
            .with_environment(id, input, (None, None), |env| selector.evaluate(env, "ItemSelector"))
            .unwrap_or_else(|| Err(foreign()));
        swap(self, outer);
        let value = value?;
        self.check_in_state(id, &value)?;
        Ok(value)
    }

    fn items(&mut self, id: FrameId, input: &Json, map: &MapState) -> Result<Vec<Json>, Problem> {
        let jsonata = self
            .execution
            .frames
            .get(&id)
            .and_then(|frame| self.state(frame))
            .is_some_and(|state| state.language() == crate::definition::Language::Jsonata);
        let found = match &map.items {
            ItemSource::Input => Arc::clone(input),
            ItemSource::Path(path) => self
                .with_environment(id, input, (None, None), |env| env.select(path))
                .unwrap_or_else(|| Err(foreign()))?,
            ItemSource::Template(template) => self
                .with_environment(id, input, (None, None), |env| template.evaluate(env, "Items"))
                .unwrap_or_else(|| Err(foreign()))?,
        };
        if found.is_array() {
            if !matches!(map.items, ItemSource::Template(_)) && !jsonata {
                self.note(Point::AfterItemsPath, &found);
            }
            return match Arc::unwrap_or_clone(found) {
                Value::Array(items) => Ok(items.into_iter().map(Arc::new).collect()),
                _ => Ok(Vec::new()),
            };
        }
        Err(match &map.items {
            ItemSource::Template(Template::Expression(expression)) => {
                unexpected_type(expression, "Items", "array", &found)
            }
            ItemSource::Path(path) => {
                let text = path.text();
                // A path into the context object is reported as one into the data.
                let text = text.strip_prefix("$$").map_or_else(|| text.to_owned(), |rest| format!("${rest}"));
                Problem::runtime(format!("Reference path \"{text}\" must point to array."))
            }
            _ if jsonata => Problem {
                error: crate::environment::QUERY_EVALUATION,
                cause: format!("Map state input must be an array but was: {found}"),
                location: None,
            },
            _ => Problem::runtime("Reference path \"$\" must point to array."),
        })
    }

    fn concurrency(&mut self, id: FrameId, input: &Json, map: &MapState) -> Result<usize, Problem> {
        let limits = &self.execution.parameters.limits;
        let most = if map.distributed { limits.distributed_concurrency } else { limits.inline_concurrency };
        let wanted = match &map.max_concurrency {
            Some(field) => self.whole(id, input, field, "")?,
            None => 0,
        };
        self.inspect(|inspection| inspection.max_concurrency = Some(wanted));
        match usize::try_from(wanted) {
            Ok(0) => Ok(most),
            Ok(wanted) => Ok(wanted.min(most)),
            Err(_) => Err(Problem::runtime("MaxConcurrency cannot be negative.")),
        }
    }

    /// How many of `total` items may fail in a distributed Map; an inline one takes no failure at all.
    fn tolerated(
        &mut self,
        id: FrameId,
        input: &Json,
        map: &MapState,
        total: usize,
    ) -> Result<Option<usize>, Problem> {
        let count = match &map.tolerated_count {
            Some(field) => {
                let count = self.whole(id, input, field, "")?;
                Some(
                    usize::try_from(count)
                        .map_err(|_| Problem::runtime("ToleratedFailureCount cannot be negative."))?,
                )
            }
            None => None,
        };
        let mut percentage = None;
        let share = match &map.tolerated_percentage {
            Some(field) => {
                let percentage = *percentage.insert(self.float(id, input, field)?);
                if !(0.0..=100.0).contains(&percentage) {
                    return Err(Problem::runtime("ToleratedFailurePercentage must be between 0 and 100."));
                }
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a count"
                )]
                Some((percentage * total as f64 / 100.0).floor() as usize)
            }
            None => None,
        };
        let tolerated = match (count, share) {
            (Some(count), Some(share)) => count.min(share),
            (one, other) => one.or(other).unwrap_or(0),
        };
        let tolerated = map.distributed.then_some(tolerated);
        self.note_tolerated(count, percentage, tolerated);
        Ok(tolerated)
    }

    /// The Map Run of a distributed Map fails, and with it the state.
    pub(super) fn map_run_failed(&mut self, id: FrameId, failure: Failure) {
        self.stop_work(id, false);
        let details = Details::Error { error: failure.error.clone(), cause: failure.cause.clone() };
        self.emit(id, EventType::MapRunFailed, details);
        self.fail(id, failure);
    }
}
