//! Asks a source, once for all who want the same at the same time, and no more often than its answers last.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use reqwest::Method;
use serde_json::Value;
use trunkline_config::{LookupSource, Placeholder, SourceMethod};
use trunkline_profiles::{ProfileData, ProfilePart};
use trunkline_schemas::SourceStatus;

use super::answer;
use super::cache::{Cache, Kept};
use super::flights::Flights;
use super::question::{NoQuestion, Question, Values};
use crate::correlation;
use crate::error::CallErrorKind;
use crate::identity::{Claim, Contacts, Known, Rules};
use crate::metrics;
use crate::outbound::Outbound;
use crate::record::Unreadable;
use crate::request::Request;
use crate::retry::Repeat;

/// Bytes of answers that are kept of one source.
const CACHE_BYTES: usize = 32 << 20;

/// What somebody wants to know of one source.
#[derive(Debug, Clone, Copy)]
pub struct SourceQuestion<'a> {
    /// Its configured name.
    pub source: &'a str,
    /// The customer, as the event names them; `None` where it names none.
    pub customer: Option<&'a str>,
    /// Values for the placeholders `{parameters.NAME}`.
    pub parameters: &'a BTreeMap<String, String>,
    /// Until when an answer is waited for.
    pub deadline: Instant,
    /// W3C trace context to pass on.
    pub traceparent: Option<&'a str>,
    /// The conversation that wants it.
    pub conversation: Option<&'a str>,
}

/// What a source said.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceAnswer {
    /// What came of it.
    pub status: SourceStatus,
    /// The values that its configuration names; empty unless the status is OK.
    pub values: BTreeMap<String, String>,
}

/// A question to a source, with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceExchange {
    /// `GET` or `POST`.
    pub method: Method,
    /// Path and query that were asked, under the target's base URL.
    pub path: String,
    /// The body that was sent.
    pub body: Option<Value>,
    /// The answer as JSON, or why there is none.
    pub answer: Result<Value, String>,
}

/// One source, with its answers of late.
#[derive(Debug)]
pub(crate) struct Source {
    settings: LookupSource,
    class: &'static str,
    outbound: Outbound,
    cache: Mutex<Cache>,
    flights: Flights,
}

/// Who is asked about, until when, in which trace, and by whose clock.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) customer: Option<&'a str>,
    /// What the customer's id says; `None` where there is none.
    pub(crate) claim: Option<&'a Claim>,
    pub(crate) parameters: &'a BTreeMap<String, String>,
    pub(crate) rules: &'a Rules,
    pub(crate) contacts: &'a Contacts<'a>,
    pub(crate) deadline: Instant,
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) conversation: Option<&'a str>,
    /// UTC milliseconds.
    pub(crate) now: &'a (dyn Fn() -> i64 + Sync),
}

/// How a source came by its answer.
#[derive(Clone, Copy)]
enum Origin {
    /// It was asked.
    System,
    /// It was asked before.
    Cache,
    /// It was not asked: there is nothing to ask it by, or no time.
    Nowhere,
}

// === impl Source ===

impl Source {
    /// A source at this target; `None` where no source can be asked there.
    pub(crate) fn new(settings: LookupSource, outbound: Outbound) -> Option<Self> {
        let class = outbound.target().system.capabilities().sources_class?;
        let keep_ms = i64::try_from(settings.cache.as_millis()).unwrap_or(i64::MAX);
        let cache = Mutex::new(Cache::new(keep_ms, CACHE_BYTES));
        Some(Self { settings, class, outbound, cache, flights: Flights::default() })
    }

    /// Forgets all answers.
    pub(crate) fn forget_answers(&self) {
        self.cache.lock().clear();
    }

    /// The target that it asks.
    pub(crate) fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// What it adds to a profile.
    pub(crate) async fn part(&self, asking: Asking<'_>) -> ProfilePart {
        let began = Instant::now();
        let answer = self.answer(asking).await;
        let (status, kept) = match answer {
            Ok(kept) => (status(&kept), Some(kept)),
            Err(status) => (status, None),
        };
        ProfilePart {
            source: self.settings.name.clone(),
            system: self.outbound.target().system,
            status,
            fetched_at: kept.as_ref().map(|kept| kept.fetched_at),
            latency_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            data: kept.and_then(|kept| kept.data).map_or_else(ProfileData::default, Arc::unwrap_or_clone),
            identity: None,
        }
    }

    /// What it says to a plugin.
    pub(crate) async fn look_up(&self, asking: Asking<'_>) -> SourceAnswer {
        match self.answer(asking).await {
            Ok(kept) => SourceAnswer {
                status: status(&kept),
                values: kept.data.map(|data| data.values.clone()).unwrap_or_default(),
            },
            Err(status) => SourceAnswer { status, values: BTreeMap::new() },
        }
    }

    async fn answer(&self, asking: Asking<'_>) -> Result<Kept, SourceStatus> {
        let (origin, answer) = self.find(asking).await;
        let came_to = answer.as_ref().map_or_else(|status| *status, status);
        metrics::source_answer(&self.settings.name, origin.as_str(), came_to);
        answer
    }

