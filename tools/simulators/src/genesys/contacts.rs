//! The directory of external contacts, in the shape of the SDK's `ExternalContact`.

use std::collections::HashMap;

use serde_json::{Value, json};
use trunkline_load::clock::iso_millis;
use trunkline_load::customers::Customer;
use trunkline_load::external_contact::ExternalContact;
use trunkline_load::numbers::{Numbers, Population};
use uuid::Uuid;

/// Contacts by id, as numbers of customers; a contact that was merged is found by either of its ids.
pub(super) struct Contacts {
    numbers: HashMap<Uuid, u32>,
    /// Those that a search finds, by phone number and by e-mail address in lower case.
    listed: HashMap<String, Vec<u32>>,
    population: Population,
    /// When all were made; UTC milliseconds.
    made_ms: i64,
}

/// Name and id of the sources of external ids, each of which stands for a CRM.
const SOURCES: [(&str, &str); 3] = [
    ("salesforce", "c1b2a6f0-5d2e-4c86-9a0b-7e3f1d9c4a55"),
    ("sap", "5a7d0c3e-91f4-4b0e-8a6d-2c4b7f1e9d10"),
    ("servicenow", "e40f6b92-3c85-4d1a-b7f2-90a1c5d3e867"),
];

/// So many contacts a search answers at most.
const MOST_FOUND: usize = 25;

/// Id of the division that all contacts are in.
const DIVISION: &str = "0b6f1a52-8f0e-4d6b-9c43-2f1e5a7d9b10";

// === impl Contacts ===

impl Contacts {
    /// The contacts of these customers.
    pub(super) fn new(population: Population, made_ms: i64) -> Self {
        let ids_of = |number: u32| {
            let contact = ExternalContact::of(&Customer::of(number));
            [Some(contact.id), contact.canonical].into_iter().flatten().map(move |id| (id, number))
        };
        let mut listed: HashMap<String, Vec<u32>> = HashMap::new();
        for number in 1..=population.customers {
            let contact = ExternalContact::of(&Customer::of(number));
            let addresses = [contact.phone, contact.email.map(|email| email.to_lowercase())];
            for address in addresses.into_iter().flatten().filter(|_| contact.is_listed) {
                listed.entry(address).or_default().push(number);
            }
        }
        Self { numbers: (1..=population.customers).flat_map(ids_of).collect(), listed, population, made_ms }
    }

    /// The contacts that have this phone number in E.164 or this e-mail address, as the platform answers a search by
    /// either (`ReverseWhitepagesLookupResult`); a contact that was merged is found as the canonical one. (That the
    /// platform does not find merged ones beside it is unverified.)
    pub(super) fn search(&self, address: &str) -> Value {
        let numbers = self.listed.get(&address.to_lowercase()).map_or([].as_slice(), Vec::as_slice);
        let id_of = |number: &u32| {
            let contact = ExternalContact::of(&Customer::of(*number));
            contact.canonical.unwrap_or(contact.id)
        };
        let found: Vec<Value> =
            numbers.iter().map(id_of).filter_map(|id| self.get(id)).take(MOST_FOUND).collect();
        json!({"contacts": found, "externalOrganizations": []})
    }

    /// The contact with that id, as the platform answers it; `None` when there is none.
    ///
    /// An id that was merged answers with what is known of the canonical contact, and names it. (That the platform
    /// answers so, and not with what the contact had before, is unverified.)
    pub(super) fn get(&self, id: Uuid) -> Option<Value> {
        let (customer, numbers) = self.population.of(*self.numbers.get(&id)?);
        let contact = ExternalContact::of(&customer);
        let made = iso_millis(self.made_ms);
        let mut body = json!({
            "id": id,
            "division": {"id": DIVISION, "selfUri": format!("/api/v2/authorization/divisions/{DIVISION}")},
            "type": "Curated",
            "firstName": "Accounts",
            "lastName": customer.name,
            "externalIds": if contact.has_numbers { external_ids(&numbers) } else { json!([]) },
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

fn external_ids(numbers: &Numbers) -> Value {
    let values = [&numbers.salesforce, &numbers.sap, &numbers.servicenow];
    let external_id = |((name, id), value): ((&str, &str), &String)| {
        let self_uri = format!("/api/v2/externalcontacts/externalsources/{id}");
        json!({"externalSource": {"id": id, "name": name, "selfUri": self_uri}, "value": value})
    };
    SOURCES.into_iter().zip(values).map(external_id).collect()
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
