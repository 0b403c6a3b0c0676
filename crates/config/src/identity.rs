//! `[enrichment.identity]`: how a customer whom an event names is found in each system.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::known_targets::KnownTargets;
use crate::section::{Problem, Section, Value};
use crate::values::{duration, list, one_of, reference, text};

/// How a customer whom an event names is found in each system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the target whose external contacts are asked whom a contact's id means (Genesys Cloud); `None` where the
    /// ids in events are customers' numbers.
    pub contacts: Option<String>,
    /// By what customers are searched, in this order (default: number, phone, email).
    pub by: Vec<SearchBy>,
    /// Under which name or id of an external source the contacts have a target's customer numbers; by target.
    pub sources: BTreeMap<String, String>,
    /// The targets that know customers by the numbers that events themselves name (default: all). One number may be
    /// that of one system alone: the others then are not asked by it.
    pub numbers: Option<Vec<String>>,
    /// The country of phone numbers that are written without their country's code: ISO 3166-1 alpha-2, `DE`.
    pub region: Option<String>,
    /// For how long it holds who somebody is (default 24 h): contacts are merged, customers change their numbers.
    pub keep: Duration,
}

/// By what a customer is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchBy {
    /// The customer's number.
    Number,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

// === impl SearchBy ===

impl SearchBy {
    const ALL: [(&'static str, Self); 3] =
        [("number", Self::Number), ("phone", Self::Phone), ("email", Self::Email)];
}

// === impl Identity ===

impl Default for Identity {
    fn default() -> Self {
        Self {
            contacts: None,
            by: SearchBy::ALL.map(|(_, by)| by).into(),
            sources: BTreeMap::new(),
            numbers: None,
            region: None,
            keep: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Identity {
    /// Reads it; `enriching` are the targets that are asked for profiles.
    pub(crate) fn read(section: &Section<'_>, known: &KnownTargets<'_>, enriching: &[String]) -> Self {
        let default = Self::default();
        let with_contacts = |value: &Value<'_>| {
            let name = reference("target", &known.names)(value)?;
            match known.targets.get(&name) {
                Some(target) if target.system.capabilities().contacts_class.is_none() => Err(Problem::new(
                    format!("names target '{name}', which has no external contacts; genesys has"),
                )),
                _ => Ok(name),
            }
        };
        let sources = section.map("sources", text);
        for target in sources.keys().filter(|target| !enriching.contains(target)) {
            let message = format!("sources: '{target}' is none of the targets of [enrichment]");
            section.refuse_at(&["sources", target], &message);
        }
        let enriching_target = |value: &Value<'_>| {
            let name = text(value)?;
            match enriching.contains(&name) {
                true => Ok(name),
                false => Err(Problem::new(format!("names '{name}', none of the targets of [enrichment]"))),
            }
        };
        let contacts = section.optional("contacts", with_contacts);
        if contacts.is_none() && !sources.is_empty() {
            section.refuse(
                "sources",
                "'sources' says how to read external contacts, and 'contacts' names none to ask",
            );
        }
        Self {
            contacts,
            by: section.or("by", list(1, one_of(SearchBy::ALL)), default.by),
            sources,
            numbers: section.optional("numbers", list(0, enriching_target)),
            region: section.optional("region", region),
            keep: section.or("keep", duration, default.keep),
        }
    }
}

fn region(value: &Value<'_>) -> Result<String, Problem> {
    let written = text(value)?;
    match written.len() == 2 && written.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(written),
        false => {
            Err(Problem::new(format!("is '{written}', must be a country such as 'DE' (ISO 3166-1 alpha-2)")))
        }
    }
}