    async fn find(&self, asking: Asking<'_>) -> (Origin, Result<Kept, SourceStatus>) {
        let known = match self.known(asking).await {
            Ok(known) => known,
            Err(status) => return (Origin::Nowhere, Err(status)),
        };
        let values = Values { customer: asking.customer, known: &known, parameters: asking.parameters };
        let question = match Question::of(&self.settings, values) {
            Ok(question) => question,
            // By what is not known nobody can be found.
            Err(NoQuestion::Unknown) => {
                return (Origin::Nowhere, Ok(Kept { data: None, fetched_at: (asking.now)() }));
            }
            Err(NoQuestion::Unsafe(error)) => {
                tracing::debug!(source = self.settings.name, "not asked: {error}");
                return (Origin::Nowhere, Err(SourceStatus::Error));
            }
        };
        let key = question.key();
        if let Some(kept) = self.kept(&key, asking) {
            return (Origin::Cache, Ok(kept));
        }
        let Some(_flight) = self.flights.take(&key, asking.deadline).await else {
            return (Origin::Nowhere, Err(SourceStatus::Timeout));
        };
        if let Some(kept) = self.kept(&key, asking) {
            return (Origin::Cache, Ok(kept));
        }
        let fetched = self.fetch(question, asking).await.map(|data| {
            let (data, fetched_at) = (data.map(Arc::new), (asking.now)());
            self.cache.lock().put(&key, data.clone(), fetched_at);
            Kept { data, fetched_at }
        });
        (Origin::System, fetched)
    }

    fn kept(&self, key: &str, asking: Asking<'_>) -> Option<Kept> {
        self.cache.lock().get(key, (asking.now)()).cloned()
    }

    /// What is known of the customer, as far as the templates want it: an external contact is asked for only then.
    async fn known(&self, asking: Asking<'_>) -> Result<Known, SourceStatus> {
        let is_of_person = |placeholder: &Placeholder| {
            !matches!(placeholder, Placeholder::CustomerId | Placeholder::Parameter(_))
        };
        let Some(claim) = asking.claim.filter(|_| self.settings.placeholders().any(is_of_person)) else {
            return Ok(Known::default());
        };
        let contact = asking.contacts.of(claim).await?;
        Ok(asking.rules.known(claim, contact, self.settings.external_source.as_deref()))
    }

    /// Asks it once, whatever is kept, and shows the question with its answer; `None` where the customer is not known.
    ///
    /// # Errors
    /// Why nothing could be asked, or what is wrong with the answer.
    pub(crate) async fn attempt(
        &self,
        asking: Asking<'_>,
        seen: &mut (dyn FnMut(SourceExchange) + Send),
    ) -> Result<Option<ProfileData>, String> {
        let no_contact =
            |status| format!("nothing is asked: the external contact could not be read ({status:?})");
        let known = self.known(asking).await.map_err(no_contact)?;
        let values = Values { customer: asking.customer, known: &known, parameters: asking.parameters };
        let question = Question::of(&self.settings, values).map_err(|reason| match reason {
            NoQuestion::Unknown => "nothing is asked: a placeholder has a value that is not known".to_owned(),
            NoQuestion::Unsafe(error) => format!("nothing is asked: {error}"),
        })?;
        let request = self.request(question, asking);
        let called = self.outbound.call(self.class, &request, asking.deadline).await;
        let Request { method, path, body, .. } = request;
        let show = |answer| seen(SourceExchange { method, path, body, answer });
        match called {
            Ok(response) => {
                let answer = response.json();
                show(Ok(answer.clone()));
                answer::read(&self.settings, &answer)
                    .map_err(|Unreadable(what)| format!("the answer cannot be read: {what}"))
            }
            Err(error) => {
                show(Err(error.to_string()));
                match error.kind {
                    CallErrorKind::NotFound => Ok(None),
                    _ => Err("the source did not answer, see above".to_owned()),
                }
            }
        }
    }

    fn request(&self, question: Question, asking: Asking<'_>) -> Request {
        let settings = &self.settings;
        let mut headers = correlation::headers(asking.conversation, None);
        let own = settings.headers.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone()));
        headers.extend(own);
        Request {
            method: match settings.method {
                SourceMethod::Get => Method::GET,
                SourceMethod::Post => Method::POST,
            },
            path: question.path,
            headers,
            body: question.body,
            repeat: Repeat::Always,
            traceparent: asking.traceparent.map(str::to_owned),
        }
    }

    async fn fetch(
        &self,
        question: Question,
        asking: Asking<'_>,
    ) -> Result<Option<ProfileData>, SourceStatus> {
        let settings = &self.settings;
        let request = self.request(question, asking);
        let response = match self.outbound.call(self.class, &request, asking.deadline).await {
            Ok(response) => response,
            Err(error) if error.kind == CallErrorKind::NotFound => return Ok(None),
            Err(error) => {
                tracing::debug!(source = settings.name, "no answer: {error}");
                return Err(error.kind.source_status());
            }
        };
        answer::read(settings, &response.json()).map_err(|Unreadable(what)| {
            tracing::debug!(source = settings.name, "the answer cannot be read: {what}");
            SourceStatus::Error
        })
    }
}

fn status(kept: &Kept) -> SourceStatus {
    if kept.data.is_some() { SourceStatus::Ok } else { SourceStatus::NotFound }
}

// === impl Origin ===

impl Origin {
    fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Cache => "cache",
            Self::Nowhere => "nowhere",
        }
    }
}
