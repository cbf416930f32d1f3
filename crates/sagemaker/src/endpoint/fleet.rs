//! The programs of a deployment: as many of each variant as are desired, whatever ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedRwLockReadGuard, watch};
use tokio::time::Instant;

use super::instance::{self, Instance, Plan};
use super::set;
use crate::platform::Platform;
use crate::store::{InstanceRecord, ResourceKind};

/// A program that served for so long is no reason to wait before the next one starts.
const SETTLED: Duration = Duration::from_secs(30);
/// The longest wait before a program starts again, in multiples of the first one.
const LONGEST: u32 = 64;

/// The programs of one deployment.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// How a program of each variant is started, and how many there are to be.
    variants: Mutex<HashMap<String, Wanted>>,
    instances: Mutex<Vec<Arc<Instance>>>,
    /// The number in the folder of the next program.
    next: AtomicUsize,
    /// The invocations of each variant.
    asked: HashMap<String, AtomicU64>,
    changed: Notify,
    ending: watch::Sender<bool>,
}

#[derive(Debug)]
struct Wanted {
    plan: Plan,
    count: usize,
}

impl Fleet {
    /// A fleet of these programs, which are healthy; `plans` holds one for each variant.
    pub(super) fn new(plans: Vec<Plan>, instances: Vec<Instance>) -> Self {
        let asked = plans.iter().map(|plan| (plan.variant.clone(), AtomicU64::new(0))).collect();
        let variants = plans.into_iter().map(|plan| {
            let count = instances.iter().filter(|instance| instance.variant == plan.variant).count();
            (plan.variant.clone(), Wanted { plan, count })
        });
        Self {
            variants: Mutex::new(variants.collect()),
            next: AtomicUsize::new(instances.len()),
            instances: Mutex::new(instances.into_iter().map(Arc::new).collect()),
            asked,
            changed: Notify::new(),
            ending: watch::Sender::new(false),
        }
    }

    fn variants(&self) -> MutexGuard<'_, HashMap<String, Wanted>> {
        self.variants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instances(&self) -> MutexGuard<'_, Vec<Arc<Instance>>> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many programs of the variant are healthy, and how many are to be.
    pub(crate) fn counts(&self, variant: &str) -> (usize, usize) {
        let alive = self.instances().iter().filter(|one| one.variant == variant && one.is_alive()).count();
        (alive, self.variants().get(variant).map_or(0, |wanted| wanted.count))
    }

    /// Sets how many programs of the variant there are to be.
    pub(crate) fn want(&self, variant: &str, count: usize) {
        if let Some(wanted) = self.variants().get_mut(variant) {
            wanted.count = count;
        }
        self.changed.notify_one();
    }

    /// The names of the variants, in their order.
    pub(crate) fn variant_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.variants().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Resolves when the fleet is being stopped.
    pub(crate) async fn stopped(&self) {
        set(&mut self.ending.subscribe()).await;
    }

    /// Something about the programs is not as it was.
    pub(super) fn tell(&self) {
        self.changed.notify_one();
    }

    pub(super) fn has_port(&self, port: u16) -> bool {
        self.instances().iter().any(|instance| instance.port() == port)
    }

    pub(crate) fn records(&self) -> Vec<InstanceRecord> {
        let instances = self.instances();
        let alive = instances.iter().filter(|instance| instance.is_alive());
        alive
            .map(|instance| InstanceRecord {
                variant: instance.variant.clone(),
                port: instance.port(),
                log: instance.log.display().to_string(),
            })
            .collect()
    }

    /// Ends every program, and starts none any more.
    pub(super) async fn stop(&self) {
        self.ending.send_replace(true);
        let instances = self.instances().clone();
        for instance in &instances {
            instance.ask_to_stop();
        }
        for instance in &instances {
            instance.ended().await;
        }
    }

    /// Adds a healthy program, unless the fleet is being stopped.
    fn add(&self, instance: Instance) -> Result<(), Instance> {
        let mut instances = self.instances();
        // Who stops the fleet says so before it looks at the programs.
        if *self.ending.borrow() {
            return Err(instance);
        }
        instances.push(Arc::new(instance));
        Ok(())
    }

