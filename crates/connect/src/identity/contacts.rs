//! Asks for an external contact, once for all systems.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;
use trunkline_profiles::address::Address;
use trunkline_schemas::SourceStatus;
use uuid::Uuid;

use super::claim::Claim;
use super::contact::Contact;
use super::refused::Refused;
use super::rules::Rules;
use crate::correlation;
use crate::encode;
use crate::error::{CallError, CallErrorKind};
use crate::metrics;
use crate::outbound::Outbound;
use crate::request::Request;
use crate::retry::Repeat;
use crate::terms::{Age, Terms};

/// Where contacts are found by a phone number in E.164 or an e-mail address, up to [`MOST_FOUND`] of them (SDK of the
/// platform, `getExternalcontactsReversewhitepageslookup`).
const SEARCH: &str = "/api/v2/externalcontacts/reversewhitepageslookup";

/// How many contacts a search tells at most: there may be more than so many.
const MOST_FOUND: usize = 25;

/// The external contact that a customer's event names by its id or its address, asked for when the first system wants
/// it.
pub(crate) struct Contacts<'a> {
    /// `None` where none can be asked.
    asked: Option<Asked<'a>>,
    terms: Terms<'a>,
    /// The questions, for forgetting their answers.
    asked_for: Mutex<Vec<String>>,
    contact: OnceCell<Result<Option<Contact>, Failure>>,
}

/// Where contacts are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The target.
    pub(crate) outbound: &'a Outbound,
    /// What is read of them.
    pub(crate) rules: &'a Rules,
    /// Which of it the login may not do.
    pub(crate) refused: &'a Refusals,
}

/// What the login may not do, each of its own: who may not read a contact may be let search, and the other way round.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    reading: Refused,
    searching: Refused,
}

/// A question about contacts.
#[derive(Clone, Copy)]
enum Endpoint {
    /// For one, by its id.
    Reading,
    /// For those with an address.
    Searching,
}

/// Why nothing is known of a contact.
#[derive(Clone, Copy)]
enum Failure {
    /// The login lacks the permission.
    NotPermitted,
    /// Anything else, as a source of a profile says it.
    Other(SourceStatus),
}

// === impl Contacts ===

impl<'a> Contacts<'a> {
    /// Prepares to ask; nothing is asked yet.
    pub(crate) fn new(asked: Option<Asked<'a>>, terms: Terms<'a>) -> Self {
        Self { asked, terms, asked_for: Mutex::default(), contact: OnceCell::new() }
    }

    /// How old is what the contact says.
    pub(crate) fn age(&self) -> &Age {
        self.terms.age
    }

    /// All searches are finished: the contact is asked for anew when it is wanted again.
    pub(crate) fn forget(&self) {
        if let Some(Asked { outbound, .. }) = self.asked {
            let paths = self.asked_for.lock();
            self.terms.forget(&outbound.target().name, paths.iter().map(String::as_str));
        }
    }

    /// What the platform's directory says of whom a claim names: of the contact, or of the contacts that have the phone
    /// number or the address. `None` where nobody can be asked, or there is no contact.
    ///
    /// # Errors
    /// What the platform's failure means for a profile that cannot be asked for without the contact.
    pub(crate) async fn of(&self, claim: &Claim) -> Result<Option<&Contact>, SourceStatus> {
        let Some(asked) = self.asked else { return Ok(None) };
        let contact = match claim {
            Claim::Contact(id) => self.contact.get_or_init(async || self.ask(asked, *id).await).await,
            Claim::Phone(_) | Claim::Email(_) => {
                let Some(address) = asked.rules.address(claim) else { return Ok(None) };
                self.contact.get_or_init(async || self.search(asked, address).await).await
            }
            Claim::Number(_) => return Ok(None),
        };
        match contact {
            Ok(contact) => Ok(contact.as_ref()),
            // The systems can be searched by the address all the same.
            Err(Failure::NotPermitted) if !matches!(claim, Claim::Contact(_)) => Ok(None),
            Err(failure) => Err(failure.status()),
        }
    }

