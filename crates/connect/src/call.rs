//! One call on its way through the stack: deadline, limiter, breaker, auth, attempt with timeout, classify,
//! retry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use trunkline_config::ExposeSecret;
use trunkline_systems::System;

use crate::breaker::Outcome;
use crate::classify::{Answer, Classified, Verdict};
use crate::connection::Connection;
use crate::endpoint::{Admission, Endpoint};
use crate::error::{CallError, CallErrorKind};
use crate::limiter::{Feedback, Pause};
use crate::metrics;
use crate::request::{Request, Response};
use crate::retry::{Cause, Effect, Progress, Then};
use crate::systems::{classify, connector};
use crate::throttle::Slot;
use crate::token::{Because, Token};
use crate::token_manager::NoToken;
use crate::wire::{self, NoAnswer, RawAnswer};

/// The pause after a rate limit whose answer gives no time.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

/// One call under way.
pub(crate) struct Call<'a> {
    outbound: &'a Connection,
    endpoint: Arc<Endpoint>,
    request: &'a Request,
    started: Instant,
    deadline: Instant,
    progress: Progress,
    /// Of the password that the last attempt sent.
    password_version: u64,
}

/// A failed attempt, and what decides whether there is another.
struct Failure {
    kind: CallErrorKind,
    status: Option<u16>,
    code: Option<String>,
    message: String,
    cause: Cause,
}

// === impl Call ===

impl<'a> Call<'a> {
    pub(crate) fn new(
        outbound: &'a Connection,
        endpoint: Arc<Endpoint>,
        request: &'a Request,
        deadline: Instant,
    ) -> Self {
        let (started, progress) = (Instant::now(), Progress::default());
        Self { outbound, endpoint, request, started, deadline, progress, password_version: 0 }
    }

    /// Makes attempts until one succeeds, another makes no sense, or the deadline is too near for one.
    pub(crate) async fn run(mut self) -> Result<Response, CallError> {
        let mut last: Option<Failure> = None;
        loop {
            let mut failure = match self.attempt(last.take()).await {
                Ok(answer) => {
                    return Ok(Response {
                        status: answer.status,
                        headers: answer.headers,
                        body: answer.body,
                        attempts: self.progress.attempts,
                    });
                }
                Err(failure) => failure,
            };
            match self.decide(&mut failure) {
                Then::Again { wait, .. } => tokio::time::sleep(wait).await,
                Then::GiveUp => return Err(self.error(failure)),
            }
            metrics::retry(&self.outbound.target.name, self.endpoint.class);
            last = Some(failure);
        }
    }

    /// What follows a failed attempt. A wait that would end after the deadline is not begun.
    fn decide(&mut self, failure: &mut Failure) -> Then {
        let retry = &self.outbound.target.retry;
        let then = self.progress.after(failure.cause, self.request.repeat, retry, rand::random());
        let Then::Again { wait, budgeted } = then else { return Then::GiveUp };
        let paused = match failure.kind {
            CallErrorKind::RateLimited { retry_after } => retry_after.unwrap_or(DEFAULT_PAUSE),
            _ => Duration::ZERO,
        };
        let held = wait.max(paused);
        if Instant::now() + held >= self.deadline {
            failure.and(&format!(
                "the next attempt, in {} ms, would come after the caller's deadline",
                held.as_millis()
            ));
            return Then::GiveUp;
        }
        if budgeted && !self.endpoint.take_retry() { Then::GiveUp } else { then }
    }

    /// One attempt through the whole stack. When it does not come to one, the attempt before it tells more, and
    /// why it was the last one is added.
    async fn attempt(&mut self, last: Option<Failure>) -> Result<RawAnswer, Failure> {
        match self.pass().await {
            Ok((slot, admission, token)) => self.send(slot, admission, token).await,
            Err(refused) => Err(match last {
                Some(mut last) => {
                    last.and(&refused.message);
                    let none_is_accepted = matches!(refused.kind, CallErrorKind::TokensRefused { .. });
                    let kind = if none_is_accepted { refused.kind } else { last.kind };
                    Failure { cause: Cause::Final, kind, ..last }
                }
                None => refused,
            }),
        }
    }

