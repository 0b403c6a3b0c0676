//! Asks for an external contact, once for all systems.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;
use trunkline_profiles::address::Address;
use trunkline_schemas::SourceStatus;
use uuid::Uuid;

use super::claim::Claim;
use super::contact::Contact;
use super::rules::Rules;
use crate::correlation;
use crate::encode;
use crate::error::CallErrorKind;
use crate::outbound::Outbound;
use crate::request::Request;
use crate::retry::Repeat;
use crate::terms::{Age, Terms};

/// Where contacts are found by a phone number in E.164 or an e-mail address, up to 25 of them (SDK of the platform,
/// `getExternalcontactsReversewhitepageslookup`).
const SEARCH: &str = "/api/v2/externalcontacts/reversewhitepageslookup";

/// The external contact that a customer's event names by its id or its address, asked for when the first system wants
/// it.
pub(crate) struct Contacts<'a> {
    /// Where contacts are, and what is read of them; `None` where none can be asked.
    asked: Option<(&'a Outbound, &'a Rules)>,
    terms: Terms<'a>,
    /// The questions, for forgetting their answers.
    asked_for: Mutex<Vec<String>>,
    contact: OnceCell<Result<Option<Contact>, SourceStatus>>,
}

// === impl Contacts ===

impl<'a> Contacts<'a> {
    /// Prepares to ask; nothing is asked yet.
    pub(crate) fn new(asked: Option<(&'a Outbound, &'a Rules)>, terms: Terms<'a>) -> Self {
        Self { asked, terms, asked_for: Mutex::default(), contact: OnceCell::new() }
    }

    /// How old is what the contact says.
    pub(crate) fn age(&self) -> &Age {
        self.terms.age
    }

    /// All searches are finished: the contact is asked for anew when it is wanted again.
    pub(crate) fn forget(&self) {
        if let Some((outbound, _)) = self.asked {
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
        let Some((outbound, rules)) = self.asked else { return Ok(None) };
        let contact = match claim {
            Claim::Contact(id) => self.contact.get_or_init(|| self.ask(outbound, rules, *id)).await,
            Claim::Phone(_) | Claim::Email(_) => {
                let Some(address) = rules.address(claim) else { return Ok(None) };
                self.contact.get_or_init(|| self.search(outbound, rules, address)).await
            }
            Claim::Number(_) => return Ok(None),
        };
        contact.as_ref().map(Option::as_ref).map_err(|status| *status)
    }

    /// What the contact says, or the one that it was merged into.
    async fn ask(
        &self,
        outbound: &Outbound,
        rules: &Rules,
        id: Uuid,
    ) -> Result<Option<Contact>, SourceStatus> {
        let Some(told) = self.get(outbound, &contact_path(id)).await? else { return Ok(None) };
        let told = match canonical(&told).filter(|canonical| *canonical != id) {
            Some(canonical) => self.get(outbound, &contact_path(canonical)).await?.unwrap_or(told),
            None => told,
        };
        Ok(Some(Contact::read(&told, rules.region())))
    }

    /// What the contacts with this phone number or address say together.
    async fn search(
        &self,
        outbound: &Outbound,
        rules: &Rules,
        address: Address,
    ) -> Result<Option<Contact>, SourceStatus> {
        let path = match &address {
            Address::Phone(text) | Address::Email(text) => {
                format!("{SEARCH}?{}", encode::query(&[("lookupVal", text)]))
            }
        };
        let Some(answer) = self.get(outbound, &path).await? else { return Ok(None) };
        // Each once: one that was merged is the one that it was merged into, of which nothing may be said here.
        let mut found: BTreeMap<Uuid, Option<Contact>> = BTreeMap::new();
        for told in answer["contacts"].as_array().into_iter().flatten() {
            let contact = Contact::read(told, rules.region());
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
            return self.ask(outbound, rules, **id).await;
        }
        Ok(Contact::sharing(found.into_values().map(Option::unwrap_or_default).collect(), address))
    }

    async fn get(&self, outbound: &Outbound, path: &str) -> Result<Option<Value>, SourceStatus> {
        let Terms { deadline, traceparent, conversation, .. } = self.terms;
        let target = outbound.target();
        self.asked_for.lock().push(path.to_owned());
        if let Some(known) = self.terms.recall(&target.name, path) {
            return Ok(Some(known));
        }
        let request = Request {
            method: Method::GET,
            path: path.to_owned(),
            headers: correlation::headers(conversation, None),
            body: None,
            repeat: Repeat::Always,
            traceparent: traceparent.map(str::to_owned),
        };
        let Some(class) = target.system.capabilities().contacts_class else { return Ok(None) };
        match outbound.call(class, &request, deadline).await {
            Ok(response) => {
                let answer = response.json();
                self.terms.age.set(Duration::ZERO);
                self.terms.keep(&target.name, path, &answer);
                Ok(Some(answer))
            }
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(None),
            Err(error) => {
                tracing::debug!(target_name = target.name, "no external contact: {error}");
                Err(error.kind.source_status())
            }
        }
    }
}

fn contact_path(id: Uuid) -> String {
    format!("/api/v2/externalcontacts/contacts/{id}")
}

/// The contact that a contact was merged into, or its own id.
fn canonical(told: &Value) -> Option<Uuid> {
    told["canonicalContact"]["id"].as_str().and_then(|id| Uuid::try_parse(id).ok())
}
