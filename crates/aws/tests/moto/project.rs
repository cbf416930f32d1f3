//! Projects that are applied to the parameter store of AWS.

use std::path::Path;
use std::time::Duration;

use mlpp_aws::AwsParameterStore;
use mlpp_parameters::release::Action;
use mlpp_parameters::{
    Content, Digest, Documents, DriftPolicy, FingerprintKey, SecretSource, SecretValue, StorePath, decode,
    encode,
};
use mlpp_provider::memory::{ManualClock, MemoryStore};
use mlpp_provider::{
    ApplyError, ApplyOutcome, ApplyRequest, Clock as _, ParameterStore, PlanRequest, PutParameter,
    SecretReader, Secrets, apply, plan, read_parameters,
};

use crate::support::{Account, Fault};

fn path() -> StorePath {
    "/ml-project".parse().unwrap()
}

/// The example, of which the system that this one replaces stored 56 parameters.
fn example() -> Content {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/titanic");
    let read = |name: &str| (name.to_owned(), std::fs::read_to_string(folder.join(name)).unwrap());
    let documents = Documents::merge([read("hyperparameters.json"), read("ml-parameters.json")]).unwrap();
    encode(&documents.root, &path()).unwrap()
}

/// So many leaves of 32 hexadecimal digits.
fn hex(leaves: usize) -> Content {
    let leaf = |n: usize| format!("\"k{n}\":\"{}\"", &Digest::of(n.to_string()).to_string()[..32]);
    let text = format!("{{{}}}", (0..leaves).map(leaf).collect::<Vec<_>>().join(","));
    encode(&Documents::merge([("a.json", text.as_str())]).unwrap().root, &path()).unwrap()
}

/// A project without secrets.
struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, _: &SecretSource) -> Result<SecretValue, String> {
        Err("there are none".to_owned())
    }
}

async fn apply_to(
    store: &impl ParameterStore,
    clock: &ManualClock,
    content: &Content,
) -> Result<ApplyOutcome, ApplyError> {
    let (path, key) = (path(), FingerprintKey::new([1; 32]));
    let secrets = Secrets { reader: &NoSecrets, key: &key };
    let request = PlanRequest { path: &path, content, keep_drift: false, secrets };
    let planned = plan(store, &request).await.unwrap();
    let request = ApplyRequest {
        path: &path,
        documents: &[("a.json".to_owned(), content.digest())],
        action: Action::Apply,
        owner: "mlpp",
        author: "test",
        writer: "test",
        tool: "mlpp test",
        adopt: false,
        exclusive: true,
        keep_releases: 20,
    };
    apply(store, clock, &planned, &request, &mut |_| {}).await
}

/// Every leaf is there as it is wanted, written once, and read as the document that it came from.
async fn written_once(store: &AwsParameterStore<ManualClock>, content: &Content) {
    let live = store.list(&path()).await.unwrap();
    assert_eq!(live.len(), content.parameters().count());
    let again: Vec<_> = live.iter().filter(|parameter| parameter.version > 1).collect();
    assert!(again.is_empty(), "{again:?}");
    for policy in [DriftPolicy::Fail, DriftPolicy::Ignore] {
        let read = read_parameters(store, &path(), policy, None).await.unwrap();
        assert_eq!(read.document, decode(content).unwrap());
    }
}

