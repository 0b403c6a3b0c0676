//! The connection to one target: what all its calls share, and how a request is put together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use reqwest::Client;
use reqwest::header::HeaderName;
use trunkline_config::{Credentials, Target};
use trunkline_http::Remade;
use trunkline_systems::Rate;

use crate::authorization::Authorization;
use crate::breaker::State;
use crate::endpoint::Endpoint;
use crate::event::{Event, Events};
use crate::login_refused::{LoginRefused, RefusedBy};
use crate::metrics;
use crate::password::Password;
use crate::request::Request;
use crate::throttle::Throttle;
use crate::token::{Terms, Token, WAITS};
use crate::token_endpoint::{NotSetUp, TokenEndpoint};
use crate::token_manager::TokenManager;
use crate::wire;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) target: Target,
    client: Remade<Client>,
    /// One for all classes: what a credential may be called is counted over all of them.
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) tokens: Option<TokenManager>,
    /// Of a login without tokens.
    password: Mutex<Password>,
    password_refused: Option<LoginRefused>,
    endpoints: RwLock<HashMap<&'static str, Arc<Endpoint>>>,
    events: Events,
}

// === impl Connection ===

impl Connection {
    /// Connects to a target (without I/O), at most at `rate`: this process's part of the target's quota.
    ///
    /// # Errors
    /// When no HTTP client can be made, for instance for want of certificate roots, or a private key cannot sign.
    pub(crate) fn new(target: Target, rate: Rate, events: Events) -> Result<Self, NotSetUp> {
        let https_only = target.base_url.starts_with("https://");
        let client = wire::remade_client(&target, https_only).map_err(NotSetUp::Client)?;
        let tokens = match &target.credentials {
            Credentials::Basic { .. } | Credentials::ApiKey { .. } | Credentials::None => None,
            Credentials::Token(login) => {
                let endpoint = TokenEndpoint::new(login, &target)?;
                let introspect_after = login.introspection.as_ref().map(|introspection| introspection.cache);
                let terms = Terms { grace: login.grace, life: login.life, waits: WAITS, introspect_after };
                Some(TokenManager::new(target.name.clone(), endpoint, terms, events.clone()))
            }
        };
        metrics::start(&target);
        let throttle = Throttle::new(rate);
        let password_refused = tokens.is_none().then(|| LoginRefused::new(&target.name, RefusedBy::System));
        let (password, endpoints) = (Mutex::default(), RwLock::default());
        Ok(Self { target, client, throttle, tokens, password, password_refused, endpoints, events })
    }

    /// The breaker's state of each endpoint class called so far.
    pub(crate) fn breakers(&self) -> Vec<(&'static str, State)> {
        let endpoints = self.endpoints.read();
        let mut states: Vec<_> =
            endpoints.values().map(|endpoint| (endpoint.class, endpoint.state())).collect();
        states.sort_unstable_by_key(|(class, _)| *class);
        states
    }

    /// The endpoint class of that name, made at its first call.
    pub(crate) fn endpoint(&self, class: &'static str) -> Arc<Endpoint> {
        if let Some(endpoint) = self.endpoints.read().get(class) {
            return Arc::clone(endpoint);
        }
        let mut endpoints = self.endpoints.write();
        let make = || Arc::new(Endpoint::new(class, &self.target, self.events.clone(), Instant::now()));
        Arc::clone(endpoints.entry(class).or_insert_with(make))
    }

    /// Whether a call without a token may send its password or key now.
    ///
    /// # Errors
    /// Until when none may: it was refused.
    pub(crate) fn admit_password(&self, now: Instant) -> Result<(), Instant> {
        self.password.lock().admit(self.password_version(), now)
    }

    /// Which of the passwords that the source had one after the other is the current one.
    pub(crate) fn password_version(&self) -> u64 {
        match &self.target.credentials {
            Credentials::Basic { password, .. } => password.version(),
            Credentials::ApiKey { key, .. } => key.version(),
            Credentials::Token(_) | Credentials::None => 0,
        }
    }

    /// A call without a token, with the password of this version, was let in or not.
    pub(crate) fn password_was_refused(&self, version: u64, refused: bool) {
        if let Some(known) = &self.password_refused {
            known.set(refused);
        }
        let mut password = self.password.lock();
        if !refused {
            password.accepted(version);
        } else if version == self.password_version()
            && password.refused(version, Instant::now(), rand::random())
        {
            self.events.publish(Event::PasswordRefused { target: self.target.name.clone() });
        }
    }

    /// Where to call: the issuer of the token may say, but never leads from or to TLS, so that nothing leaves a
    /// loopback set-up or goes past a proxy on this machine.
    fn base_url<'a>(&'a self, token: Option<&'a Token>) -> &'a str {
        let configured = self.target.base_url.trim_end_matches('/');
        let with_tls = |url: &str| url.starts_with("https://");
        let issued = token.and_then(|token| token.api_url.as_deref());
        issued.filter(|issued| with_tls(issued) == with_tls(configured)).unwrap_or(configured)
    }

    /// What an attempt shows now.
    pub(crate) fn authorization(&self, token: Option<&Token>) -> Option<Authorization> {
        match (&self.target.credentials, token) {
            (Credentials::Basic { username, password }, _) => {
                Some(Authorization::basic(username, &password.current()))
            }
            (Credentials::ApiKey { header, scheme, key }, _) => {
                Some(Authorization::api_key(header, scheme.as_deref(), &key.current()))
            }
            (_, Some(token)) => Some(Authorization::bearer(&token.secret)),
            (_, None) => None,
        }
    }

    /// Puts a request together; `traceparent` is that of its attempt.
    pub(crate) fn build(
        &self,
        request: &Request,
        token: Option<&Token>,
        authorization: Option<&Authorization>,
        traceparent: Option<&str>,
    ) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.base_url(token), request.path);
        let mut builder = self.client.current().request(request.method.clone(), url);
        if request.accepts().is_none() {
            builder = builder.header("accept", "application/json");
        }
        if let Some((name, value)) = authorization.and_then(Authorization::header) {
            builder = builder.header(name, value);
        }
        if let Some(traceparent) = traceparent {
            builder = builder.header(HeaderName::from_static("traceparent"), traceparent);
        }
        let is_own = |name: &str| request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        for (name, value) in self.target.headers.iter().filter(|(name, _)| !is_own(name)) {
            builder = builder.header(name, value);
        }
        for (name, value) in &request.headers {
            builder = builder.header(name.as_ref(), value);
        }
        match &request.body {
            Some(body) => builder.json(body),
            None => builder,
        }
    }
}
