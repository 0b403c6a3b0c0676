//! Takes steps at targets: the asynchronous edge between the lanes and the outside world.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Instrument;
use trunkline_config::Target;
use trunkline_connect::{CallError, CallErrorKind, Directory, breaker, writes};

use crate::answer::{Answer, Failure, FailureKind, Health};
use crate::command::Command;
use crate::decision::Step;
use crate::lanes::{Input, Serial};
use crate::ports::TargetCalls;

/// Starts calls on the runtime and hands their answers to the worker.
///
/// The channel has no bound of its own: every call gives one answer, and the lanes bound the calls.
pub struct Caller {
    runtime: Handle,
    directory: Directory,
    targets: Vec<Arc<Target>>,
    sender: mpsc::Sender<Input>,
    answers: mpsc::Receiver<Input>,
    under_way: HashMap<Serial, AbortHandle>,
}

/// What one call needs.
struct Call {
    directory: Directory,
    target: Arc<Target>,
    command: Arc<Command>,
    step: Step,
}

// === impl Caller ===

impl Caller {
    /// A caller for these targets, in the order of their [`crate::command::TargetIndex`].
    pub fn new(runtime: Handle, directory: Directory, targets: Vec<Arc<Target>>) -> Self {
        let (sender, answers) = mpsc::channel();
        Self { runtime, directory, targets, sender, answers, under_way: HashMap::new() }
    }
}

impl TargetCalls for Caller {
    fn start(&mut self, serial: Serial, command: Arc<Command>, step: Step) {
        let Some(target) = self.targets.get(command.target).cloned() else { return };
        let span = command.issued.span.clone();
        let call = Call { directory: self.directory.clone(), target, command, step };
        let answers = self.sender.clone();
        let task = async move {
            let (answer, attempts) = AssertUnwindSafe(call.run()).catch_unwind().await.unwrap_or_else(|_| {
                // The panic hook has logged it. The write may have been sent.
                let message = "the call panicked; this is a defect, see the log".to_owned();
                (Answer::Failed(failure(FailureKind::Unavailable, true, message)), 1)
            });
            let health = call.health();
            // The worker is gone only when the process stops.
            let _ = answers.send(Input::Answered { serial, answer, health, attempts });
        };
        self.under_way.insert(serial, self.runtime.spawn(task.instrument(span)).abort_handle());
    }

    fn answer(&mut self, wait: Duration) -> Option<Input> {
        // Without a wait the clock is not asked.
        let answer = match wait {
            Duration::ZERO => self.answers.try_recv().ok()?,
            wait => self.answers.recv_timeout(wait).ok()?,
        };
        if let Input::Answered { serial, .. } = &answer {
            self.under_way.remove(serial);
        }
        Some(answer)
    }

    fn cancel(&mut self, serial: Serial) {
        if let Some(task) = self.under_way.remove(&serial) {
            task.abort();
        }
    }
}

// === impl Call ===

impl Call {
    async fn run(&self) -> (Answer, u32) {
        let target = &self.target;
        let request = &self.command.request;
        let deadline = Instant::now() + patience(target);
        match self.step {
            Step::Write => match self.directory.apply(&target.name, request, deadline).await {
                Ok(applied) => (Answer::Written { status: applied.status }, applied.attempts),
                Err(error) => failed(&error),
            },
            Step::Read => match self.directory.current(&target.name, request, deadline).await {
                Ok(current) => {
                    let difference = writes::difference(request, &current);
                    if difference.is_empty() {
                        (Answer::Same, 1)
                    } else {
                        (Answer::Different { difference: difference.to_json() }, 1)
                    }
                }
                Err(error) => failed(&error),
            },
        }
    }

