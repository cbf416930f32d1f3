//! CloudFormation as a custom resource sees it: requests, and the place where it waits for answers.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::http::{answer, serve};
use super::lambda::Function;

/// What stands in a presigned URL and must be in no log.
const SIGNATURE: &str = "X-Amz-Credential=a%2Fb&X-Amz-Signature=only+for%20cloudformation%3D";

/// A stack with one custom resource.
pub(crate) struct CloudFormation {
    stack: String,
    url: String,
    answers: Arc<Mutex<Vec<Value>>>,
}

impl CloudFormation {
    pub(crate) async fn new(stack: &str) -> Self {
        let answers: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&answers);
        let address = serve(move |request| {
            let kept = Arc::clone(&kept);
            async move {
                assert_eq!(request.method(), "PUT");
                assert_eq!(request.uri().query(), Some(SIGNATURE));
                // The URL is signed without one.
                assert_eq!(request.headers().get("content-type"), None);
                assert!(request.body().len() <= 4096);
                kept.lock().unwrap().push(serde_json::from_slice(request.body()).unwrap());
                answer(200, "")
            }
        })
        .await;
        let url = format!("http://{address}/answer?{SIGNATURE}");
        Self { stack: stack.to_owned(), url, answers }
    }

    pub(crate) fn stack_id(&self) -> String {
        format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{}/guid", self.stack)
    }

    /// The event by which a function is asked.
    pub(crate) fn request(&self, kind: &str, physical_id: Option<&str>, properties: &Value) -> Value {
        let mut event = json!({
            "RequestType": kind,
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "ResponseURL": self.url,
            "StackId": self.stack_id(),
            "RequestId": "request",
            "ResourceType": "Custom::Parameters",
            "LogicalResourceId": "Parameters",
            "ResourceProperties": properties,
        });
        if let Some(id) = physical_id {
            event["PhysicalResourceId"] = json!(id);
        }
        event
    }

    /// Asks the function; its one answer.
    pub(crate) async fn ask(
        &self,
        function: &Function,
        kind: &str,
        physical_id: Option<&str>,
        properties: &Value,
    ) -> Value {
        function.invoke(&self.request(kind, physical_id, properties)).await.unwrap();
        self.answer()
    }

    /// The one answer that came since the last.
    pub(crate) fn answer(&self) -> Value {
        let mut answers = self.answers.lock().unwrap();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let answer = answers.remove(0);
        assert_eq!(answer["StackId"], self.stack_id());
        assert_eq!(answer["RequestId"], "request");
        assert_eq!(answer["LogicalResourceId"], "Parameters");
        answer
    }

    /// That a log holds nothing by which others could answer.
    pub(crate) fn assert_not_shown(log: &[Value]) {
        for line in log {
            assert!(!line.to_string().contains("X-Amz-Signature"), "{line}");
        }
    }
}
