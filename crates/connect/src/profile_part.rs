//! Asking one system about one customer.

use std::time::Instant;

use reqwest::Method;
use serde_json::Value;
use trunkline_profiles::{ProfileData, ProfilePart};
use trunkline_schemas::SourceStatus;
use trunkline_systems::System;

use crate::correlation;
use crate::encode::Unsafe;
use crate::error::{CallError, CallErrorKind};
use crate::lookup::{Found, ProfileLookup, Unreadable};
use crate::outbound::Outbound;
use crate::request::Request;
use crate::retry::Repeat;
use crate::systems::connector;

/// Why a lookup gave nothing.
#[derive(Debug, thiserror::Error)]
enum LookupError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The customer id cannot be asked for.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    /// The answer is not what the system's interface promises.
    #[error("{system} answered something unexpected: {what}")]
    Unreadable {
        /// Which system.
        system: System,
        /// What is wrong with the answer.
        what: &'static str,
    },
}

/// A lookup's question: who, until when, in which trace, and by whose clock.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) customer_id: &'a str,
    pub(crate) deadline: Instant,
    pub(crate) traceparent: Option<&'a str>,
    /// The conversation that wants it.
    pub(crate) conversation: Option<&'a str>,
    /// UTC milliseconds.
    pub(crate) now: &'a (dyn Fn() -> i64 + Sync),
}

/// Asks the system behind `outbound`. `None` when it does not know the customer.
pub(crate) async fn ask(outbound: &Outbound, question: Question<'_>) -> ProfilePart {
    let began = Instant::now();
    let system = outbound.target().system;
    let (status, data) = match find(outbound, question).await {
        Ok(Some(data)) => (SourceStatus::Ok, data),
        Ok(None) => (SourceStatus::NotFound, ProfileData::default()),
        Err(error) => {
            tracing::debug!(target_name = outbound.target().name, "no profile: {error}");
            (error.status(), ProfileData::default())
        }
    };
    ProfilePart {
        system,
        status,
        fetched_at: matches!(status, SourceStatus::Ok | SourceStatus::NotFound).then(question.now),
        latency_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        data,
    }
}

/// Reads page after page, until the answer is complete.
async fn find(outbound: &Outbound, question: Question<'_>) -> Result<Option<ProfileData>, LookupError> {
    let target = outbound.target();
    let unreadable = |Unreadable(what)| LookupError::Unreadable { system: target.system, what };
    let (Some(lookup), Some(class)) =
        (&connector(target.system).profile, target.system.capabilities().profile_class)
    else {
        return Err(unreadable(Unreadable("it has no customer profiles")));
    };
    let ProfileLookup { path, read, not_found } = lookup;
    let mut path = path(question.customer_id)?;
    let mut pages: Vec<Value> = Vec::new();
    loop {
        let request = Request {
            method: Method::GET,
            path,
            headers: correlation::headers(question.conversation, None),
            body: None,
            repeat: Repeat::Always,
            traceparent: question.traceparent.map(str::to_owned),
        };
        match outbound.call(class, &request, question.deadline).await {
            Ok(response) => pages.push(response.json()),
            Err(error) if error.kind == CallErrorKind::NotFound => return Ok(not_found()),
            Err(error) => return Err(error.into()),
        }
        match read(&pages, &target.base_url).map_err(unreadable)? {
            Found::NextPage(next) => path = next,
            Found::All(profile) => return Ok(profile),
        }
    }
}

// === impl LookupError ===

impl LookupError {
    fn status(&self) -> SourceStatus {
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
            | CallErrorKind::UnusableAnswer
            | CallErrorKind::Unavailable => SourceStatus::Error,
        }
    }
}