    /// Deadline, limiter, breaker, auth.
    async fn pass(&self) -> Result<(Slot, Admission, Option<Token>), Failure> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(Failure::final_(
                CallErrorKind::DeadlineExceeded,
                "the caller's time was over before the call",
            ));
        }
        // Nobody waits for his quota only to find the breaker open.
        if let Some(until) = self.endpoint.held_until(now) {
            return Err(Failure::breaker_open(until));
        }
        let entered =
            self.outbound.throttle.enter(&self.endpoint.queue, self.endpoint.class, self.deadline).await;
        metrics::limiter_wait(&self.outbound.target.name, self.endpoint.class, now.elapsed());
        let slot = entered.map_err(|blocked| {
            metrics::limiter_refusal(&self.outbound.target.name, self.endpoint.class);
            let retry_after = blocked.until.map(|until| until.saturating_duration_since(Instant::now()));
            let kind = CallErrorKind::RateLimited { retry_after };
            Failure::final_(kind, "the quota is used up for longer than the caller can wait")
        })?;
        let admission = self.endpoint.admit().map_err(|refused| Failure::breaker_open(refused.retry_at))?;
        let token = match &self.outbound.tokens {
            Some(tokens) => Some(tokens.token(self.deadline).await.map_err(Failure::no_token)?),
            None => {
                self.outbound.admit_password(Instant::now()).map_err(Failure::password_held)?;
                None
            }
        };
        Ok((slot, admission, token))
    }

    /// Attempt with timeout, classify.
    async fn send(
        &mut self,
        mut slot: Slot,
        admission: Admission,
        token: Option<Token>,
    ) -> Result<RawAnswer, Failure> {
        let target = &self.outbound.target;
        let began = Instant::now();
        let allowed = target.timeout.min(self.deadline.saturating_duration_since(began));
        self.password_version = self.outbound.password_version();
        let request = self.outbound.build(self.request, token.as_ref());
        slot.spend();
        self.progress.attempts += 1;
        let exchange = tokio::time::timeout(allowed, wire::exchange(request)).await;
        let took = began.elapsed();
        let status = match &exchange {
            Ok(Ok(answer)) => answer.status,
            _ => 0,
        };
        metrics::attempt(&target.name, self.endpoint.class, status, took);
        match exchange {
            Ok(Ok(answer)) => self.classify(answer, slot, admission, took, token.as_ref()),
            Ok(Err(NoAnswer { reached, message })) => {
                admission.record(Outcome::Failure, took);
                let effect = if reached { Effect::Unknown } else { Effect::None };
                let cause = Cause::Unavailable(effect);
                Err(Failure { kind: CallErrorKind::Unavailable, status: None, code: None, message, cause })
            }
            Err(_elapsed) if allowed < target.timeout => {
                // Cut off by the caller, not by the policy: a fault of the endpoint only if it had most of
                // the time.
                let half = (self.deadline - self.started) / 2;
                let outcome = if took >= half { Outcome::Failure } else { Outcome::Neutral };
                admission.record(outcome, took);
                Err(Failure::unanswered(CallErrorKind::DeadlineExceeded, took))
            }
            Err(_elapsed) => {
                admission.record(Outcome::Failure, took);
                Err(Failure::unanswered(CallErrorKind::Timeout, took))
            }
        }
    }

    fn classify(
        &self,
        answer: RawAnswer,
        slot: Slot,
        admission: Admission,
        took: Duration,
        token: Option<&Token>,
    ) -> Result<RawAnswer, Failure> {
        let system = self.outbound.target.system;
        let view = Answer {
            status: answer.status,
            headers: &answer.headers,
            body: &answer.body,
            now_unix: wire::unix_seconds(),
        };
        let classified = classify(system, &view);
        if let Some(feedback) = stated_limits(system, &answer.headers, classified.verdict) {
            slot.answered(feedback);
        }
        admission.record(classified.verdict.health(), took);
        if lets_in(classified.verdict) {
            match (&self.outbound.tokens, token) {
                (Some(tokens), Some(token)) => tokens.accepted(token),
                _ => self.outbound.password_was_refused(self.password_version, false),
            }
        }
        if classified.verdict == Verdict::Success {
            return Ok(answer);
        }
        Err(self.failure(answer.status, classified, token))
    }

    fn failure(&self, status: u16, classified: Classified, token: Option<&Token>) -> Failure {
        let (kind, cause) = match classified.verdict {
            Verdict::Unauthorized => self.refused_login(status, token),
            Verdict::RateLimited { retry_after, .. } => {
                (CallErrorKind::RateLimited { retry_after }, Cause::RateLimited)
            }
            Verdict::NotFound => (CallErrorKind::NotFound, Cause::Final),
            Verdict::Conflict => (CallErrorKind::Conflict, Cause::Final),
            Verdict::Locked => (CallErrorKind::Conflict, Cause::Locked),
            // A success never comes here; were it to, it would not be repeated.
            Verdict::Rejected | Verdict::Success => (CallErrorKind::Rejected, Cause::Final),
            Verdict::Unavailable => (CallErrorKind::Unavailable, Cause::Unavailable(effect_of(status))),
        };
        let message = classified.message.unwrap_or_else(|| format!("answered {status}"));
        // A system may echo what it was sent.
        let message = match token {
            Some(token) => message.replace(token.secret.expose_secret(), "***"),
            None => message,
        };
        Failure { kind, status: Some(status), code: classified.code, message, cause }
    }

    fn refused_login(&self, status: u16, token: Option<&Token>) -> (CallErrorKind, Cause) {
        let (Some(tokens), Some(token)) = (&self.outbound.tokens, token) else {
            // A password does not get better by trying.
            if status == 401 {
                self.outbound.password_was_refused(self.password_version, true);
                if self.outbound.password_version() != self.password_version {
                    // It has changed while the call was under way: the next attempt shows the new one.
                    return (CallErrorKind::Unauthorized, Cause::Token(Duration::ZERO));
                }
            }
            return (CallErrorKind::Unauthorized, Cause::Final);
        };
        let Some(hold) = tokens.refused(token) else {
            return (CallErrorKind::Unauthorized, Cause::Token(Duration::ZERO));
        };
        let wait = hold.until.saturating_duration_since(Instant::now());
        let kind = match hold.because {
            Because::NoneIsAccepted => CallErrorKind::TokensRefused { retry_after: Some(wait) },
            Because::NoneIsIssued => CallErrorKind::Unauthorized,
        };
        (kind, Cause::Token(wait))
    }

    fn error(&self, failure: Failure) -> CallError {
        let kind = match failure.cause {
            Cause::Token(wait) if self.progress.tokens_are_used_up() => {
                CallErrorKind::TokensRefused { retry_after: Some(wait).filter(|wait| !wait.is_zero()) }
            }
            _ => failure.kind,
        };
        CallError {
            kind,
            target: self.outbound.target.name.clone(),
            status: failure.status,
            code: failure.code,
            message: failure.message,
            attempts: self.progress.attempts,
            sent: self.progress.sent,
        }
    }
}

