//! Asking one system about one customer.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use trunkline_config::Target;
use trunkline_profiles::{ProfileData, ProfilePart};
use trunkline_schemas::{Resolution, SourceStatus, SystemIdentity};

use crate::correlation;
use crate::error::CallErrorKind;
use crate::identity::{Chain, Claim, Contacts, Next, Outcome, Rules};
use crate::lookup::{Answer, Ask, Depth, Found, FoundCustomer, ProfileKey, Step, Subject};
use crate::lookup_error::LookupError;
use crate::metrics;
use crate::outbound::Outbound;
use crate::refused_lookups::RefusedLookups;
use crate::request::Request;
use crate::retry::Repeat;
use crate::systems::connector;
use crate::terms::{Age, Terms};

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
    pub(crate) claim: &'a Claim,
    /// What was found out before.
    pub(crate) identities: &'a [SystemIdentity],
    pub(crate) rules: &'a Rules,
    pub(crate) contacts: &'a Contacts<'a>,
    pub(crate) refused: &'a RefusedLookups,
    pub(crate) terms: Terms<'a>,
    /// UTC milliseconds.
    pub(crate) now: &'a (dyn Fn() -> i64 + Sync),
}

/// For so long it holds that nobody was found, or several: while another system is away all of them are asked again
/// every second, and a whole search each time would cost more than the answer is worth. Milliseconds.
const UNRESOLVED_MS: i64 = 30_000;

/// What a system knows of a customer, and which of its customers that is where it was found out now.
struct Part {
    data: Option<ProfileData>,
    identity: Option<SystemIdentity>,
    /// When that was found out, where it was not now; UTC milliseconds.
    since: Option<i64>,
}

/// What was found out before, while it holds.
enum Known {
    /// By this key the customer is found.
    Key(ProfileKey),
    /// Nobody was found, or several, at that time.
    Unresolved(i64),
}

/// Asks the system behind `outbound` for its part of a profile.
pub(crate) async fn ask(outbound: &Outbound, question: Question<'_>) -> ProfilePart {
    let began = Instant::now();
    let target = outbound.target();
    let age = &Age::default();
    let question = Question { terms: Terms { age, ..question.terms }, ..question };
    let (status, part) = match search(outbound, question).await {
        Ok(part) => (if part.data.is_some() { SourceStatus::Ok } else { SourceStatus::NotFound }, part),
        Err(status) => (status, Part { data: None, identity: None, since: None }),
    };
    let answered = matches!(status, SourceStatus::Ok | SourceStatus::NotFound);
    ProfilePart {
        source: target.name.clone(),
        system: target.system,
        status,
        // As old as the answer that it ends with: one of a moment ago is no younger for that.
        fetched_at: answered.then(|| part.since.unwrap_or_else(|| question.answered_at())),
        latency_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        data: part.data.unwrap_or_default(),
        identity: part.identity,
    }
}

// === impl Question ===

impl Question<'_> {
    /// When the last answer was given, which may be one of a moment ago; UTC milliseconds.
    fn answered_at(&self) -> i64 {
        (self.now)() - self.terms.age.milliseconds()
    }
}

/// By the key that was found before, else key by key.
async fn search(outbound: &Outbound, question: Question<'_>) -> Result<Part, SourceStatus> {
    let target = outbound.target();
    let settings = question.rules.settings(target);
    match known(target, settings, question) {
        Some(Known::Unresolved(since)) => {
            return Ok(Part { data: None, identity: None, since: Some(since) });
        }
        Some(Known::Key(key)) => {
            match by_key(outbound, &key, question).await.map_err(failed(target, question))? {
                Found::One(customer) => {
                    return Ok(Part { data: Some(customer.data), identity: None, since: None });
                }
                Found::None if is_number_alone(target, &key) => {
                    return Ok(Part { data: None, identity: None, since: None });
                }
                // One that is not there any more, or not alone, was merged or given to somebody else: searched anew.
                Found::None | Found::Several(_) => {}
            }
        }
        None => {}
    }
    let contact = question.contacts.of(question.claim).await?;
    question.terms.age.set_as(question.contacts.age());
    if let Some(candidates) = contact.and_then(|contact| question.rules.sharers(target, contact)) {
        let several = Outcome::Ambiguous { by: "number", candidates };
        return Ok(part(target, settings, several, question.answered_at()));
    }
    let mut chain = Chain::new(question.rules.keys(target, question.claim, contact));
    let mut found = None;
    let mut is_empty = false;
    let mut asked = Vec::new();
    let outcome = loop {
        let key = match chain.next(found.take()) {
            Next::Done(outcome) => break outcome,
            Next::Ask(key) => key,
        };
        found = Some(match search_by_key(outbound, &key, question, &mut asked).await {
            // No field to search by, or an address that cannot be asked for: another key may do.
            Err(LookupError::NoSearchField { .. }) => Found::None,
            Err(LookupError::Unsafe(_)) if !matches!(key, ProfileKey::Number(_)) => Found::None,
            Ok(Found::None) if is_number_alone(target, &key) => {
                is_empty = true;
                Found::One(nothing_open(&key))
            }
            found => found.map_err(failed(target, question))?,
        });
    };
    // Nobody was asked who would know, and the one who leads to others may not be: that is not to find nobody.
    if outcome == Outcome::None && asked.is_empty() && question.contacts.is_refused() {
        return Err(SourceStatus::Error);
    }
    // What is read next is read anew.
    question.terms.forget(&target.name, asked.iter().map(String::as_str));
    let part = part(target, settings, outcome, question.answered_at());
    // Of a number of which nothing is open nothing is known: an unknown balance is not one of nothing.
    Ok(Part { data: part.data.filter(|_| !is_empty), ..part })
}

