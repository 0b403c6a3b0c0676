//! Asks for an external contact, once for all systems.

use std::time::Duration;

use parking_lot::Mutex;
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
use crate::terms::{Age, Terms};

/// The external contact that a customer's event names, asked for when the first system wants it.
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
        let Terms { deadline, traceparent, conversation, .. } = self.terms;
        let path = format!("/api/v2/externalcontacts/contacts/{id}");
        let target = outbound.target();
        self.asked_for.lock().push(path.clone());
        if let Some(known) = self.terms.recall(&target.name, &path) {
            return Ok(Some(known));
        }
        let request = Request {
            method: Method::GET,
            path,
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
                self.terms.keep(&target.name, &request.path, &answer);
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
