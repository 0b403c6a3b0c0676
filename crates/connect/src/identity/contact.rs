//! What an external contact of Genesys Cloud says of its customer (model ExternalContact of the platform's SDK).

use serde_json::Value;
use trunkline_profiles::address::{Address, Region, e164};

/// Where the model has phone numbers; the customer's own before those of the office.
const PHONES: [&str; 4] = ["cellPhone", "homePhone", "workPhone", "otherPhone"];

/// Where it has e-mail addresses.
const EMAILS: [&str; 3] = ["personalEmail", "workEmail", "otherEmail"];

/// What an external contact says of its customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    /// Numbers in other systems, each with the name and the id of the external source that it is of.
    pub(super) external_ids: Vec<ExternalId>,
    /// Phone numbers in E.164, none twice.
    pub(super) phones: Vec<String>,
    /// E-mail addresses, none twice.
    pub(super) emails: Vec<String>,
    /// Whether it is several contacts, of whom any may be meant: two numbers in one source are two customers' then.
    pub(super) is_shared: bool,
}

/// The number of a contact in another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExternalId {
    /// Name and id of its external source, as far as they are told.
    pub(super) source: [Option<String>; 2],
    /// The number.
    pub(super) value: String,
}

// === impl Contact ===

impl Contact {
    /// Its numbers in the external source of this name or id, each once.
    pub(super) fn numbers_of(&self, source: &str) -> Vec<&str> {
        let is_told = |id: &&ExternalId| id.source.iter().any(|told| told.as_deref() == Some(source));
        let mut numbers = Vec::new();
        for id in self.external_ids.iter().filter(is_told) {
            if !numbers.contains(&id.value.as_str()) {
                numbers.push(id.value.as_str());
            }
        }
        numbers
    }

    /// Whether it has this phone number or address. Upper case and lower case are one in addresses.
    pub(crate) fn has(&self, address: &Address) -> bool {
        match address {
            Address::Phone(phone) => self.phones.contains(phone),
            Address::Email(email) => self.emails.iter().any(|own| own.eq_ignore_ascii_case(email)),
        }
    }

    /// What the contacts say together that have an address. One is whoever has the address. Of several it is not known
    /// which is meant: what they have in common beside the address is that each may be, so the numbers count where all
    /// of them have one in a source, and no other address does.
    pub(crate) fn sharing(mut contacts: Vec<Self>, address: Address) -> Option<Self> {
        if contacts.len() < 2 {
            return contacts.pop();
        }
        let is_of = |one: &ExternalId, other: &ExternalId| {
            let same = |at: usize| one.source[at].is_some() && one.source[at] == other.source[at];
            same(0) || same(1)
        };
        let have_all = |id: &&ExternalId| {
            contacts.iter().all(|contact| contact.external_ids.iter().any(|own| is_of(own, id)))
        };
        let ids = contacts.iter().flat_map(|contact| &contact.external_ids).filter(have_all);
        let external_ids = ids.cloned().collect();
        Some(Self { external_ids, ..Self::of_many(address) })
    }

    /// More contacts than are told have the address: of those that are not told nothing is known, so that nothing but
    /// the address counts.
    pub(crate) fn of_many(address: Address) -> Self {
        let (phones, emails) = match address {
            Address::Phone(phone) => (vec![phone], Vec::new()),
            Address::Email(email) => (Vec::new(), vec![email]),
        };
        Self { phones, emails, is_shared: true, ..Self::default() }
    }

    /// Reads the platform's answer; `region` as for [`e164`]. What is not as the model says is left out: less is known
    /// then, and nothing wrong.
    pub(crate) fn read(answer: &Value, region: Option<Region>) -> Self {
        let text =
            |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let ids = answer["externalIds"].as_array().into_iter().flatten();
        let external_ids = ids.filter_map(|id| {
            let source = &id["externalSource"];
            Some(ExternalId {
                source: [text(&source["name"]), text(&source["id"])],
                value: text(&id["value"])?,
            })
        });
        let phone = |name: &&str| {
            let phone = &answer[*name];
            let written = ["e164", "display", "userInput"].map(|form| text(&phone[form]));
            // A number without its country's code may be of the country that the model has beside it.
            let region = text(&phone["countryCode"]).and_then(|code| code.parse().ok()).or(region);
            written.into_iter().flatten().find_map(|written| e164(&written, region))
        };
        Self {
            external_ids: external_ids.collect(),
            phones: distinct(PHONES.iter().filter_map(phone)),
            emails: distinct(EMAILS.iter().filter_map(|name| text(&answer[*name]))),
            is_shared: false,
        }
    }
}

fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_phones_and_addresses_are_read() {
        let answer = json!({
            "id": "7b8a6a1c-0000-5000-8000-000000000001",
            "externalIds": [
                {"externalSource": {"id": "s1", "name": "salesforce"}, "value": "C-000001"},
                {"externalSource": {"id": "s2"}, "value": "1000001"},
                {"externalSource": {"id": "s3"}, "value": " "},
                {"value": 5},
            ],
            "workPhone": {"display": "030 901820", "countryCode": "DE"},
            "cellPhone": {"display": "+1 317-200-0001", "e164": "+13172000001"},
            "homePhone": {"display": "(317) 200-0001"},
            "otherPhone": "none",
            "workEmail": "ada@example.com",
            "personalEmail": "ada@example.com",
        });
        let contact = Contact::read(&answer, Some(Region::US));
        let source = |name: Option<&str>, id: &str| [name.map(str::to_owned), Some(id.to_owned())];
        assert_eq!(
            contact.external_ids,
            [
                ExternalId { source: source(Some("salesforce"), "s1"), value: "C-000001".to_owned() },
                ExternalId { source: source(None, "s2"), value: "1000001".to_owned() },
            ]
        );
        assert_eq!(contact.phones, ["+13172000001", "+4930901820"]);
        assert_eq!(contact.emails, ["ada@example.com"]);
        for nothing in [json!({}), json!([]), json!(null), json!({"externalIds": {}, "workPhone": 7})] {
            assert_eq!(Contact::read(&nothing, None), Contact::default());
        }
    }
}
