//! The one policy stack of every outbound call: deadline, limiter, breaker, auth, attempt with timeout,
//! classify, retry.

use std::sync::Arc;
use std::time::Instant;

use trunkline_config::Target;
use trunkline_systems::Rate;

use crate::breaker::State;
use crate::call::Call;
use crate::connection::Connection;
use crate::error::CallError;
use crate::event::Events;
use crate::failure::Failure;
use crate::metrics;
use crate::request::{Request, Response};
use crate::token_endpoint::NotSetUp;

/// The connection to one target.
#[derive(Debug, Clone)]
pub struct Outbound(Arc<Connection>);

// === impl Outbound ===

impl Outbound {
    /// Connects to a target (without I/O), at most at `rate`: this process's part of the target's quota.
    ///
    /// # Errors
    /// When no HTTP client can be made, for instance for want of certificate roots, or a private key cannot sign.
    pub(crate) fn new(target: Target, rate: Rate, events: Events) -> Result<Self, NotSetUp> {
        Ok(Self(Arc::new(Connection::new(target, rate, events)?)))
    }

    /// Lets the calls of a predecessor that was killed a moment ago pass out of the target's quota.
    pub(crate) fn await_predecessor(&self) {
        self.0.throttle.start();
    }

    /// Begins to fetch a token, where the target takes one.
    pub(crate) fn fetch_token(&self) {
        if let Some(tokens) = &self.0.tokens {
            tokens.fetch();
        }
    }

    /// The target's settings.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// The breaker's state of each endpoint class called so far.
    pub fn breakers(&self) -> Vec<(&'static str, State)> {
        self.0.breakers()
    }

    /// When a call of this class can pass at the earliest, as far as breaker, limits and tokens are known; `None`
    /// means now.
    pub fn held_until(&self, class: &'static str) -> Option<Instant> {
        let now = Instant::now();
        let token = self.0.tokens.as_ref().and_then(|tokens| tokens.held_until(now));
        self.0.endpoint(class).held_until(now).max(self.0.throttle.held_until(class, now)).max(token)
    }

    /// Gets a token, where the login has tokens. Returns whether it has: another login shows itself only with a call.
    ///
    /// # Errors
    /// [`CallError`] where none is to be had.
    pub async fn log_in(&self, deadline: Instant) -> Result<bool, CallError> {
        let Some(tokens) = &self.0.tokens else { return Ok(false) };
        let Err(no_token) = tokens.token(deadline).await else { return Ok(true) };
        let Failure { kind, status, code, message, .. } = Failure::no_token(no_token);
        let target = self.0.target.name.clone();
        Err(CallError { kind, target, status, code, message, attempts: 0, sent: false })
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

#[cfg(test)]
mod tests;