/// Whether an answer says that the token was accepted: who limits or cannot answer may not have looked at it.
fn lets_in(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Success | Verdict::NotFound | Verdict::Conflict | Verdict::Locked | Verdict::Rejected => {
            true
        }
        Verdict::Unauthorized | Verdict::RateLimited { .. } | Verdict::Unavailable => false,
    }
}

/// What is known of the effect of a request that was answered so: a gateway that gives up waiting does not
/// stop what is behind it.
fn effect_of(status: u16) -> Effect {
    if matches!(status, 408 | 502 | 504) { Effect::Unknown } else { Effect::Ended }
}

/// What an answer says about limits, by its headers and by its meaning. `None` when it cannot say anything: who
/// refuses a token does not know whose limits to look at, and who cannot answer may not have looked.
fn stated_limits(system: System, headers: &HeaderMap, verdict: Verdict) -> Option<Feedback> {
    let mut feedback = (connector(system).feedback)(headers);
    match verdict {
        Verdict::Unauthorized => return None,
        Verdict::Unavailable if feedback == Feedback::default() => return None,
        Verdict::RateLimited { retry_after, whole_credential } => {
            feedback.pause = Some(Pause { lasts: retry_after.unwrap_or(DEFAULT_PAUSE), whole_credential });
        }
        _ => {}
    }
    Some(feedback)
}

