//! The custom resource by which a bucket tells a function of its objects.

use lambda_runtime::Error;
use mlpp_aws::SystemClock;
use mlpp_lambdas::custom_resource::{Unable, answer};
use mlpp_lambdas::notification::NotificationResource;
use mlpp_lambdas::program::{HttpResponder, S3Notifications, of_process, serve};
use mlpp_provider::with_sources;
use serde_json::Value;

fn main() -> Result<(), Error> {
    let responder = HttpResponder::default();
    // CloudFormation is answered also when nothing else can be done.
    let notifications = of_process()
        .clients()
        .map(|clients| S3Notifications::new(&clients))
        .map_err(|error| with_sources(&error));
    let (responder, notifications) = (&responder, &notifications);
    serve(move |invocation| async move {
        let (event, remaining) = (&invocation.event, invocation.remaining);
        match notifications {
            Ok(notifications) => {
                let resource = NotificationResource { notifications, clock: &SystemClock };
                answer(&resource, responder, &SystemClock, event, remaining).await?;
            }
            Err(reason) => {
                answer(&Unable(reason.clone()), responder, &SystemClock, event, remaining).await?;
            }
        }
        Ok(Value::Null)
    })
}
