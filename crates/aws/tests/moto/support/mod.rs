//! An AWS account for one test: moto behind a proxy that adds what it lacks, on a clock that stands still.

mod proxy;
mod rules;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Request;
use jiff::Timestamp;
use mlpp_aws::{AwsParameterStore, Clients, StoreOptions};
use mlpp_provider::memory::ManualClock;

pub(crate) use proxy::{Fault, Faults, Proxy, State};
pub(crate) use rules::Quota;

/// Accounts that were given to tests.
static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_001);

pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) clients: Clients,
    proxy: Arc<Proxy>,
}

impl Account {
    /// An empty account; `None` where moto is not installed.
    pub(crate) async fn new(test: &str) -> Option<Self> {
        let upstream = server::address(test)?;
        let id = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string();
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let (proxy, address) = Proxy::serve(upstream, id.clone(), Arc::clone(&clock)).await;
        let endpoint = format!("http://{address}");
        let clients = Clients::from_variables(|name| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("any".to_owned()),
            "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
            _ => None,
        });
        Some(Self { id, clock, clients: clients.unwrap(), proxy })
    }

    pub(crate) fn store(&self) -> AwsParameterStore<ManualClock> {
        self.store_with(StoreOptions::default())
    }

    pub(crate) fn store_with(&self, options: StoreOptions) -> AwsParameterStore<ManualClock> {
        AwsParameterStore::new(&self.clients, Arc::clone(&self.clock), 1, options).unwrap()
    }

    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.proxy.state()
    }

    /// From now on calls go wrong as `faults` says; they are counted anew.
    pub(crate) fn set_faults(&self, faults: impl Fn(&str, usize) -> Option<Fault> + Send + 'static) {
        let mut state = self.state();
        state.calls.clear();
        state.faults = Some(Box::new(faults) as Faults);
    }

    /// From now on `PutParameter` has a quota, and each call takes `latency`.
    pub(crate) fn set_quota(&self, rate: f64, burst: f64, latency: Duration) {
        let now = mlpp_provider::Clock::now(&*self.clock);
        let mut state = self.state();
        state.calls.clear();
        state.latency = latency;
        state.quota = Some(Quota::new(rate, burst, now));
    }

    /// A call that the ports do not have, for what a test needs to be there.
    pub(crate) async fn call(&self, method: &str, path: &str, target: &str, body: &str) {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        let request = if target.is_empty() { request } else { request.header("x-amz-target", target) };
        let request = request.header("authorization", authorization(target));
        let answer = self.proxy.forward(request.body(body.to_owned().into()).unwrap()).await;
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// What moto tells service and region by; it verifies nothing.
fn authorization(target: &str) -> String {
    let service = if target.is_empty() { "s3" } else { "states" };
    format!("AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{service}/aws4_request")
}
