//! Systems Manager, S3 and Step Functions with as little work as there can be: what is measured is who calls them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::http::{Answer, answer, serve};

/// Items of a page, the most that Systems Manager gives.
const PAGE: usize = 10;

/// The bucket that everything lies in.
pub(crate) const BUCKET: &str = "bucket";
/// The only state machine.
pub(crate) const STATE_MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";

/// Writes that are taken, in a second and at once.
#[derive(Debug)]
struct Quota {
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl Quota {
    fn takes(&mut self) -> bool {
        let elapsed = self.at.elapsed().as_secs_f64();
        self.at = Instant::now();
        self.tokens = (self.tokens + elapsed * self.rate).min(self.rate);
        let takes = self.tokens >= 1.0;
        if takes {
            self.tokens -= 1.0;
        }
        takes
    }
}

struct Parameter {
    kind: String,
    value: String,
    version: u64,
}

#[derive(Default)]
pub(crate) struct Services {
    parameters: BTreeMap<String, Parameter>,
    objects: HashMap<String, Vec<u8>>,
    executions: HashSet<String>,
    calls: HashMap<String, usize>,
    throttled: usize,
    quota: Option<Quota>,
    latency: Duration,
    started: Option<Instant>,
}

impl Services {
    /// Calls since the counts were last taken, by action, and those of them that were throttled.
    pub(crate) fn take_calls(&mut self) -> (HashMap<String, usize>, usize) {
        (std::mem::take(&mut self.calls), std::mem::take(&mut self.throttled))
    }

    /// When an execution was last started, if one was since this was last asked.
    pub(crate) fn take_started(&mut self) -> Option<Instant> {
        self.started.take()
    }

    pub(crate) fn put_object(&mut self, key: &str, text: &str) {
        self.objects.insert(format!("/{BUCKET}/{key}"), text.into());
    }

    /// Every call takes so long from now on.
    pub(crate) fn set_latency(&mut self, latency: Duration) {
        self.latency = latency;
    }

    /// So many writes are taken in a second from now on, and as many at once.
    pub(crate) fn set_quota(&mut self, rate: Option<f64>) {
        self.quota = rate.map(|rate| Quota { rate, tokens: rate, at: Instant::now() });
    }

    pub(crate) fn delete_parameters(&mut self) {
        self.parameters.clear();
    }

    fn call(&mut self, action: &str, request: &Value) -> (u16, Value) {
        *self.calls.entry(action.to_owned()).or_default() += 1;
        match action {
            "GetParametersByPath" => (200, self.page(request)),
            "GetParameters" => (200, self.some(request)),
            "PutParameter" => self.put(request),
            "DeleteParameters" => {
                let names = texts(&request["Names"]);
                let deleted: Vec<_> =
                    names.iter().filter(|name| self.parameters.remove(**name).is_some()).collect();
                (200, json!({"DeletedParameters": deleted, "InvalidParameters": []}))
            }
            "DescribeExecution" => {
                let arn = request["executionArn"].as_str().unwrap_or_default();
                if self.executions.contains(arn) {
                    (200, json!({"executionArn": arn, "status": "RUNNING", "startDate": 1.0}))
                } else {
                    (400, json!({"__type": "ExecutionDoesNotExist", "message": "none"}))
                }
            }
            "StartExecution" => {
                let name = request["name"].as_str().unwrap_or("unnamed");
                let arn = format!("arn:aws:states:us-east-1:123456789012:execution:m:{name}");
                self.executions.insert(arn.clone());
                (200, json!({"executionArn": arn, "startDate": 1.0}))
            }
            other => (400, json!({"__type": "UnknownOperation", "message": other})),
        }
    }

