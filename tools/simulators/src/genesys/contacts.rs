//! The directory of external contacts, in the shape of the SDK's `ExternalContact`.

use std::collections::HashMap;

use serde_json::{Value, json};
use trunkline_load::clock::iso_millis;
use trunkline_load::customers::Customer;
use trunkline_load::external_contact::ExternalContact;
use uuid::Uuid;

/// Contacts by id, as numbers of customers; a contact that was merged is found by either of its ids.
pub(super) struct Contacts {
    numbers: HashMap<Uuid, u32>,
    /// When all were made; UTC milliseconds.
    made_ms: i64,
}

/// Id of the source of external ids that stands for the CRM; the organisation named it `salesforce`.
const SOURCE: &str = "c1b2a6f0-5d2e-4c86-9a0b-7e3f1d9c4a55";

/// Id of the division that all contacts are in.
const DIVISION: &str = "0b6f1a52-8f0e-4d6b-9c43-2f1e5a7d9b10";

// === impl Contacts ===

impl Contacts {
    /// The contacts of the customers with the numbers 1 to `customers`.
    pub(super) fn new(customers: u32, made_ms: i64) -> Self {
        let ids_of = |number: u32| {
            let contact = ExternalContact::of(&Customer::of(number));
            [Some(contact.id), contact.canonical].into_iter().flatten().map(move |id| (id, number))
        };
        Self { numbers: (1..=customers).flat_map(ids_of).collect(), made_ms }
    }

    /// The contact with that id, as the platform answers it; `None` when there is none.
    ///
    /// An id that was merged answers with what is known of the canonical contact, and names it. (That the platform
    /// answers so, and not with what the contact had before, is unverified.)
    pub(super) fn get(&self, id: Uuid) -> Option<Value> {
        let customer = Customer::of(*self.numbers.get(&id)?);
        let contact = ExternalContact::of(&customer);
        let made = iso_millis(self.made_ms);
        let mut body = json!({
            "id": id,
            "division": {"id": DIVISION, "selfUri": format!("/api/v2/authorization/divisions/{DIVISION}")},
            "type": "Curated",
            "firstName": "Accounts",
            "lastName": customer.name,
            "externalIds": contact.number.iter().map(external_id).collect::<Vec<_>>(),
            "identifiers": [],
            "externalDataSources": [],
            "createDate": made,
            "modifyDate": made,
            "surveyOptOut": false,
            "selfUri": self_uri(id),
        });
        // What is not known is left out, as the platform does it.
        if let Some(phone) = &contact.phone {
            body["workPhone"] = phone_number(phone);
        }
        if let Some(email) = &contact.email {
            body["workEmail"] = json!(email);
        }
        if let Some(canonical) = contact.canonical {
            let named = |id: Uuid| json!({"id": id, "selfUri": self_uri(id)});
            body["canonicalContact"] = named(canonical);
            body["mergeSet"] = json!([named(contact.id), named(canonical)]);
        }
        Some(body)
    }
}

fn external_id(number: &String) -> Value {
    let self_uri = format!("/api/v2/externalcontacts/externalsources/{SOURCE}");
    json!({"externalSource": {"id": SOURCE, "name": "salesforce", "selfUri": self_uri}, "value": number})
}

/// A number of the North American plan, as a person reads it and as machines do.
fn phone_number(e164: &str) -> Value {
    let digits = e164.trim_start_matches("+1");
    let (area, rest) = digits.split_at_checked(3).unwrap_or(("", digits));
    let (exchange, line) = rest.split_at_checked(3).unwrap_or(("", rest));
    json!({
        "display": format!("+1 {area}-{exchange}-{line}"),
        "acceptsSMS": false,
        "userInput": format!("({area}) {exchange}-{line}"),
        "e164": e164,
        "countryCode": "US",
    })
}

fn self_uri(id: Uuid) -> String {
    format!("/api/v2/externalcontacts/contacts/{id}")
}