    /// Whether the login may not ask the directory, which may know more then than [`of`](Self::of) says.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.contact.get(), Some(Err(Failure::NotPermitted)))
    }

    /// What the contact says, or the one that it was merged into.
    async fn ask(&self, asked: Asked<'_>, id: Uuid) -> Result<Option<Contact>, Failure> {
        let get = async |id| self.get(asked, Endpoint::Reading, &contact_path(id)).await;
        let Some(told) = get(id).await? else { return Ok(None) };
        let told = match canonical(&told).filter(|canonical| *canonical != id) {
            Some(canonical) => get(canonical).await?.unwrap_or(told),
            None => told,
        };
        Ok(Some(Contact::read(&told, asked.rules.region())))
    }

    /// What the contacts with this phone number or address say together.
    async fn search(&self, asked: Asked<'_>, address: Address) -> Result<Option<Contact>, Failure> {
        let path = match &address {
            Address::Phone(text) | Address::Email(text) => {
                format!("{SEARCH}?{}", encode::query(&[("lookupVal", text)]))
            }
        };
        let Some(answer) = self.get(asked, Endpoint::Searching, &path).await? else { return Ok(None) };
        let told = answer["contacts"].as_array().map_or(&[][..], Vec::as_slice);
        if told.len() >= MOST_FOUND {
            return Ok(Some(Contact::of_many(address)));
        }
        // Each once: one that was merged is the one that it was merged into, of which nothing may be said here.
        let mut found: BTreeMap<Uuid, Option<Contact>> = BTreeMap::new();
        for told in told {
            let contact = Contact::read(told, asked.rules.region());
            let id = told["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
            // Whatever else the platform finds by this text is nobody with the address.
            let Some(id) = id.filter(|_| contact.has(&address)) else { continue };
            match canonical(told).filter(|canonical| *canonical != id) {
                Some(canonical) => {
                    found.entry(canonical).or_default();
                }
                None => {
                    found.insert(id, Some(contact));
                }
            }
        }
        if let [(id, None)] = found.iter().collect::<Vec<_>>().as_slice() {
            return self.ask(asked, **id).await;
        }
        Ok(Contact::sharing(found.into_values().map(Option::unwrap_or_default).collect(), address))
    }

    async fn get(&self, asked: Asked<'_>, endpoint: Endpoint, path: &str) -> Result<Option<Value>, Failure> {
        let Terms { deadline, traceparent, conversation, .. } = self.terms;
        let Asked { outbound, refused, .. } = asked;
        let refused = refused.of(endpoint);
        let target = outbound.target();
        self.asked_for.lock().push(path.to_owned());
        if let Some(known) = self.terms.recall(&target.name, path) {
            return Ok(Some(known));
        }
        let Some(class) = target.system.capabilities().contacts_class else { return Ok(None) };
        if !refused.may_ask(Instant::now()) {
            metrics::not_permitted(&target.name, class, "not_asked");
            return Err(Failure::NotPermitted);
        }
        let request = Request {
            method: Method::GET,
            path: path.to_owned(),
            headers: correlation::headers(conversation, None),
            body: None,
            repeat: Repeat::Always,
            traceparent: traceparent.map(str::to_owned),
        };
        let called = outbound.call(class, &request, deadline).await;
        let answered = match &called {
            Ok(_) => true,
            Err(error) => error.kind == CallErrorKind::NotFound,
        };
        if answered && refused.grant() {
            tracing::info!(target_name = target.name, "external contacts can be {} again", endpoint.done());
        }
        match called {
            Ok(response) => {
                let answer = response.json();
                self.terms.age.set(Duration::ZERO);
                self.terms.keep(&target.name, path, &answer);
                Ok(Some(answer))
            }
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(None),
            Err(error) => {
                tracing::debug!(target_name = target.name, "no external contact: {error}");
                if is_missing_permission(&error) {
                    asked.not_permitted(class, endpoint);
                    return Err(Failure::NotPermitted);
                }
                Err(Failure::Other(error.kind.source_status()))
            }
        }
    }
}

// === impl Asked ===

impl Asked<'_> {
    /// The login may not read or search contacts: told once, and not asked for every customer.
    fn not_permitted(&self, class: &'static str, endpoint: Endpoint) {
        let target = self.outbound.target();
        metrics::not_permitted(&target.name, class, "refused");
        if self.refused.of(endpoint).refuse(Instant::now()) {
            tracing::warn!(
                target_name = target.name,
                "external contacts may not be {}, so that {}; it is tried again in a minute, then more seldom. \
                 Needed: {}",
                endpoint.done(),
                endpoint.without(),
                target.system.capabilities().contacts_permissions
            );
        }
    }
}

// === impl Refusals ===

impl Refusals {
    fn of(&self, endpoint: Endpoint) -> &Refused {
        match endpoint {
            Endpoint::Reading => &self.reading,
            Endpoint::Searching => &self.searching,
        }
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// What is done with contacts.
    fn done(self) -> &'static str {
        match self {
            Self::Reading => "read",
            Self::Searching => "searched",
        }
    }

    /// What is the matter where that is not permitted.
    fn without(self) -> &'static str {
        match self {
            Self::Reading => "customers whom events name by one are not found",
            Self::Searching => {
                "customers with a phone number or an e-mail address are searched by that alone"
            }
        }
    }
}

// === impl Failure ===

impl Failure {
    fn status(self) -> SourceStatus {
        match self {
            Self::NotPermitted => SourceStatus::Error,
            Self::Other(status) => status,
        }
    }
}

/// Whether the login lacks a permission, for whatever contact it is. (Codes of the platform's error bodies; another
/// refusal may be about this contact alone.)
fn is_missing_permission(error: &CallError) -> bool {
    let of_login = ["missing.permissions", "missing.any.permissions"];
    error.status == Some(403) && error.code.as_deref().is_some_and(|code| of_login.contains(&code))
}

fn contact_path(id: Uuid) -> String {
    format!("/api/v2/externalcontacts/contacts/{id}")
}

/// The contact that a contact was merged into, or its own id.
fn canonical(told: &Value) -> Option<Uuid> {
    told["canonicalContact"]["id"].as_str().and_then(|id| Uuid::try_parse(id).ok())
}