    fn page(&self, request: &Value) -> Value {
        let below = format!("{}/", request["Path"].as_str().unwrap_or_default());
        let after = request["NextToken"].as_str().unwrap_or(&below);
        let most = request["MaxResults"].as_u64().map_or(PAGE, |most| usize::try_from(most).unwrap_or(PAGE));
        let mut found = self
            .parameters
            .range(after.to_owned()..)
            .filter(|(name, _)| name.as_str() != after)
            .take_while(|(name, _)| name.starts_with(&below));
        let page: Vec<_> = found.by_ref().take(most).collect();
        let mut told =
            json!({"Parameters": page.iter().map(|(name, one)| shown(name, one)).collect::<Vec<_>>()});
        if let (Some((last, _)), true) = (page.last(), found.next().is_some()) {
            told["NextToken"] = json!(last);
        }
        told
    }

    fn some(&self, request: &Value) -> Value {
        let (mut found, mut absent) = (Vec::new(), Vec::new());
        for name in texts(&request["Names"]) {
            match self.parameters.get(name) {
                Some(one) => found.push(shown(name, one)),
                None => absent.push(name),
            }
        }
        json!({"Parameters": found, "InvalidParameters": absent})
    }

    fn put(&mut self, request: &Value) -> (u16, Value) {
        if self.quota.as_mut().is_some_and(|quota| !quota.takes()) {
            self.throttled += 1;
            return (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
        }
        let text = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
        let name = text("Name");
        let before = self.parameters.get(&name).map_or(0, |one| one.version);
        if before > 0 && request["Overwrite"] != json!(true) {
            return (400, json!({"__type": "ParameterAlreadyExists", "message": "it exists"}));
        }
        let one = Parameter { kind: text("Type"), value: text("Value"), version: before + 1 };
        self.parameters.insert(name, one);
        (200, json!({"Version": before + 1, "Tier": "Standard"}))
    }

    /// Values of the leaves below a path.
    pub(crate) fn leaves(&self, path: &str) -> usize {
        let below = format!("{path}/");
        self.parameters.keys().filter(|name| name.starts_with(&below)).count()
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn shown(name: &str, one: &Parameter) -> Value {
    json!({
        "Name": name, "Type": one.kind, "Value": one.value, "Version": one.version,
        "ARN": format!("arn:aws:ssm:us-east-1:123456789012:parameter{name}"),
        "LastModifiedDate": 1_594_981_230.0, "DataType": "text",
    })
}

/// The services, and where they are.
pub(crate) struct Stub {
    services: Arc<Mutex<Services>>,
    pub(crate) address: SocketAddr,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let services: Arc<Mutex<Services>> = Arc::default();
        let serving = Arc::clone(&services);
        let address = serve(move |request| respond(Arc::clone(&serving), request)).await;
        Self { services, address }
    }

    pub(crate) fn services(&self) -> MutexGuard<'_, Services> {
        self.services.lock().unwrap()
    }

    /// The environment that a program finds the services by.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "any".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "any".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
        ]
    }
}

async fn respond(services: Arc<Mutex<Services>>, request: Request<Bytes>) -> Answer {
    let latency = services.lock().unwrap().latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let Some(action) = target.and_then(|target| target.rsplit('.').next()) else {
        let mut services = services.lock().unwrap();
        *services.calls.entry("GetObject".to_owned()).or_default() += 1;
        return match services.objects.get(request.uri().path()) {
            Some(bytes) => {
                let mut found = answer(200, bytes.clone());
                let headers = found.headers_mut();
                headers.insert("etag", "\"00000000000000000000000000000000\"".parse().unwrap());
                headers.insert("last-modified", "Fri, 17 Jul 2020 10:20:30 GMT".parse().unwrap());
                headers.insert("x-amz-version-id", "v1".parse().unwrap());
                found
            }
            None => answer(404, "<Error><Code>NoSuchKey</Code></Error>"),
        };
    };
    let call: Value = serde_json::from_slice(request.body()).unwrap();
    let (status, told) = services.lock().unwrap().call(action, &call);
    let mut told = answer(status, told.to_string());
    told.headers_mut().insert("content-type", "application/x-amz-json-1.1".parse().unwrap());
    if action == "StartExecution" {
        services.lock().unwrap().started = Some(Instant::now());
    }
    told
}
