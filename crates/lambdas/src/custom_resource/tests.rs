use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde_json::json;

use super::*;

/// A resource that does what a test says, and counts.
#[derive(Default)]
struct Fake {
    behaviour: Behaviour,
    made: AtomicUsize,
    deleted: AtomicUsize,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Behaviour {
    #[default]
    Works,
    Fails,
    Panics,
    PanicsEarly,
    Hangs,
}

impl Fake {
    fn that(behaviour: Behaviour) -> Self {
        Self { behaviour, ..Self::default() }
    }

    async fn behave(&self) -> Result<(), Failure> {
        match self.behaviour {
            Behaviour::Works => Ok(()),
            Behaviour::Fails => Err("disk on fire".into()),
            Behaviour::Panics | Behaviour::PanicsEarly => panic!("out of {}", "luck"),
            Behaviour::Hangs => std::future::pending().await,
        }
    }
}

impl Resource for Fake {
    fn physical_id(&self, request: &Envelope) -> Result<String, Failure> {
        assert!(self.behaviour != Behaviour::PanicsEarly, "no id");
        let path = request.properties["Path"].as_str().ok_or("the property Path is lacking")?;
        Ok(format!("{}{path}", request.stack_name()))
    }

    async fn make(&self, _: &Envelope) -> Result<Map<String, Value>, Failure> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.behave().await?;
        Ok(Map::from_iter([("Attribute".to_owned(), json!("value"))]))
    }

    async fn delete(&self, _: &Envelope) -> Result<(), Failure> {
        self.deleted.fetch_add(1, Ordering::Relaxed);
        self.behave().await
    }
}

/// Keeps what it is sent, once it has refused so many times.
#[derive(Default)]
struct Mailbox {
    refuses: AtomicUsize,
    sent: Mutex<Vec<(String, String)>>,
}

impl Responder for Mailbox {
    async fn send(&self, url: &ResponseUrl, body: &str) -> Result<(), String> {
        let refuses = self.refuses.load(Ordering::Relaxed);
        if refuses > 0 {
            self.refuses.store(refuses - 1, Ordering::Relaxed);
            return Err("HTTP 503".to_owned());
        }
        self.sent.lock().unwrap().push((url.reveal().to_owned(), body.to_owned()));
        Ok(())
    }
}

/// A clock on which the function's time is up at once, or never is.
struct TestClock {
    is_up: bool,
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, duration: Duration) {
        if duration > Duration::from_mins(1) && !self.is_up {
            std::future::pending::<()>().await;
        }
    }
}

const URL: &str = "https://bucket.invalid/presigned?X-Amz-Signature=SECRET";

#[expect(clippy::needless_pass_by_value, reason = "each is made for this")]
fn event(kind: &str, physical_id: Option<&str>, properties: Value) -> Value {
    let mut event = json!({
        "RequestType": kind,
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "ResponseURL": URL,
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid",
        "RequestId": "req-1",
        "ResourceType": "Custom::Parameters",
        "LogicalResourceId": "Parameters",
        "ResourceProperties": properties,
    });
    if let Some(id) = physical_id {
        event["PhysicalResourceId"] = json!(id);
    }
    event
}

/// The answer that CloudFormation gets.
async fn answered(fake: &Fake, event: &Value) -> Value {
    let mailbox = Mailbox::default();
    let clock = TestClock { is_up: fake.behaviour == Behaviour::Hangs };
    answer(fake, &mailbox, &clock, event, Duration::from_mins(15)).await.unwrap();
    let sent = mailbox.sent.lock().unwrap();
    let [(url, body)] = &sent[..] else { panic!("{} answers", sent.len()) };
    assert_eq!(url, URL);
    assert!(!body.contains("SECRET") && body.len() <= MAX_BYTES, "{body}");
    serde_json::from_str(body).unwrap()
}

// DEFECTS A1, A17
#[tokio::test]
async fn what_is_made_and_removed_is_told_with_an_id_that_stays() {
    let fake = Fake::default();
    let made = answered(&fake, &event("Create", None, json!({"Path": "/p"}))).await;
    let expected = json!({
        "Status": "SUCCESS", "PhysicalResourceId": "s/p", "RequestId": "req-1", "LogicalResourceId": "Parameters",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid", "Data": {"Attribute": "value"},
    });
    assert_eq!(made, expected);
    let again = answered(&fake, &event("Update", Some("s/p"), json!({"Path": "/p"}))).await;
    assert_eq!(again, expected);
    let moved = answered(&fake, &event("Update", Some("s/p"), json!({"Path": "/q"}))).await;
    assert_eq!(moved["PhysicalResourceId"], "s/q");
    let removed = answered(&fake, &event("Delete", Some("s/p"), json!({"Path": "/p"}))).await;
    assert_eq!((&removed["Status"], &removed["PhysicalResourceId"]), (&json!("SUCCESS"), &json!("s/p")));
    assert_eq!(fake.deleted.load(Ordering::Relaxed), 1);
}

// DEFECTS A1, A5
#[tokio::test]
async fn an_id_of_another_scheme_is_answered_and_nothing_is_removed() {
    let fake = Fake::default();
    for id in ["2020/07/17/[$LATEST]0123", "other/p", "s/Parameters"] {
        let removed = answered(&fake, &event("Delete", Some(id), json!({"Path": "/p"}))).await;
        assert_eq!((&removed["Status"], &removed["PhysicalResourceId"]), (&json!("SUCCESS"), &json!(id)));
    }
    // Nor when its properties were never valid.
    let removed = answered(&fake, &event("Delete", Some("s/Parameters"), json!({}))).await;
    assert_eq!(removed["Status"], "SUCCESS");
    assert_eq!(fake.deleted.load(Ordering::Relaxed), 0);
}