/// Imports behind a quota on the clock of the service; returns what was written, and how many seconds it took.
async fn import(account: &Account, content: &Content, rate: f64, burst: f64) {
    let store = account.store();
    account.set_quota(rate, burst, Duration::from_millis(5));
    let start = account.clock.now();
    let outcome = apply_to(&store, &account.clock, content).await.unwrap();
    let seconds = account.clock.now().duration_since(start).as_secs_f64();
    assert_eq!(outcome.created, content.parameters().count());

    let (calls, refused) = {
        let state = account.state();
        (u32::try_from(state.count("PutParameter")).unwrap(), state.refused)
    };
    let writes = calls - refused;
    // The chunks of the content, the claim, the mark that it is committed, and the hint.
    let records = writes - u32::try_from(outcome.created).unwrap();
    let necessary = (f64::from(writes) - burst) / rate;
    let told = format!(
        "{} leaves, {records} records at {rate} a second, {burst} at once: {seconds:.2} s where {necessary:.2} s \
         are necessary, {refused} of {calls} calls refused",
        outcome.created
    );
    assert!(seconds < necessary * 1.03, "{told}");
    assert!(f64::from(refused) < f64::from(calls) * 0.02, "{told}");
    written_once(&store, content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_takes_the_time_that_the_quota_makes_necessary() {
    for (content, rate) in [(example(), 3.0), (example(), 10.0), (hex(500), 3.0), (hex(500), 10.0)] {
        let test = "an_import_takes_the_time_that_the_quota_makes_necessary";
        let Some(account) = Account::new(test).await else { return };
        import(&account, &content, rate, rate).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_on_the_way_is_made_up_for_and_nothing_is_written_twice() {
    let test = "what_goes_wrong_on_the_way_is_made_up_for_and_nothing_is_written_twice";
    let Some(account) = Account::new(test).await else { return };
    account.set_faults(|action, before| {
        let faults = [
            Fault::LostAnswer,
            Fault::FailureAfter,
            Fault::LostRequest,
            Fault::Failure,
            Fault::TooManyUpdates,
        ];
        let every = if action == "PutParameter" { 3 } else { 4 };
        (before % every == 1).then(|| faults[before / every % faults.len()])
    });
    let (store, content) = (account.store(), example());
    let outcome = apply_to(&store, &account.clock, &content).await.unwrap();
    assert_eq!((outcome.release, outcome.created), (1, 56));
    written_once(&store, &content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_landed_before_a_kill_is_not_written_again() {
    let test = "what_landed_before_a_kill_is_not_written_again";
    let Some(account) = Account::new(test).await else { return };
    let content = example();
    account.set_faults(|action, before| (action == "PutParameter" && before >= 30).then_some(Fault::Denied));
    let killed = apply_to(&account.store(), &account.clock, &content).await;
    assert!(matches!(killed, Err(ApplyError::Store(_))), "{killed:?}");
    account.set_faults(|_, _| None);
    let store = account.store();
    let outcome = apply_to(&store, &account.clock, &content).await.unwrap();
    // Of the thirty writes one was the chunk, which is there, and one the claim.
    assert_eq!((outcome.release, outcome.created, outcome.unchanged), (2, 28, 28));
    assert_eq!(account.state().count("PutParameter"), 28 + 3);
    written_once(&store, &content).await;

    account.set_faults(|_, _| None);
    let outcome = apply_to(&store, &account.clock, &content).await.unwrap();
    assert_eq!((outcome.new, outcome.unchanged), (false, 56));
    assert_eq!(account.state().count("PutParameter"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_is_changed_by_a_delete_half_a_minute_and_a_create() {
    let test = "a_type_is_changed_by_a_delete_half_a_minute_and_a_create";
    let Some(account) = Account::new(test).await else { return };
    let store = account.store();
    let content = |text| encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap();
    apply_to(&store, &account.clock, &content(r#"{"a":"x","b":"x"}"#)).await.unwrap();
    let start = account.clock.now();
    let outcome = apply_to(&store, &account.clock, &content(r#"{"a":["x","y"],"b":"x"}"#)).await.unwrap();
    assert_eq!((outcome.replaced, outcome.unchanged), (1, 1));
    assert!(account.clock.now().duration_since(start).as_secs() >= 30);
    written_once(&store, &content(r#"{"a":["x","y"],"b":"x"}"#)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_of_thousands_of_leaves_is_read_by_a_handful_of_calls() {
    let test = "a_release_of_thousands_of_leaves_is_read_by_a_handful_of_calls";
    let Some(account) = Account::new(test).await else { return };
    let (store, content, memory) = (account.store(), hex(5000), MemoryStore::default());
    apply_to(&memory, memory.clock(), &content).await.unwrap();
    // Of the record alone nothing else is read.
    for (name, _, value) in memory.dump().into_iter().filter(|(name, ..)| name.contains(".releases/")) {
        let (name, parameter_type) = (name.parse().unwrap(), mlpp_parameters::ParameterType::String);
        store.put(PutParameter { name, parameter_type, value, overwrite: false }).await.unwrap();
    }
    account.set_faults(|_, _| None);
    let read = read_parameters(&store, &path(), DriftPolicy::Ignore, None).await.unwrap();
    assert_eq!(read.document, decode(&content).unwrap());
    let calls = account.state().calls.len();
    assert!(calls <= 8, "{calls} calls");
}
