//! Asking one system about one customer.

use std::time::Instant;

use reqwest::Method;
use serde_json::Value;
use trunkline_profiles::{ProfileData, ProfilePart};
use trunkline_schemas::SourceStatus;
use trunkline_systems::System;

use crate::encode::Unsafe;
use crate::error::{CallError, CallErrorKind};
use crate::lookup::{Answer, Ask, Depth, Found, Problem, ProfileKey, Step, Subject};
use crate::outbound::Outbound;
use crate::record::Unreadable;
use crate::request::Request;
use crate::retry::Repeat;
use crate::systems::connector;

/// Why a lookup gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The customer's key cannot be asked for.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    /// The answer is not what the system's interface or the mapping promises.
    #[error("{target}: the answer cannot be read: {what}")]
    Unreadable {
        /// Configured name of the target.
        target: String,
        /// What is wrong with the answer; it names fields, never their values.
        what: String,
    },
    /// Several records have the customer's number; none was chosen.
    #[error(
        "{target}: {count} records have this customer's number, and none is chosen; is the field in 'key' unique?"
    )]
    Ambiguous {
        /// Configured name of the target.
        target: String,
        /// How many, up to what is read.
        count: usize,
    },
    /// The mapping names no field to search by.
    #[error("{target}: no field to search a customer's {kind} by; [targets.{target}.profile] can name some")]
    NoSearchField {
        /// Configured name of the target.
        target: String,
        /// What is known of the customer, for instance `phone`.
        kind: &'static str,
    },
    /// The system does not know customers.
    #[error("{target}: {system} has no customer profiles")]
    NoProfiles {
        /// Configured name of the target.
        target: String,
        /// The system behind it.
        system: System,
    },
}

/// A question of a lookup, with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Path and query that were asked, under the target's base URL.
    pub path: String,
    /// The answer as JSON, or why there is none.
    pub answer: Result<Value, String>,
}

/// A lookup's question: who, until when, in which trace, and by whose clock.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) customer_id: &'a str,
    pub(crate) deadline: Instant,
    pub(crate) traceparent: Option<&'a str>,
    /// UTC milliseconds.
    pub(crate) now: &'a (dyn Fn() -> i64 + Sync),
}

/// Asks the system behind `outbound` for its part of a profile.
pub(crate) async fn ask(outbound: &Outbound, question: Question<'_>) -> ProfilePart {
    let began = Instant::now();
    let target = outbound.target();
    let key = ProfileKey::Number(question.customer_id.to_owned());
    let found =
        find(outbound, &key, Depth::Profile, question.deadline, question.traceparent, &mut |_| ()).await;
    let one = match found {
        Ok(Found::One(customer)) => Ok(Some(customer.data)),
        Ok(Found::None) => Ok(None),
        Ok(Found::Several(count)) => Err(LookupError::Ambiguous { target: target.name.clone(), count }),
        Err(error) => Err(error),
    };
    let (status, data) = match one {
        Ok(Some(data)) => (SourceStatus::Ok, data),
        Ok(None) => (SourceStatus::NotFound, ProfileData::default()),
        Err(error) => {
            tracing::debug!(target_name = target.name, "no profile: {error}");
            (error.status(), ProfileData::default())
        }
    };
    ProfilePart {
        system: target.system,
        status,
        fetched_at: matches!(status, SourceStatus::Ok | SourceStatus::NotFound).then(question.now),
        latency_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        data,
    }
}

/// Asks question after question, until it is known whom the key means. Each is shown to `seen` with its answer.
pub(crate) async fn find(
    outbound: &Outbound,
    key: &ProfileKey,
    depth: Depth,
    deadline: Instant,
    traceparent: Option<&str>,
    seen: &mut (dyn FnMut(Exchange) + Send),
) -> Result<Found, LookupError> {
    let target = outbound.target();
    let (Some(begin), Some(mapping)) = (connector(target.system).profile, &target.profile) else {
        return Err(LookupError::NoProfiles { target: target.name.clone(), system: target.system });
    };
    let problem = |problem| LookupError::of(problem, &target.name);
    let mut lookup = begin(Subject { target, mapping, key, depth });
    let mut step = lookup.next(Answer::Begin).map_err(problem)?;
    loop {
        let Ask { class, path } = match step {
            Step::Done(found) => return Ok(found),
            Step::Ask(ask) => ask,
        };
        let request = get(path, traceparent);
        let (answer, shown) = match outbound.call(class, &request, deadline).await {
            Ok(response) => {
                let body = response.json();
                (Some(body.clone()), Ok(body))
            }
            Err(error) if error.kind == CallErrorKind::NotFound => (None, Err(error.to_string())),
            Err(error) => {
                seen(Exchange { path: request.path, answer: Err(error.to_string()) });
                return Err(error.into());
            }
        };
        seen(Exchange { path: request.path, answer: shown });
        step = lookup.next(answer.as_ref().map_or(Answer::NotFound, Answer::Json)).map_err(problem)?;
    }
}

fn get(path: String, traceparent: Option<&str>) -> Request {
    Request {
        method: Method::GET,
        path,
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent: traceparent.map(str::to_owned),
    }
}

// === impl LookupError ===

impl LookupError {
    fn of(problem: Problem, target: &str) -> Self {
        let target = target.to_owned();
        match problem {
            Problem::Unsafe(error) => Self::Unsafe(error),
            Problem::Unreadable(Unreadable(what)) => Self::Unreadable { target, what },
            Problem::NoSearchField(kind) => Self::NoSearchField { target, kind },
        }
    }

    /// What it means for a source of a profile.
    pub fn status(&self) -> SourceStatus {
        let Self::Call(error) = self else { return SourceStatus::Error };
        match error.kind {
            CallErrorKind::Timeout | CallErrorKind::DeadlineExceeded => SourceStatus::Timeout,
            CallErrorKind::BreakerOpen { .. } | CallErrorKind::RateLimited { .. } => {
                SourceStatus::Unavailable
            }
            CallErrorKind::NotFound
            | CallErrorKind::Unauthorized
            | CallErrorKind::TokensRefused { .. }
            | CallErrorKind::Conflict
            | CallErrorKind::Rejected
            | CallErrorKind::Unavailable => SourceStatus::Error,
        }
    }
}