// === impl Failure ===

impl Failure {
    /// Adds to its message what came of it.
    fn and(&mut self, more: &str) {
        self.message = format!("{}; {more}", self.message);
    }

    fn final_(kind: CallErrorKind, message: &str) -> Self {
        Self { kind, status: None, code: None, message: message.to_owned(), cause: Cause::Final }
    }

    fn breaker_open(until: Instant) -> Self {
        let retry_after = until.saturating_duration_since(Instant::now());
        let kind = CallErrorKind::BreakerOpen { retry_after };
        Self::final_(kind, "too many calls failed; the system is left alone for a while")
    }

    fn password_held(until: Instant) -> Self {
        let seconds = until.saturating_duration_since(Instant::now()).as_secs();
        let message = format!(
            "its password was refused and is not sent again for {seconds} s, so that the system does not lock the user"
        );
        Self::final_(CallErrorKind::Unauthorized, &message)
    }

    fn unanswered(kind: CallErrorKind, took: Duration) -> Self {
        let message = format!("no answer within {} ms", took.as_millis());
        Self { kind, status: None, code: None, message, cause: Cause::Unavailable(Effect::Unknown) }
    }

    fn no_token(no_token: NoToken) -> Self {
        match no_token {
            NoToken::DeadlineExceeded => Self::final_(
                CallErrorKind::DeadlineExceeded,
                "the caller's time was over before a token came",
            ),
            NoToken::NoneIsAccepted(wait) => {
                let message = format!(
                    "the system refuses every new token; the next one is fetched in {} ms; check what its client may do",
                    wait.as_millis()
                );
                Self::final_(CallErrorKind::TokensRefused { retry_after: Some(wait) }, &message)
            }
            NoToken::Unavailable(refusal) => {
                let refused =
                    refusal.status.is_some_and(|status| (400..500).contains(&status) && status != 429);
                let kind = if refused { CallErrorKind::Unauthorized } else { CallErrorKind::Unavailable };
                Self { status: refusal.status, code: refusal.code, ..Self::final_(kind, &refusal.message) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::testing::headers;

    #[test]
    fn a_refused_token_and_a_system_that_cannot_answer_say_nothing_of_limits() {
        let used_up = headers(&[("sforce-limit-info", "api-usage=100000/100000")]);
        let stated = |headers: &HeaderMap, verdict| stated_limits(System::Salesforce, headers, verdict);
        assert_eq!(stated(&used_up, Verdict::Unauthorized), None, "the session is nobody's");
        assert_eq!(stated(&HeaderMap::new(), Verdict::Unavailable), None);
        for verdict in [Verdict::Success, Verdict::Rejected, Verdict::Unavailable] {
            let remaining = stated(&used_up, verdict).and_then(|stated| stated.remaining);
            assert_eq!(remaining.map(|remaining| remaining.calls), Some(0), "{verdict:?}");
        }
        let limited = Verdict::RateLimited { retry_after: None, whole_credential: true };
        let pause = stated(&HeaderMap::new(), limited).and_then(|stated| stated.pause);
        assert_eq!(pause, Some(Pause { lasts: DEFAULT_PAUSE, whole_credential: true }));
    }
}
