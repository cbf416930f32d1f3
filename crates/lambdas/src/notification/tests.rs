use std::sync::Mutex;

use mlpp_provider::memory::ManualClock;

use super::*;
use crate::custom_resource::RequestType;

/// A bucket, and what goes wrong when it is written: in order, then nothing.
struct Bucket {
    state: Mutex<Configuration<&'static str>>,
    faults: Mutex<Vec<Fault>>,
    puts: Mutex<usize>,
}

enum Fault {
    Busy,
    /// Somebody else writes right after: this is what there is then.
    Overwritten(Configuration<&'static str>),
    Overlap,
    Gone,
}

impl Bucket {
    fn with(functions: &[FunctionNotification], faults: Vec<Fault>) -> Self {
        Self {
            state: Mutex::new(Configuration { functions: functions.to_vec(), rest: "queues and topics" }),
            faults: Mutex::new(faults),
            puts: Mutex::new(0),
        }
    }

    fn functions(&self) -> Vec<FunctionNotification> {
        let state = self.state.lock().unwrap();
        assert_eq!(state.rest, "queues and topics");
        state.functions.clone()
    }
}

impl Notifications for Bucket {
    type Rest = &'static str;

    async fn get(&self, bucket: &str) -> Result<Configuration<&'static str>, NotificationError> {
        if matches!(self.faults.lock().unwrap().first(), Some(Fault::Gone)) {
            return Err(NotificationError::NoBucket(bucket.to_owned()));
        }
        Ok(self.state.lock().unwrap().clone())
    }

    async fn put(
        &self,
        bucket: &str,
        configuration: Configuration<&'static str>,
    ) -> Result<(), NotificationError> {
        *self.puts.lock().unwrap() += 1;
        let (bucket, reason) = (bucket.to_owned(), "as S3 says".to_owned());
        let mut faults = self.faults.lock().unwrap();
        let fault = if faults.is_empty() { None } else { Some(faults.remove(0)) };
        match fault {
            None => *self.state.lock().unwrap() = configuration,
            Some(Fault::Overwritten(other)) => *self.state.lock().unwrap() = other,
            Some(Fault::Busy) => return Err(NotificationError::Busy { bucket, reason }),
            Some(Fault::Overlap) => {
                return Err(NotificationError::Overlap { bucket, reason, entries: Vec::new() });
            }
            Some(Fault::Gone) => return Err(NotificationError::NoBucket(bucket)),
        }
        Ok(())
    }
}

fn foreign() -> FunctionNotification {
    FunctionNotification {
        id: Some("theirs".to_owned()),
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:theirs".to_owned(),
        events: vec!["s3:ObjectRemoved:*".to_owned()],
        filter: vec![("Prefix".to_owned(), "logs/".to_owned())],
    }
}

fn request(kind: RequestType, prefix: &str) -> Envelope {
    let event = json!({
        "RequestType": kind.name(), "ResponseURL": "https://x.invalid/", "RequestId": "r",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid",
        "LogicalResourceId": "ManifestNotification",
        "ResourceProperties": {
            "Bucket": "demo-bucket", "Prefix": prefix, "Suffix": ".json",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:launch",
        },
    });
    Envelope::read(&event).unwrap()
}

fn clock() -> ManualClock {
    ManualClock::new(jiff::Timestamp::UNIX_EPOCH)
}

async fn make(bucket: &Bucket, prefix: &str) -> Result<Map<String, Value>, Failure> {
    let clock = clock();
    let resource = NotificationResource { notifications: bucket, clock: &clock };
    resource.make(&request(RequestType::Update, prefix)).await
}

async fn delete(bucket: &Bucket) -> Result<(), Failure> {
    let clock = clock();
    let resource = NotificationResource { notifications: bucket, clock: &clock };
    resource.delete(&request(RequestType::Delete, "manifests/")).await
}

// DEFECTS B1, B2, B3
#[tokio::test]
async fn the_own_entry_comes_changes_and_goes_beside_those_of_others() {
    let bucket = Bucket::with(&[foreign()], Vec::new());
    make(&bucket, "manifests/").await.unwrap();
    let [theirs, ours] = &bucket.functions()[..] else { panic!() };
    assert_eq!(*theirs, foreign());
    assert_eq!(ours.filter, [("prefix".into(), "manifests/".into()), ("suffix".into(), ".json".into())]);
    make(&bucket, "other/").await.unwrap();
    let functions = bucket.functions();
    assert_eq!(functions.len(), 2);
    assert_eq!(functions[1].filter[0].1, "other/");
    delete(&bucket).await.unwrap();
    assert_eq!(bucket.functions(), [foreign()]);
    // Again: nothing is there to be removed, and nothing is written.
    delete(&bucket).await.unwrap();
    assert_eq!(*bucket.puts.lock().unwrap(), 3);
}

#[tokio::test]
async fn an_entry_that_is_as_it_should_be_is_not_written_again() {
    let bucket = Bucket::with(&[], Vec::new());
    make(&bucket, "manifests/").await.unwrap();
    // As S3 gives it back.
    for (name, _) in &mut bucket.state.lock().unwrap().functions[0].filter {
        *name = if name == "prefix" { "Prefix".into() } else { "Suffix".into() };
    }
    make(&bucket, "manifests/").await.unwrap();
    assert_eq!(*bucket.puts.lock().unwrap(), 1);
}

// DEFECTS B6
#[tokio::test]
async fn a_writer_at_the_same_moment_is_outlasted_and_keeps_what_it_wrote() {
    let newer = FunctionNotification { id: Some("newer".into()), ..foreign() };
    let theirs = Configuration { functions: vec![newer.clone()], rest: "queues and topics" };
    let bucket = Bucket::with(&[foreign()], vec![Fault::Busy, Fault::Overwritten(theirs), Fault::Busy]);
    make(&bucket, "manifests/").await.unwrap();
    let functions = bucket.functions();
    assert_eq!((functions.len(), &functions[0]), (2, &newer));
}

#[tokio::test]
async fn what_never_settles_is_told() {
    let busy = Bucket::with(&[], (0..6).map(|_| Fault::Busy).collect());
    let error = make(&busy, "manifests/").await.unwrap_err();
    assert!(error.to_string().contains("cannot be written now"), "{error}");
    let theirs = || Configuration { functions: vec![foreign()], rest: "queues and topics" };
    let contended = Bucket::with(&[], (0..6).map(|_| Fault::Overwritten(theirs())).collect());
    let error = make(&contended, "manifests/").await.unwrap_err();
    assert!(error.to_string().contains("written by others each time"), "{error}");
    let overlap = Bucket::with(&[foreign()], vec![Fault::Overlap]);
    let error = make(&overlap, "manifests/").await.unwrap_err();
    assert!(error.to_string().ends_with("(see theirs)"), "{error}");
}

// DEFECTS B4
#[tokio::test]
async fn a_bucket_that_is_gone_has_no_entry_to_remove_and_takes_none() {
    let gone = Bucket::with(&[], vec![Fault::Gone]);
    delete(&gone).await.unwrap();
    let error = make(&gone, "manifests/").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no bucket demo-bucket");
}

// DEFECTS E7
#[tokio::test]
async fn a_notification_of_everything_is_refused() {
    let mut request = request(RequestType::Create, "");
    request.properties["Suffix"] = json!("");
    let bucket = Bucket::with(&[], Vec::new());
    let clock = clock();
    let resource = NotificationResource { notifications: &bucket, clock: &clock };
    let error = resource.make(&request).await.unwrap_err();
    assert!(error.to_string().contains("every object of the bucket"), "{error}");
}