fn failed(target: &Target, question: Question<'_>) -> impl Fn(LookupError) -> SourceStatus {
    move |error| {
        if let Some(refused) = question.refused.note(target, &error, Instant::now()) {
            tracing::warn!(target_name = target.name, "{refused}");
        }
        tracing::debug!(target_name = target.name, "no profile: {error}");
        error.status()
    }
}

/// What was found out before of the target's customers, under the settings of now.
fn known(target: &Target, settings: &str, question: Question<'_>) -> Option<Known> {
    let of_target =
        |known: &&SystemIdentity| known.target == target.name && known.settings.as_deref() == Some(settings);
    let known = question.identities.iter().find(of_target)?;
    let at = known.resolved_at?;
    let holds = |for_ms: i64| (question.now)() < at.saturating_add(for_ms);
    match known.resolution {
        Resolution::Exact if holds(question.rules.keep_ms()) => {
            let number = known.number.clone().map(ProfileKey::Number);
            let record = known.record_id.clone().map(ProfileKey::RecordId);
            // Several records may have one number where the customer was found by something else.
            let by_number = known.found_by.as_deref() == Some("number");
            let key = if by_number { number.or(record) } else { record.or(number) };
            key.map(Known::Key)
        }
        Resolution::Ambiguous | Resolution::None if holds(UNRESOLVED_MS) => Some(Known::Unresolved(at)),
        _ => None,
    }
}

/// Whether a question by this key reads no record of the customer, but only what belongs to the number: that there is
/// nothing open then does not say that there is no such customer.
fn is_number_alone(target: &Target, key: &ProfileKey) -> bool {
    target.profile.as_ref().is_some_and(|mapping| {
        Subject { target, mapping, key, depth: Depth::Profile }.number_alone().is_some()
    })
}

/// The customer of a number of which nothing is open.
fn nothing_open(key: &ProfileKey) -> FoundCustomer {
    FoundCustomer { number: Some(key.value().to_owned()), ..FoundCustomer::default() }
}

async fn by_key(outbound: &Outbound, key: &ProfileKey, question: Question<'_>) -> Result<Found, LookupError> {
    let terms = Terms { memory: None, ..question.terms };
    find(outbound, key, Depth::Profile, terms, &mut |_| ()).await
}

/// The same within a search: what an earlier attempt was answered is not asked again. Which questions there were is
/// added to `asked`.
async fn search_by_key(
    outbound: &Outbound,
    key: &ProfileKey,
    question: Question<'_>,
    asked: &mut Vec<String>,
) -> Result<Found, LookupError> {
    let terms = question.terms;
    let mut note = |exchange: Exchange| asked.push(exchange.path);
    find(outbound, key, Depth::Profile, terms, &mut note).await
}

fn part(target: &Target, settings: &str, outcome: Outcome, answered_at: i64) -> Part {
    let (resolution, found_by, candidates, customer) = match outcome {
        Outcome::Exact { by, customer } => (Resolution::Exact, Some(by), 1, customer),
        Outcome::Ambiguous { by, candidates } => {
            tracing::debug!(target_name = target.name, by, candidates, "several customers, none is chosen");
            (Resolution::Ambiguous, Some(by), candidates, FoundCustomer::default())
        }
        Outcome::None => (Resolution::None, None, 0, FoundCustomer::default()),
    };
    metrics::resolution(&target.name, resolution);
    let FoundCustomer { record_id, number, data } = customer;
    let identity = SystemIdentity {
        system: target.system.as_str().to_owned(),
        target: target.name.clone(),
        resolution,
        found_by: found_by.map(str::to_owned),
        record_id,
        number,
        candidates: i32::try_from(candidates).ok(),
        resolved_at: Some(answered_at),
        settings: Some(settings.to_owned()),
    };
    let data = (resolution == Resolution::Exact).then_some(data);
    Part { data, identity: Some(identity), since: None }
}

/// Asks question after question, until it is known whom the key means. Each is shown to `seen` with its answer.
pub(crate) async fn find(
    outbound: &Outbound,
    key: &ProfileKey,
    depth: Depth,
    terms: Terms<'_>,
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
        if let Some(known) = terms.recall(&target.name, &path) {
            step = lookup.next(Answer::Json(&known)).map_err(problem)?;
            seen(Exchange { path, answer: Ok(known) });
            continue;
        }
        let request = get(path, terms.traceparent, terms.conversation);
        let called = outbound.call(class, &request, terms.deadline).await;
        terms.age.set(Duration::ZERO);
        let (answer, shown) = match called {
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
        seen(Exchange { path: request.path.clone(), answer: shown });
        step = lookup.next(answer.as_ref().map_or(Answer::NotFound, Answer::Json)).map_err(problem)?;
        // What could be read.
        if let Some(answer) = &answer {
            terms.keep(&target.name, &request.path, answer);
        }
    }
}

fn get(path: String, traceparent: Option<&str>, conversation: Option<&str>) -> Request {
    Request {
        method: Method::GET,
        path,
        headers: correlation::headers(conversation, None),
        body: None,
        repeat: Repeat::Always,
        traceparent: traceparent.map(str::to_owned),
    }
}
