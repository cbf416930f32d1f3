//! The custom resource by which a bucket tells a function of its objects.

use lambda_runtime::Error;
use mlpp_aws::SystemClock;
use mlpp_lambdas::custom_resource::Unable;
use mlpp_lambdas::notification::NotificationResource;
use mlpp_lambdas::program::{
    HttpResponder, S3Notifications, answer_panics, answer_request, of_process, serve,
};
use mlpp_provider::with_sources;

fn main() -> Result<(), Error> {
    answer_panics();
    let responder = HttpResponder::default();
    // CloudFormation is answered also when nothing else can be done.
    let notifications = of_process()
        .clients()
        .map(|clients| S3Notifications::new(&clients))
        .map_err(|error| with_sources(&error));
    let (responder, notifications) = (&responder, &notifications);
    serve(move |invocation| async move {
        match notifications {
            Ok(notifications) => {
                let resource = NotificationResource { notifications, clock: &SystemClock };
                answer_request(&resource, responder, &invocation).await
            }
            Err(reason) => answer_request(&Unable(reason.clone()), responder, &invocation).await,
        }
    })
}
