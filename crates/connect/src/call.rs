//! One call on its way through the stack: deadline, limiter, breaker, auth, attempt with timeout, classify,
//! retry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use trunkline_config::Credentials;
use trunkline_systems::System;

use crate::attempt_span::AttemptSpan;
use crate::authorization::Authorization;
use crate::breaker::Outcome;
use crate::classify::{Answer, Classified, Verdict};
use crate::connection::Connection;
use crate::endpoint::{Admission, Endpoint};
use crate::error::{CallError, CallErrorKind};
use crate::failure::Failure;
use crate::limiter::{Feedback, Pause};
use crate::metrics;
use crate::request::{Request, Response};
use crate::retry::{Cause, Effect, Progress, Then};
use crate::systems::{classify, connector};
use crate::throttle::Slot;
use crate::token::{Because, Token};
use crate::wire::{self, Fault, NoAnswer, RawAnswer};

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
    /// What the last attempt showed.
    shown: Option<Authorization>,
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
        Self { outbound, endpoint, request, started, deadline, progress, password_version: 0, shown: None }
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
            return Err(Failure::breaker_open(until.saturating_duration_since(now)));
        }
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let entered =
            self.outbound.throttle.enter(&self.endpoint.queue, self.endpoint.class, self.deadline).await;
        metrics::limiter_wait(&self.outbound.target.name, self.endpoint.class, now.elapsed());
        let slot = entered.map_err(|blocked| {
            metrics::limiter_refusal(&self.outbound.target.name, self.endpoint.class);
            let retry_after = blocked.until.map(left);
            let kind = CallErrorKind::RateLimited { retry_after };
            Failure::final_(kind, "the quota is used up for longer than the caller can wait")
        })?;
        let admission =
            self.endpoint.admit().map_err(|refused| Failure::breaker_open(left(refused.retry_at)))?;
        let token = match &self.outbound.tokens {
            Some(tokens) => Some(tokens.token(self.deadline).await.map_err(Failure::no_token)?),
            None => {
                self.outbound
                    .admit_password(Instant::now())
                    .map_err(|until| Failure::password_held(left(until)))?;
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
        self.progress.attempts += 1;
        let span = AttemptSpan::begin(target, self.endpoint.class, self.request, self.progress.attempts);
        self.shown = self.outbound.authorization(token.as_ref());
        let request =
            self.outbound.build(self.request, token.as_ref(), self.shown.as_ref(), span.traceparent());
        slot.spend();
        let exchange = wire::exchange(request, target.answer_limit_bytes);
        let exchange = tokio::time::timeout(allowed, exchange).await;
        let took = began.elapsed();
        let status = match &exchange {
            Ok(Ok(answer)) => answer.status,
            Ok(Err(NoAnswer { fault: Fault::TooLong { status }, .. })) => *status,
            _ => 0,
        };
        metrics::attempt(&target.name, self.endpoint.class, status, took);
        let came_to = match exchange {
            Ok(Ok(answer)) => self.classify(answer, slot, admission, took, token.as_ref()),
            Ok(Err(no_answer)) => Err(self.unreadable(no_answer, admission, took)),
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
        };
        span.end(status, came_to.as_ref().map_or_else(|failure| failure.kind.as_str(), |_| "ok"));
        came_to
    }

    /// No answer came that could be read.
    fn unreadable(&mut self, no_answer: NoAnswer, admission: Admission, took: Duration) -> Failure {
        let NoAnswer { fault, message } = no_answer;
        let (kind, outcome, cause) = match fault {
            Fault::Unreached => {
                (CallErrorKind::Unavailable, Outcome::Failure, Cause::Unavailable(Effect::None))
            }
            Fault::Lost => {
                (CallErrorKind::Unavailable, Outcome::Failure, Cause::Unavailable(Effect::Unknown))
            }
            Fault::Untrusted => {
                (CallErrorKind::UnusableAnswer, Outcome::Failure, Cause::Unavailable(Effect::None))
            }
            // The next answer is as long; those about others are not, so the endpoint stays open for them.
            Fault::TooLong { .. } => {
                self.progress.sent = true;
                (CallErrorKind::UnusableAnswer, Outcome::Success, Cause::Final)
            }
        };
        admission.record(outcome, took);
        let status = match fault {
            Fault::TooLong { status } => Some(status),
            _ => None,
        };
        Failure { kind, status, code: None, message, cause }
    }

    fn classify(
        &self,
        answer: RawAnswer,
        slot: Slot,
        admission: Admission,
        took: Duration,
        token: Option<&Token>,
    ) -> Result<RawAnswer, Failure> {
        if let Some(message) = wire::astray(&answer, self.request.understands_json()) {
            admission.record(Outcome::Failure, took);
            let cause = Cause::Unavailable(Effect::Ended);
            let (kind, status) = (CallErrorKind::UnusableAnswer, Some(answer.status));
            return Err(Failure { kind, status, code: None, message, cause });
        }
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
        let masked = |text| match &self.shown {
            Some(shown) => shown.masked(text),
            None => text,
        };
        let (message, code) = (masked(message), classified.code.map(masked));
        Failure { kind, status: Some(status), code, message, cause }
    }

    fn refused_login(&self, status: u16, token: Option<&Token>) -> (CallErrorKind, Cause) {
        let (Some(tokens), Some(token)) = (&self.outbound.tokens, token) else {
            // A password does not get better by trying; where nothing is shown, nothing was refused but this call.
            if status == 401 && !matches!(self.outbound.target.credentials, Credentials::None) {
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