// DEFECTS A3, A17, B4
#[tokio::test]
async fn a_failure_a_panic_and_the_end_of_time_are_answered_with_the_reason() {
    for (behaviour, reason) in [
        (Behaviour::Fails, "disk on fire"),
        (Behaviour::Panics, "the function panicked: out of luck"),
        (Behaviour::Hangs, "the function's time was up"),
    ] {
        for (kind, id) in [("Create", None), ("Update", Some("s/p")), ("Delete", Some("s/p"))] {
            let told = answered(&Fake::that(behaviour), &event(kind, id, json!({"Path": "/p"}))).await;
            assert_eq!((&told["Status"], &told["PhysicalResourceId"]), (&json!("FAILED"), &json!("s/p")));
            assert!(told["Reason"].as_str().unwrap().starts_with(reason), "{told}");
        }
    }
    let early = Fake::that(Behaviour::PanicsEarly);
    for (kind, id) in [("Create", None), ("Delete", Some("s/Parameters"))] {
        let told = answered(&early, &event(kind, id, json!({"Path": "/p"}))).await;
        assert_eq!(
            (&told["Status"], &told["PhysicalResourceId"]),
            (&json!("FAILED"), &json!("s/Parameters"))
        );
    }
    let told = answered(&Fake::default(), &event("Create", None, json!({}))).await;
    assert_eq!(told["Reason"], "the property Path is lacking");
}

// DEFECTS A18
#[tokio::test]
async fn an_event_without_a_place_for_answers_is_an_error_and_one_of_another_kind_is_answered() {
    let whole = event("Create", None, json!({"Path": "/p"}));
    for member in ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"] {
        let mut event = whole.clone();
        event.as_object_mut().unwrap().remove(member);
        let fake = Fake::default();
        let mailbox = Mailbox::default();
        let clock = TestClock { is_up: false };
        let error = answer(&fake, &mailbox, &clock, &event, Duration::MAX).await.unwrap_err();
        assert!(matches!(error, AnswerError::Request(RequestError::Member(told)) if told == member));
        assert_eq!(fake.made.load(Ordering::Relaxed), 0);
    }
    let fake = Fake::default();
    let told = answered(&fake, &event("Drop", Some("id"), json!({"Path": "/p"}))).await;
    assert_eq!((&told["Status"], &told["PhysicalResourceId"]), (&json!("FAILED"), &json!("id")));
    let reason = "the request's RequestType is none of Create, Update and Delete";
    assert_eq!(told["Reason"], reason);
    assert_eq!((fake.made.into_inner(), fake.deleted.into_inner()), (0, 0));
}

#[tokio::test]
async fn a_function_that_cannot_begin_says_why_to_cloudformation() {
    let mailbox = Mailbox::default();
    let clock = TestClock { is_up: false };
    let event = event("Create", None, json!({}));
    let unable = Unable("the environment variable AWS_REGION is not set".to_owned());
    answer(&unable, &mailbox, &clock, &event, Duration::MAX).await.unwrap();
    let told: Value = serde_json::from_str(&mailbox.sent.lock().unwrap()[0].1).unwrap();
    assert_eq!(told["Status"], "FAILED");
    assert_eq!(told["Reason"], "the environment variable AWS_REGION is not set");
}

#[tokio::test]
async fn an_answer_is_sent_again_and_one_that_never_arrives_is_an_error_without_the_url() {
    let clock = TestClock { is_up: false };
    let event = event("Create", None, json!({"Path": "/p"}));
    let mailbox = Mailbox { refuses: AtomicUsize::new(3), ..Mailbox::default() };
    answer(&Fake::default(), &mailbox, &clock, &event, Duration::MAX).await.unwrap();
    assert_eq!(mailbox.sent.lock().unwrap().len(), 1);
    let mailbox = Mailbox { refuses: AtomicUsize::new(4), ..Mailbox::default() };
    let error = answer(&Fake::default(), &mailbox, &clock, &event, Duration::MAX).await.unwrap_err();
    assert_eq!(error.to_string(), "CloudFormation cannot be answered: HTTP 503");
}

// DEFECTS A22
#[test]
fn an_answer_is_never_too_long_and_never_shows_the_url() {
    let request = Envelope::read(&event("Create", None, json!({"Path": "/p"}))).unwrap();
    assert!(!format!("{request:?}").contains("SECRET"));
    for character in ["a", "ü", "\"", "\u{1}", "🦀"] {
        let failed = Outcome::Failed { physical_id: "s/p".into(), reason: character.repeat(5000) };
        let text = response(&request, &failed);
        assert!(text.len() <= MAX_BYTES, "{character}: {}", text.len());
        let told: Value = serde_json::from_str(&text).unwrap();
        assert!(told["Reason"].as_str().unwrap().ends_with("…"), "{told}");
    }
    let attributes = Map::from_iter([("Long".to_owned(), json!("x".repeat(5000)))]);
    let text = response(&request, &Outcome::Success { physical_id: "s/p".into(), attributes });
    assert!(text.len() <= MAX_BYTES && text.contains("FAILED"), "{text}");
}
