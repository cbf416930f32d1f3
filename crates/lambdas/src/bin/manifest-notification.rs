//! The custom resource by which a bucket tells a function of its objects.

use mlpp_aws::SystemClock;
use mlpp_lambdas::custom_resource::answer;
use mlpp_lambdas::notification::NotificationResource;
use mlpp_lambdas::program::{Environment, HttpResponder, S3Notifications, serve};
use serde_json::Value;

fn main() -> Result<(), lambda_runtime::Error> {
    let environment = Environment(|name: &str| std::env::var(name).ok());
    let clients = environment.clients()?;
    let notifications = S3Notifications::new(&clients);
    let responder = HttpResponder::new()?;
    let (notifications, responder) = (&notifications, &responder);
    serve(move |invocation| async move {
        let resource = NotificationResource { notifications, clock: &SystemClock };
        answer(&resource, responder, &SystemClock, &invocation.event, invocation.remaining).await?;
        Ok(Value::Null)
    })
}
