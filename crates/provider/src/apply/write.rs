//! The writes of an apply, each within the time that the claim holds.

use std::collections::HashSet;

use mlpp_parameters::release::{Chunk, Head, RecordNames};
use mlpp_parameters::{Change, ParameterName, ParameterState, ParameterType, PlannedParameter, ShownValue};

use super::{ApplyError, Progress};
use crate::planning::Planned;
use crate::{Clock, ParameterStore, PutParameter, StoreError};

/// Counts the writes and tells of each.
pub(crate) struct Tally<'a> {
    done: usize,
    total: usize,
    tell: &'a mut (dyn FnMut(Progress) + Send),
}

impl<'a> Tally<'a> {
    pub(crate) fn new(total: usize, tell: &'a mut (dyn FnMut(Progress) + Send)) -> Self {
        Self { done: 0, total, tell }
    }

    fn step(&mut self, writes: usize) {
        self.done += writes;
        self.total = self.total.max(self.done);
        (self.tell)(Progress { done: self.done, total: self.total });
    }
}

/// Writes one release.
pub(crate) struct Writer<'a, S, C> {
    pub(crate) store: &'a S,
    pub(crate) clock: &'a C,
    pub(crate) names: &'a RecordNames,
    pub(crate) head: &'a Head,
    pub(crate) progress: Tally<'a>,
}

impl<S: ParameterStore, C: Clock> Writer<'_, S, C> {
    /// Writes the chunks that are not there yet.
    pub(super) async fn chunks(&mut self, chunks: &[Chunk]) -> Result<(), ApplyError> {
        let names =
            chunks.iter().map(|chunk| self.names.chunk(&chunk.name)).collect::<Result<Vec<_>, _>>()?;
        let present: HashSet<_> =
            self.store.get(&names).await?.into_iter().map(|parameter| parameter.name).collect();
        for (chunk, name) in chunks.iter().zip(names) {
            if !present.contains(&name) {
                // A chunk is named by its digest: one that another writer stored meanwhile has the same value.
                self.put(name, ParameterType::String, chunk.value.clone(), true).await?;
            }
        }
        Ok(())
    }

    /// Creates the head: the claim. From here on the writes are bound to its time.
    pub(crate) async fn claim(&mut self) -> Result<(), ApplyError> {
        let name = self.names.head(self.head.number)?;
        self.create(name, self.head.to_text()).await
    }

    /// Writes what is new or other, and returns what is to be deleted.
    pub(super) async fn leaves(&mut self, planned: &Planned) -> Result<Vec<ParameterName>, ApplyError> {
        let (mut deletes, mut replaced) = (Vec::new(), Vec::new());
        for parameter in planned.plan.changes() {
            match &parameter.wanted {
                None => deletes.push(parameter.name.clone()),
                Some(_) if parameter.change == Change::Replace => replaced.push(parameter),
                Some(wanted) => self.leaf(planned, parameter, wanted).await?,
            }
        }
        if !replaced.is_empty() {
            let names: Vec<_> = replaced.iter().map(|parameter| parameter.name.clone()).collect();
            self.in_time()?;
            self.store.delete(&names).await?;
            let delay = self.store.recreate_delay();
            if !delay.is_zero() {
                self.clock.sleep(delay).await;
            }
            for parameter in replaced {
                if let Some(wanted) = &parameter.wanted {
                    self.leaf(planned, parameter, wanted).await?;
                }
            }
        }
        Ok(deletes)
    }

    async fn leaf(
        &mut self,
        planned: &Planned,
        parameter: &PlannedParameter,
        wanted: &ParameterState,
    ) -> Result<(), ApplyError> {
        let secret = planned.secrets.get(&parameter.name);
        let value = match (&wanted.value, secret) {
            (ShownValue::Plain(value), _) => value.clone(),
            (ShownValue::Secret(_), Some(secret)) => secret.reveal().to_owned(),
            (ShownValue::Secret(_), None) => {
                return Err(ApplyError::SecretRaced(parameter.name.clone()));
            }
        };
        let version = self.put(parameter.name.clone(), wanted.parameter_type, value, true).await?;
        let expected = if parameter.change == Change::Update { parameter.live_version + 1 } else { 1 };
        // The record names the version of a secret: another one would be another value.
        if secret.is_some() && version != expected {
            return Err(ApplyError::SecretRaced(parameter.name.clone()));
        }
        Ok(())
    }

    /// Creates the mark that the release is committed.
    pub(super) async fn commit(&mut self) -> Result<(), ApplyError> {
        let name = self.names.committed(self.head.number)?;
        self.create(name, self.head.writer.clone()).await
    }

    /// Deletes parameters, if there are any.
    pub(crate) async fn delete(&mut self, names: &[ParameterName]) -> Result<(), ApplyError> {
        if !names.is_empty() {
            self.in_time()?;
            self.store.delete(names).await?;
            self.progress.step(names.len());
        }
        Ok(())
    }

    /// Points the hint at the release: its deletes are done.
    pub(super) async fn hint(&mut self) -> Result<(), ApplyError> {
        let name = self.names.current()?;
        self.put(name, ParameterType::String, self.head.number.to_string(), true).await.map(|_| ())
    }

    /// Creates a record of ours. One that is there with the same value is ours too: the answer to its creation was lost.
    async fn create(&mut self, name: ParameterName, value: String) -> Result<(), ApplyError> {
        match self.put(name.clone(), ParameterType::String, value.clone(), false).await {
            Err(ApplyError::Store(StoreError::AlreadyExists(_))) => {
                let found = self.store.get(&[name]).await?;
                if found.first().is_some_and(|parameter| parameter.value == value) {
                    Ok(())
                } else {
                    Err(ApplyError::Claimed(self.head.number))
                }
            }
            other => other.map(|_| ()),
        }
    }

    async fn put(
        &mut self,
        name: ParameterName,
        parameter_type: ParameterType,
        value: String,
        overwrite: bool,
    ) -> Result<u64, ApplyError> {
        let put = PutParameter { name, parameter_type, value, overwrite };
        self.in_time()?;
        let version = match self.store.put(put.clone()).await {
            // Deleted by an earlier apply, or by hand.
            Err(StoreError::TooSoon(_)) => {
                self.clock.sleep(self.store.recreate_delay()).await;
                self.in_time()?;
                self.store.put(put).await?
            }
            done => done?,
        };
        self.progress.step(1);
        Ok(version)
    }

    /// A writer that was held up must not write once others may take its claim to be left.
    fn in_time(&self) -> Result<(), ApplyError> {
        if self.clock.now() < self.head.lease_until {
            Ok(())
        } else {
            Err(ApplyError::LeaseExpired(self.head.number))
        }
    }
}
