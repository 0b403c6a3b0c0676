//! The one table of what the judges know of each outside system by its name.

mod said;

use serde_json::Value;

use self::said::{account, directory, nothing, open_items, users_or_tickets};
use crate::evidence::{Call, ProfileFields};

pub(super) use self::said::{Said, said};

/// One outside system.
pub(super) struct System {
    pub(super) name: &'static str,
    /// Whether a record has a field that is this system's to tell.
    tells: Option<fn(&ProfileFields) -> bool>,
    /// Where the records of an answer stand, as a JSON Pointer.
    rows: Option<&'static str>,
    /// Fields by which its records are known to it and to others.
    pub(super) keys: &'static [&'static str],
    /// What an answer with status 404 or 410 says.
    unknown: Said,
    said: fn(&Call, &Value) -> Option<Said>,
    /// Answers to a search by a phone number or an e-mail address that fits nobody, one, several. What a system is
    /// asked for one key is in docs/identity.md.
    pub(super) search: [u64; 3],
    /// Answers that whoever was found by a phone number or an e-mail address takes from then on.
    pub(super) again: u64,
    /// Whether a path without its query asks about a customer: the sink reads what it writes, by other paths.
    pub(super) asks_about_customers: fn(&str) -> bool,
    /// Whether this status says that the limit is used up.
    pub(super) is_limit: fn(u16) -> bool,
}

/// Every system, as its vendor documents it.
pub(super) const SYSTEMS: [System; 5] = [
    System {
        name: "genesys",
        said: directory,
        asks_about_customers: |path| path.starts_with("/api/v2/externalcontacts/"),
        ..OTHER
    },
    System { name: "cxone", ..OTHER },
    System {
        name: "salesforce",
        tells: Some(|fields| fields.account_name.is_some() || fields.loyalty_tier.is_some()),
        rows: Some("/records"),
        keys: &["Id", "AccountNumber", "CustomerNumber__c"],
        said: account,
        again: 1,
        asks_about_customers: |path| path.ends_with("/query"),
        // Its limit of requests is a 403 with a code of its own.
        is_limit: |status| matches!(status, 429 | 403),
        ..OTHER
    },
    System {
        name: "servicenow",
        tells: Some(|fields| fields.open_tickets.is_some()),
        rows: Some("/result"),
        keys: &["sys_id", "user_name", "account", "customer"],
        // Its version 1 answers an empty list so; the others do not know the customer.
        unknown: Said::Tickets(0),
        said: users_or_tickets,
        // The record, and the count of its tickets.
        search: [1, 2, 1],
        ..OTHER
    },
    System {
        name: "sap",
        tells: Some(|fields| {
            fields.balance.is_some() || fields.currency.is_some() || !fields.balances.is_empty()
        }),
        rows: Some("/d/results"),
        keys: &["BusinessPartner", "Customer", "AddressID"],
        said: open_items,
        // Data of addresses, whose addresses they are, the partners; and the open items of the one.
        search: [1, 4, 3],
        ..OTHER
    },
];

/// What holds of a system where nothing else is known of it.
const OTHER: System = System {
    name: "",
    tells: None,
    rows: None,
    keys: &[],
    unknown: Said::Nothing,
    said: nothing,
    search: [1, 1, 1],
    // The record by its own id, and what belongs to it.
    again: 2,
    asks_about_customers: |_| true,
    is_limit: |status| status == 429,
};

// === impl System ===

impl System {
    /// The records of an answer.
    pub(super) fn records(&self, call: &Call) -> Option<Vec<Value>> {
        let body: Value = serde_json::from_str(call.answer.as_deref()?).ok()?;
        body.pointer(self.rows?)?.as_array().cloned()
    }
}

/// The system of this name.
pub(super) fn system(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

/// The systems that have fields of a profile to tell.
pub(super) fn of_profiles() -> impl Iterator<Item = &'static str> {
    SYSTEMS.iter().filter(|system| system.tells.is_some()).map(|system| system.name)
}

/// Whether a record has a field that is this system's to tell.
pub(super) fn says_anything(name: &str, fields: &ProfileFields) -> bool {
    system(name).and_then(|system| system.tells).is_some_and(|tells| tells(fields))
}

/// The id of the contact that a question to Genesys is about: a UUID, of which nothing is encoded in a path.
pub(super) fn contact_asked_for(path: &str) -> Option<&str> {
    path.split('?').next()?.strip_prefix("/api/v2/externalcontacts/contacts/")
}

/// The contacts that a search by an address found; `None` for other questions.
pub(super) fn contacts_found(call: &Call) -> Option<Vec<Value>> {
    call.path.starts_with("/api/v2/externalcontacts/reversewhitepageslookup?").then_some(())?;
    let body: Value = serde_json::from_str(call.answer.as_deref()?).ok()?;
    body["contacts"].as_array().cloned()
}
