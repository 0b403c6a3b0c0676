//! The token of one credential at work: one request for it at a time, however many callers wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::event::{Event, Events};
use crate::login_refused::{LoginRefused, RefusedBy};
use crate::metrics::{self, TokenOutcome};
use crate::token::{Because, Failed, Hold, Next, Refused, Terms, Token, TokenState};
use crate::token_endpoint::{Refusal, TokenEndpoint};

/// Keeps a token fresh.
#[derive(Debug, Clone)]
pub(crate) struct TokenManager(Arc<Inner>);

/// No token could be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoToken {
    /// The caller's time was over before the refresh in flight ended.
    DeadlineExceeded,
    /// The token endpoint refused or did not answer, and is left alone for longer than the caller can wait.
    Unavailable(Refusal),
    /// The system refuses whatever the token endpoint issues; the next token is fetched after this long.
    NoneIsAccepted(Duration),
}

#[derive(Debug)]
struct Inner {
    target: String,
    endpoint: TokenEndpoint,
    state: Mutex<TokenState>,
    /// Of the secrets that the state knows to be refused, or not.
    secrets_version: AtomicU64,
    last_refusal: Mutex<Option<Refusal>>,
    /// Counts the attempts of refreshes that ended; those who wait look at the state again.
    ended: watch::Sender<u64>,
    events: Events,
    refused_by_issuer: LoginRefused,
    refused_by_system: LoginRefused,
}

/// A question about a token; it ends when it is dropped, so that nobody waits for an answer that does not come.
struct Question {
    inner: Arc<Inner>,
    generation: u64,
    active: Option<bool>,
}

/// Ends a refresh as failed when it is dropped before its end, so that nobody waits for one that nobody
/// makes.
struct Unfinished(Option<Arc<Inner>>);

// === impl TokenManager ===

impl TokenManager {
    /// A manager of what this endpoint gives for the target of that name.
    pub(crate) fn new(target: String, endpoint: TokenEndpoint, terms: Terms, events: Events) -> Self {
        let [refused_by_issuer, refused_by_system] =
            [RefusedBy::Issuer, RefusedBy::System].map(|by| LoginRefused::new(&target, by));
        Self(Arc::new(Inner {
            refused_by_issuer,
            refused_by_system,
            target,
            secrets_version: AtomicU64::new(endpoint.secrets_version()),
            endpoint,
            state: Mutex::new(TokenState::new(terms)),
            last_refusal: Mutex::new(None),
            ended: watch::Sender::new(0),
            events,
        }))
    }

    /// A token to use now; waits at most until the deadline, and not at all where none can come by then.
    pub(crate) async fn token(&self, deadline: Instant) -> Result<Token, NoToken> {
        // Subscribed before the first look, so that no end of a refresh is missed.
        let mut ended = self.0.ended.subscribe();
        loop {
            match self.ask() {
                Next::Use(token) | Next::UseAndRefresh(token) => {
                    metrics::token_used(&self.0.target, &token, Instant::now());
                    return Ok(token);
                }
                Next::Unavailable(Hold { because: Because::NoneIsIssued, .. }) => {
                    return Err(self.unavailable());
                }
                Next::Unavailable(Hold { because: Because::NoneIsAccepted, until }) => {
                    return Err(NoToken::NoneIsAccepted(until.saturating_duration_since(Instant::now())));
                }
                Next::Wait(Some(next_attempt)) if next_attempt >= deadline => return Err(self.unavailable()),
                Next::Refresh(_) | Next::Introspect(_) | Next::Wait(_) => {}
            }
            match tokio::time::timeout_at(deadline.into(), ended.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(NoToken::DeadlineExceeded),
            }
        }
    }

    /// Begins to fetch a token, where there is none yet; nobody waits for it.
    pub(crate) fn fetch(&self) {
        self.ask();
    }

    /// A call with this token was answered 401: a new one is on its way, or none is fetched for a while.
    pub(crate) fn refused(&self, token: &Token) -> Option<Hold> {
        let refused = self.0.state.lock().refused(token.generation, Instant::now(), rand::random());
        self.0.tell(refused);
        match self.ask() {
            Next::Unavailable(hold) => Some(hold),
            _ => None,
        }
    }

    /// A call with this token was let in.
    pub(crate) fn accepted(&self, token: &Token) {
        self.0.refused_by_system.set(false);
        if self.0.state.lock().accepted(token.generation) {
            self.0.events.publish(Event::TokenRevoked { target: self.0.target.clone() });
        }
    }

    /// Until when there is no token and none is fetched.
    pub(crate) fn held_until(&self, now: Instant) -> Option<Instant> {
        self.0.look_at_secrets();
        self.0.state.lock().held_until(now)
    }