    /// Whether the endpoint can be called now. Short waits for the limiter do not count: calls wait in its line.
    fn health(&self) -> Health {
        let operation = self.command.request.operation;
        let class = match self.step {
            Step::Write => operation.write_class,
            Step::Read => operation.read_class,
        };
        let held_for = self
            .directory
            .outbound(&self.target.name)
            .and_then(|outbound| outbound.held_until(class))
            .map(|until| until.saturating_duration_since(Instant::now()));
        let breaker = self
            .directory
            .status()
            .into_iter()
            .find(|endpoint| endpoint.target == self.target.name && endpoint.class == class)
            .map_or(breaker::State::Closed, |endpoint| endpoint.breaker);
        let open = breaker == breaker::State::Open;
        match held_for {
            Some(held_for) if open || held_for > patience(&self.target) => {
                Health::Open { for_ms: milliseconds(held_for) }
            }
            _ if breaker == breaker::State::Closed => Health::Well,
            _ => Health::HalfOpen,
        }
    }
}

/// How long a call may take: room for the limiter and for one more attempt. What takes longer waits in Kafka, not here.
fn patience(target: &Target) -> Duration {
    target.timeout.saturating_mul(2)
}

/// A failed call in the words of the sink, and the attempts it made.
fn failed(error: &CallError) -> (Answer, u32) {
    let kind = match error.kind {
        CallErrorKind::Unauthorized | CallErrorKind::TokensRefused { .. } => FailureKind::Unauthorized,
        CallErrorKind::RateLimited { .. } => FailureKind::RateLimited,
        CallErrorKind::BreakerOpen { .. } => FailureKind::BreakerOpen,
        CallErrorKind::Conflict => FailureKind::Conflict,
        CallErrorKind::Rejected | CallErrorKind::NotFound => FailureKind::Rejected,
        CallErrorKind::Unavailable | CallErrorKind::UnusableAnswer => FailureKind::Unavailable,
        CallErrorKind::Timeout | CallErrorKind::DeadlineExceeded => FailureKind::Timeout,
    };
    let failure = Failure {
        kind,
        sent: error.sent,
        status: error.status,
        code: error.code.clone().or_else(|| Some(error.trunkline_code().to_owned())),
        message: error.message.clone(),
        retry_after_ms: error.retry_after().map(milliseconds),
    };
    (Answer::Failed(failure), error.attempts)
}

fn failure(kind: FailureKind, sent: bool, message: String) -> Failure {
    Failure { kind, sent, status: None, code: None, message, retry_after_ms: None }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: CallErrorKind) -> CallError {
        CallError {
            kind,
            target: "crm".to_owned(),
            status: Some(400),
            code: None,
            message: "no".to_owned(),
            attempts: 3,
            sent: true,
        }
    }

    #[test]
    fn every_kind_of_failure_has_its_meaning() {
        let wait = Duration::from_millis(1_500);
        for (kind, expected, retry_after_ms) in [
            (CallErrorKind::Unauthorized, FailureKind::Unauthorized, None),
            (
                CallErrorKind::TokensRefused { retry_after: Some(wait) },
                FailureKind::Unauthorized,
                Some(1_500),
            ),
            (CallErrorKind::RateLimited { retry_after: Some(wait) }, FailureKind::RateLimited, Some(1_500)),
            (CallErrorKind::BreakerOpen { retry_after: wait }, FailureKind::BreakerOpen, Some(1_500)),
            (CallErrorKind::NotFound, FailureKind::Rejected, None),
            (CallErrorKind::Rejected, FailureKind::Rejected, None),
            (CallErrorKind::Conflict, FailureKind::Conflict, None),
            (CallErrorKind::Unavailable, FailureKind::Unavailable, None),
            (CallErrorKind::UnusableAnswer, FailureKind::Unavailable, None),
            (CallErrorKind::Timeout, FailureKind::Timeout, None),
            (CallErrorKind::DeadlineExceeded, FailureKind::Timeout, None),
        ] {
            let (Answer::Failed(failure), attempts) = failed(&error(kind)) else { panic!("{kind:?}") };
            assert_eq!((failure.kind, failure.retry_after_ms, attempts), (expected, retry_after_ms, 3));
            assert!(failure.sent);
        }
    }

    #[test]
    fn a_failure_without_a_code_of_the_targets_own_has_ours() {
        let (answer, _) = failed(&error(CallErrorKind::Rejected));
        assert!(matches!(answer, Answer::Failed(Failure { code: Some(code), .. }) if code == "TL-4004"));
    }
}
