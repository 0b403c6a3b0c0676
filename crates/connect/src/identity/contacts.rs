//! Asks for an external contact, once for all systems.

use std::time::Instant;

use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;
use trunkline_schemas::SourceStatus;
use uuid::Uuid;

use super::claim::Claim;
use super::contact::Contact;
use super::rules::Rules;
use crate::correlation;
use crate::error::CallErrorKind;
use crate::outbound::Outbound;
use crate::request::Request;
use crate::retry::Repeat;

/// The external contact that a customer's event names, asked for when the first system wants it.
pub(crate) struct Contacts<'a> {
    /// Where contacts are, and what is read of them; `None` where none can be asked.
    asked: Option<(&'a Outbound, &'a Rules)>,
    deadline: Instant,
    traceparent: Option<&'a str>,
    conversation: Option<&'a str>,
    contact: OnceCell<Result<Option<Contact>, SourceStatus>>,
}

// === impl Contacts ===

impl<'a> Contacts<'a> {
    /// Prepares to ask; nothing is asked yet.
    pub(crate) fn new(
        asked: Option<(&'a Outbound, &'a Rules)>,
        deadline: Instant,
        traceparent: Option<&'a str>,
        conversation: Option<&'a str>,
    ) -> Self {
        Self { asked, deadline, traceparent, conversation, contact: OnceCell::new() }
    }

    /// The contact that a claim names; `None` where it names none, or there is none.
    ///
    /// # Errors
    /// What the platform's failure means for a profile that cannot be asked for without the contact.
    pub(crate) async fn of(&self, claim: &Claim) -> Result<Option<&Contact>, SourceStatus> {
        let (Claim::Contact(id), Some((outbound, rules))) = (claim, self.asked) else { return Ok(None) };
        let contact = self.contact.get_or_init(|| self.ask(outbound, rules, *id)).await;
        contact.as_ref().map(Option::as_ref).map_err(|status| *status)
    }

    /// What the contact says, or the one that it was merged into.
    async fn ask(
        &self,
        outbound: &Outbound,
        rules: &Rules,
        id: Uuid,
    ) -> Result<Option<Contact>, SourceStatus> {
        let Some(told) = self.get(outbound, id).await? else { return Ok(None) };
        let canonical = told["canonicalContact"]["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
        let told = match canonical.filter(|canonical| *canonical != id) {
            Some(canonical) => self.get(outbound, canonical).await?.unwrap_or(told),
            None => told,
        };
        Ok(Some(Contact::read(&told, rules.region())))
    }

    async fn get(&self, outbound: &Outbound, id: Uuid) -> Result<Option<Value>, SourceStatus> {
        let request = Request {
            method: Method::GET,
            path: format!("/api/v2/externalcontacts/contacts/{id}"),
            headers: correlation::headers(self.conversation, None),
            body: None,
            repeat: Repeat::Always,
            traceparent: self.traceparent.map(str::to_owned),
        };
        let Some(class) = outbound.target().system.capabilities().contacts_class else { return Ok(None) };
        match outbound.call(class, &request, self.deadline).await {
            Ok(response) => Ok(Some(response.json())),
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(None),
            Err(error) => {
                tracing::debug!(target_name = outbound.target().name, "no external contact: {error}");
                Err(error.kind.source_status())
            }
        }
    }
}
