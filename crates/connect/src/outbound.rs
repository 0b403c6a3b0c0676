//! The one policy stack of every outbound call: deadline, limiter, breaker, auth, attempt with timeout,
//! classify, retry.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::RwLock;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;
use trunkline_config::{Credentials, ExposeSecret, Target};
use trunkline_systems::Rate;

use crate::breaker::State;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::error::CallError;
use crate::event::Events;
use crate::metrics;
use crate::retry::Repeat;
use crate::throttle::Throttle;
use crate::token::{Token, WAITS};
use crate::token_endpoint::TokenEndpoint;
use crate::token_manager::TokenManager;
use crate::wire;

/// The connection to one target.
#[derive(Debug, Clone)]
pub struct Outbound(Arc<Inner>);

/// A request, as a client of one system puts it together.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Path and query under the target's base URL, encoded.
    pub path: String,
    /// Headers beside those of authorization and tracing.
    pub headers: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
}

/// An answer that means success.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, whole.
    pub body: Vec<u8>,
    /// Attempts it took.
    pub attempts: u32,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) target: Target,
    client: Client,
    /// One for all classes: what a credential may be called is counted over all of them.
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) tokens: Option<TokenManager>,
    endpoints: RwLock<HashMap<&'static str, Arc<Endpoint>>>,
    events: Events,
}

// === impl Outbound ===

impl Outbound {
    /// Connects to a target (without I/O), at most at `rate`: this process's part of the target's quota.
    ///
    /// # Errors
    /// When no HTTP client can be made, for instance for want of certificate roots.
    pub(crate) fn new(target: Target, rate: Rate, events: Events) -> Result<Self, reqwest::Error> {
        let client = wire::client(&target.base_url)?;
        let tokens = match &target.credentials {
            Credentials::Basic { .. } => None,
            Credentials::ClientCredentials { token_url, client_id, client_secret } => {
                Some(TokenManager::new(
                    target.name.clone(),
                    TokenEndpoint {
                        authentication: target.system.capabilities().client_authentication,
                        client: wire::client(token_url)?,
                        url: token_url.clone(),
                        client_id: client_id.clone(),
                        client_secret: client_secret.clone(),
                        timeout: target.timeout,
                    },
                    &WAITS,
                    events.clone(),
                ))
            }
        };
        let throttle = Throttle::new(rate);
        Ok(Self(Arc::new(Inner { target, client, throttle, tokens, endpoints: RwLock::default(), events })))
    }

    /// Lets the calls of a predecessor that was killed a moment ago pass out of the target's quota.
    pub(crate) fn await_predecessor(&self) {
        self.0.throttle.start();
    }

    /// The target's settings.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// The breaker's state of each endpoint class called so far.
    pub fn breakers(&self) -> Vec<(&'static str, State)> {
        let endpoints = self.0.endpoints.read();
        let mut states: Vec<_> =
            endpoints.values().map(|endpoint| (endpoint.class, endpoint.state())).collect();
        states.sort_unstable_by_key(|(class, _)| *class);
        states
    }

    /// When a call of this class can pass at the earliest, as far as breaker and limits are known; `None` means now.
    pub fn held_until(&self, class: &'static str) -> Option<Instant> {
        let now = Instant::now();
        self.0.endpoint(class).held_until(now).max(self.0.throttle.held_until(class, now))
    }

    /// Makes a call, with as many attempts as the target's policy allows before the deadline.
    ///
    /// # Errors
    /// [`CallError`] for every answer that does not mean success, and when there was none.
    pub async fn call(
        &self,
        class: &'static str,
        request: &Request,
        deadline: Instant,
    ) -> Result<Response, CallError> {
        let started = Instant::now();
        let endpoint = self.0.endpoint(class);
        endpoint.pay_in();
        let result = Call::new(&self.0, endpoint, request, deadline).run().await;
        let outcome = result.as_ref().map_or_else(|error| error.kind.as_str(), |_| "ok");
        metrics::call(&self.0.target.name, class, outcome, started.elapsed());
        result
    }
}

// === impl Inner ===

impl Inner {
    fn endpoint(&self, class: &'static str) -> Arc<Endpoint> {
        if let Some(endpoint) = self.endpoints.read().get(class) {
            return Arc::clone(endpoint);
        }
        let mut endpoints = self.endpoints.write();
        let make = || Arc::new(Endpoint::new(class, &self.target, self.events.clone(), Instant::now()));
        Arc::clone(endpoints.entry(class).or_insert_with(make))
    }

    /// Where to call: the issuer of the token may say (Salesforce). It is believed only where TLS protects
    /// what it said, so that nothing leaves a loopback set-up.
    fn base_url<'a>(&'a self, token: Option<&'a Token>) -> &'a str {
        let configured = self.target.base_url.trim_end_matches('/');
        match token.and_then(|token| token.instance_url.as_deref()) {
            Some(told) if told.starts_with("https://") && configured.starts_with("https://") => told,
            _ => configured,
        }
    }

    fn authorization(&self, token: Option<&Token>) -> Option<HeaderValue> {
        use base64::Engine;
        let text = match (&self.target.credentials, token) {
            (Credentials::Basic { username, password }, _) => {
                let pair = format!("{username}:{}", password.expose_secret());
                format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
            }
            (_, Some(token)) => format!("Bearer {}", token.secret.expose_secret()),
            (_, None) => return None,
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Puts a request together.
    pub(crate) fn build(&self, request: &Request, token: Option<&Token>) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.base_url(token), request.path);
        let mut builder =
            self.client.request(request.method.clone(), url).header("accept", "application/json");
        if let Some(value) = self.authorization(token) {
            builder = builder.header(AUTHORIZATION, value);
        }
        if let Some(traceparent) = &request.traceparent {
            builder = builder.header(HeaderName::from_static("traceparent"), traceparent);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        match &request.body {
            Some(body) => builder.json(body),
            None => builder,
        }
    }
}

// === impl Response ===

impl Response {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests;