    /// Holds the program with that port for an invocation; `None` when it is being drained, or has ended.
    pub(super) fn hold(&self, port: u16) -> Option<OwnedRwLockReadGuard<()>> {
        let instances = self.instances();
        let instance = instances.iter().find(|instance| instance.port() == port && instance.is_alive())?;
        let held = Arc::clone(&instance.gate).try_read_owned().ok()?;
        if let Some(counter) = self.asked.get(&instance.variant) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Some(held)
    }

    /// How many invocations the variant has had.
    pub(crate) fn asked(&self, variant: &str) -> u64 {
        self.asked.get(variant).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Takes what has ended out, and one program of each variant that has too many; gives back the latter, which is to be
    /// drained and ended.
    fn take_out(&self) -> Vec<Arc<Instance>> {
        let variants = self.variants();
        let mut instances = self.instances();
        instances.retain(|instance| instance.is_alive());
        let mut surplus = Vec::new();
        for (name, wanted) in variants.iter() {
            while instances.iter().filter(|instance| instance.variant == *name).count() > wanted.count {
                let Some(last) = instances.iter().rposition(|instance| instance.variant == *name) else {
                    break;
                };
                surplus.push(instances.remove(last));
            }
        }
        surplus
    }

    /// How to start a program of a variant that has too few, if there is one.
    fn lacking(&self) -> Option<Plan> {
        let variants = self.variants();
        let instances = self.instances();
        let lacks = |(name, wanted): &(&String, &Wanted)| {
            instances.iter().filter(|instance| instance.variant == **name).count() < wanted.count
        };
        let (_, wanted) = variants.iter().find(lacks)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut plan = wanted.plan.clone();
        let folder = format!("{}-{number}", plan.variant);
        plan.folder.set_file_name(folder);
        Some(plan)
    }
}

impl Platform {
    /// Keeps as many programs as are desired of the deployment in charge of an endpoint, until it is stopped: starts
    /// those that are lacking, each time later as long as they do not last, and ends those that are too many once they
    /// have answered what they were asked.
    pub(super) async fn keep_fleet(self: Arc<Self>, endpoint: String, fleet: Arc<Fleet>) {
        let first = self.config.restart_delay;
        let mut ending = fleet.ending.subscribe();
        let mut delay = first;
        let mut healthy_since = Instant::now();
        while !*ending.borrow() && !self.is_closing() {
            for instance in fleet.take_out() {
                self.tell_instances(&endpoint).await;
                let grace = self.config.grace;
                self.spawn(async move { instance.drain(grace).await });
            }
            let Some(plan) = fleet.lacking() else {
                tokio::select! {
                    () = fleet.changed.notified() => {}
                    () = set(&mut ending) => {}
                    () = self.closed() => {}
                }
                continue;
            };
            // What served for a while is no sign that the next one will not.
            if healthy_since.elapsed() >= SETTLED {
                delay = first;
            }
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = set(&mut ending) => continue,
                () = self.closed() => continue,
            }
            delay = (delay * 2).min(first * LONGEST);
            let cancel = watch::Sender::new(false);
            let started = instance::start(Arc::clone(&self), plan, cancel.subscribe());
            tokio::pin!(started);
            let started = loop {
                tokio::select! {
                    started = &mut started => break started,
                    () = set(&mut ending), if !*cancel.borrow() => { cancel.send_replace(true); }
                    () = self.closed(), if !*cancel.borrow() => { cancel.send_replace(true); }
                }
            };
            // Why it did not start stands in its log; it is tried again.
            let Ok(instance) = started else { continue };
            healthy_since = Instant::now();
            if let Err(instance) = fleet.add(instance) {
                instance.ask_to_stop();
                instance.ended().await;
                break;
            }
            self.tell_instances(&endpoint).await;
        }
    }

    /// Writes into the record of an endpoint which programs it has.
    pub(crate) async fn tell_instances(&self, endpoint: &str) {
        let Some(deployment) = self.deployment(endpoint) else { return };
        let (variants, instances) = (deployment.describe(), deployment.fleet.records());
        let recorded = self.store.update(ResourceKind::Endpoint, endpoint, move |record| {
            record.set("ProductionVariants", variants);
            record.local.instances = instances;
        });
        // Invocations look at the programs themselves: a record that is behind does not mislead them.
        let _ = recorded.await;
    }
}
