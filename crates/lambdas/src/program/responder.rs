use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mlpp_provider::with_sources;

use crate::custom_resource::{Responder, ResponseUrl};

/// An answer that is not taken by then is sent again.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Sends answers to CloudFormation.
#[derive(Debug, Clone)]
pub struct HttpResponder {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpResponder {
    /// One that trusts the certificates that the system trusts.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new() -> Result<Self, std::io::Error> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            // A test's server has no certificate; what CloudFormation gives is https.
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector) })
    }
}

impl Responder for HttpResponder {
    async fn send(&self, url: &ResponseUrl, body: &str) -> Result<(), String> {
        // The errors of hyper name no URL; that of a URL which is none would.
        let request = Request::put(url.reveal()).header("content-length", body.len());
        let request =
            request.body(Full::from(body.to_owned())).map_err(|_| "ResponseURL is no URL".to_owned())?;
        let answer = tokio::time::timeout(TIMEOUT, self.client.request(request)).await;
        let answer = answer.map_err(|_| format!("there was no answer within {} s", TIMEOUT.as_secs()))?;
        let answer = answer.map_err(|error| with_sources(&error))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(format!("S3 answered with status {}", answer.status().as_u16()))
        }
    }
}