    /// Looks at the state, and starts the refresh it asks for.
    fn ask(&self) -> Next {
        self.0.look_at_secrets();
        let next = self.0.state.lock().next(Instant::now());
        match &next {
            Next::Refresh(begins) => {
                tokio::spawn(refresh(Arc::clone(&self.0), *begins));
            }
            Next::UseAndRefresh(_) => {
                tokio::spawn(refresh(Arc::clone(&self.0), None));
            }
            Next::Introspect(token) => {
                tokio::spawn(introspect(Arc::clone(&self.0), token.clone()));
            }
            Next::Use(_) | Next::Wait(_) | Next::Unavailable(_) => {}
        }
        next
    }

    fn unavailable(&self) -> NoToken {
        let last_refusal = self.0.last_refusal.lock().clone();
        NoToken::Unavailable(last_refusal.unwrap_or(Refusal {
            status: None,
            code: None,
            message: "no token comes before the caller's time is over".to_owned(),
            issued: false,
        }))
    }
}

// === impl Inner ===

impl Inner {
    /// Ends what was decided because of a secret that has changed since.
    fn look_at_secrets(&self) {
        let version = self.endpoint.secrets_version();
        if self.secrets_version.swap(version, Ordering::AcqRel) != version {
            self.state.lock().secret_changed();
        }
    }

    /// Tells what the refusal of a token means, where that is news.
    fn tell(&self, refused: Refused) {
        match refused {
            Refused::Known => {}
            Refused::Ended => {
                tracing::info!(target_name = self.target, "a token was refused before its time")
            }
            Refused::NewToo => {
                self.refused_by_system.set(true);
                self.events.publish(Event::NewTokenRefused { target: self.target.clone() });
            }
            Refused::Again => tracing::debug!(target_name = self.target, "another new token was refused"),
            Refused::Doubtful => {
                self.events.publish(Event::IntrospectionUseless { target: self.target.clone() });
            }
        }
    }
}

/// Asks the issuer about a token. Runs as a task of its own: a caller that gives up does not stop it for the others.
async fn introspect(inner: Arc<Inner>, token: Token) {
    let mut question = Question { inner, generation: token.generation, active: None };
    match question.inner.endpoint.is_active(&token.secret).await {
        Ok(active) => question.active = Some(active),
        Err(Refusal { status, code, message, .. }) => {
            let target_name = &question.inner.target;
            tracing::warn!(target_name, status, code, "{message}; the token is used unasked");
        }
    }
}

/// Asks the token endpoint until it grants, or for the last time. Runs as a task of its own: a caller that
/// gives up does not stop it for the others.
async fn refresh(inner: Arc<Inner>, begins: Option<Instant>) {
    let mut unfinished = Unfinished(Some(Arc::clone(&inner)));
    if let Some(begins) = begins {
        tokio::time::sleep_until(begins.into()).await;
    }
    let outage = loop {
        let asked = Instant::now();
        match inner.endpoint.fetch(asked).await {
            Ok(grant) => {
                metrics::token_refresh(&inner.target, TokenOutcome::Granted);
                let token = inner.state.lock().granted(grant, asked);
                metrics::token_issued(&inner.target, &token, Instant::now());
                inner.events.publish(Event::TokenIssued { target: inner.target.clone() });
                *inner.last_refusal.lock() = None;
                inner.refused_by_issuer.set(false);
                break None;
            }
            Err(refusal) => {
                metrics::token_refresh(&inner.target, TokenOutcome::Refused);
                tracing::debug!(target_name = inner.target, status = refusal.status, "{}", refusal.message);
                // Before the state says so: whoever looks at the state finds the reason.
                *inner.last_refusal.lock() = Some(refusal.clone());
                let failed = inner.state.lock().attempt_failed(Instant::now(), rand::random());
                match failed {
                    Failed::AgainAt(next_attempt) => {
                        inner.ended.send_modify(|ended| *ended += 1);
                        tokio::time::sleep_until(next_attempt.into()).await;
                    }
                    Failed::ForNow { is_news } => {
                        inner.refused_by_issuer.set(refusal.is_of_login());
                        break is_news.then_some(refusal);
                    }
                }
            }
        }
    };
    unfinished.0 = None;
    inner.ended.send_modify(|ended| *ended += 1);
    if let Some(refusal) = outage {
        let (target, reason) = (inner.target.clone(), refusal.told());
        let Refusal { status, code, .. } = refusal;
        inner.events.publish(Event::TokenRefused { target, status, code, reason });
    }
}

// === impl Question ===

impl Drop for Question {
    fn drop(&mut self) {
        let (generation, active) = (self.generation, self.active);
        let refused =
            self.inner.state.lock().introspected(generation, active, Instant::now(), rand::random());
        self.inner.tell(refused);
        self.inner.ended.send_modify(|ended| *ended += 1);
    }
}

// === impl Unfinished ===

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(inner) = self.0.take() {
            inner.state.lock().failed(Instant::now(), rand::random());
            inner.ended.send_modify(|ended| *ended += 1);
        }
    }
}

#[cfg(test)]
mod tests;
