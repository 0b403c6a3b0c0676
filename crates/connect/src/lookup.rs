//! Asking one system about one customer: what the lookups of all systems have in common.

use std::time::Instant;

use reqwest::Method;
use serde_json::Value;
use trunkline_profiles::{ProfileData, ProfilePart};
use trunkline_schemas::SourceStatus;
use trunkline_systems::System;

use crate::encode::Unsafe;
use crate::error::{CallError, CallErrorKind};
use crate::outbound::{Outbound, Request};
use crate::retry::Repeat;
use crate::systems::connector;
use crate::wire;

/// Why a lookup gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
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

/// A lookup's question: who, until when, in which trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) customer_id: &'a str,
    pub(crate) deadline: Instant,
    pub(crate) traceparent: Option<&'a str>,
}

/// Asks the system behind `outbound`. `None` when it does not know the customer.
pub(crate) async fn ask(outbound: &Outbound, question: Question<'_>) -> ProfilePart {
    let began = Instant::now();
    let system = outbound.target().system;
    let found = match connector(system).profile {
        Some(look_up) => look_up(outbound, question).await,
        None => Err(Error::Unreadable { system, what: "it has no customer profiles" }),
    };
    let (status, data) = match found {
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
        fetched_at: matches!(status, SourceStatus::Ok | SourceStatus::NotFound).then(wire::unix_milliseconds),
        latency_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        data,
    }
}

/// Reads JSON from a path of the system.
pub(crate) async fn get(outbound: &Outbound, path: String, question: Question<'_>) -> Result<Value, Error> {
    let request = Request {
        method: Method::GET,
        path,
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent: question.traceparent.map(str::to_owned),
    };
    let system = outbound.target().system;
    let no_profiles = Error::Unreadable { system, what: "it has no customer profiles" };
    let class = system.capabilities().profile_class.ok_or(no_profiles)?;
    Ok(outbound.call(class, &request, question.deadline).await?.json())
}

// === impl Error ===

impl Error {
    fn status(&self) -> SourceStatus {
        let Self::Call(error) = self else { return SourceStatus::Error };
        match error.kind {
            CallErrorKind::NotFound => SourceStatus::NotFound,
            CallErrorKind::Timeout | CallErrorKind::DeadlineExceeded => SourceStatus::Timeout,
            CallErrorKind::BreakerOpen { .. } | CallErrorKind::RateLimited { .. } => {
                SourceStatus::Unavailable
            }
            CallErrorKind::Unauthorized
            | CallErrorKind::Conflict
            | CallErrorKind::Rejected
            | CallErrorKind::Unavailable => SourceStatus::Error,
        }
    }
}
