//! The contacts of the directory that a search by an address found.

use std::collections::BTreeMap;

use phonenumber::country::Id;
use serde_json::Value;

use crate::evidence::Call;
use crate::judge::systems::contacts_found;
use crate::percent::decoded;
use crate::phone;

/// Contacts that have the address, by their id; one that was merged is the one that it was merged into. `None` of one
/// of which the search tells nothing but that.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found(pub(super) BTreeMap<String, Option<Value>>);

/// So many are told at most (GC-SDK, `getExternalcontactsReversewhitepageslookup`): there may be more.
const MOST_FOUND: usize = 25;

/// Fields of a contact with a phone number, and with an e-mail address (GC-SDK, ExternalContact).
pub(super) const PHONES: [&str; 4] = ["workPhone", "cellPhone", "homePhone", "otherPhone"];
pub(super) const EMAILS: [&str; 3] = ["workEmail", "personalEmail", "otherEmail"];

// === impl Found ===

impl Found {
    /// What this call found; `None` where it is no such search, or where there may be others of which nothing is known.
    /// `region` is the country of phone numbers that are written without one.
    pub(super) fn of(call: &Call, region: Option<Id>) -> Option<Self> {
        if call.system != "genesys" || !call.succeeded() {
            return None;
        }
        let told = contacts_found(call).filter(|told| told.len() < MOST_FOUND)?;
        let asked = address_asked_for(&call.path)?;
        let mut found: BTreeMap<String, Option<Value>> = BTreeMap::new();
        for contact in told.into_iter().filter(|contact| has(contact, &asked, region)) {
            let id = |value: &Value| value["id"].as_str().map(str::to_lowercase);
            let Some(own) = id(&contact) else { continue };
            match id(&contact["canonicalContact"]).filter(|canonical| *canonical != own) {
                Some(canonical) => drop(found.entry(canonical).or_default()),
                // The one that others were merged into names itself.
                None => drop(found.insert(own, Some(contact))),
            }
        }
        Some(Self(found))
    }
}

/// The phone number in E.164 or e-mail address that a search in the directory is for; `None` of other questions.
pub(super) fn address_asked_for(path: &str) -> Option<String> {
    Some(decoded(path.rsplit_once("lookupVal=")?.1.split('&').next()?))
}

/// Whether a contact has this phone number in E.164, or this e-mail address. Whatever else the platform finds by such a
/// text is nobody with it.
fn has(contact: &Value, address: &str, region: Option<Id>) -> bool {
    if !address.starts_with('+') {
        let mut emails = EMAILS.iter().filter_map(|name| contact[*name].as_str());
        return emails.any(|email| email.trim().eq_ignore_ascii_case(address));
    }
    let number = |name: &&str| {
        let phone = &contact[*name];
        let region = phone["countryCode"].as_str().and_then(|code| code.parse().ok()).or(region);
        let mut forms = ["e164", "display", "userInput"].iter().filter_map(|form| phone[*form].as_str());
        forms.find_map(|written| phone::e164(written, region))
    };
    PHONES.iter().filter_map(number).any(|number| number == address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(address: &str, contacts: &[Value], region: Option<Id>) -> Option<Vec<(String, bool)>> {
        let call = Call {
            system: "genesys".into(),
            path: format!("/api/v2/externalcontacts/reversewhitepageslookup?lookupVal={address}"),
            status: 200,
            answer: Some(json!({ "contacts": contacts }).to_string()),
            ..Call::default()
        };
        let found = Found::of(&call, region)?.0;
        Some(found.into_iter().map(|(id, contact)| (id, contact.is_some())).collect())
    }

    #[test]
    fn contacts_count_once_each_where_they_have_the_address() {
        let contact = |id: &str, phone: &Value| json!({"id": id, "workPhone": phone});
        let merged = |id: &str, into: &str| json!({"id": id, "canonicalContact": {"id": into}, "workPhone": {"e164": "+4930901820"}});
        let (one, other) = (json!({"e164": "+4930901820"}), json!({"e164": "+4930901821"}));
        let local = json!({"display": "030 901820"});
        let german = json!({"display": "030 901820", "countryCode": "DE"});
        let known = |id: &str| (id.to_owned(), true);
        for (contacts, expected) in [
            (vec![], vec![]),
            (vec![contact("A", &one), contact("b", &german)], vec![known("a"), known("b")]),
            (vec![contact("a", &one), contact("b", &other), contact("c", &json!({}))], vec![known("a")]),
            (vec![contact("a", &local)], vec![]),
            (vec![merged("d", "a"), contact("a", &one), merged("e", "A")], vec![known("a")]),
            (vec![merged("a", "a"), merged("d", "a")], vec![known("a")]),
            (vec![contact("a", &one), merged("d", "z")], vec![known("a"), ("z".to_owned(), false)]),
        ] {
            assert_eq!(ids("%2B4930901820", &contacts, None), Some(expected), "{contacts:?}");
        }
        let in_germany = ids("%2B4930901820", &[contact("a", &local)], Some(Id::DE));
        assert_eq!(in_germany, Some(vec![known("a")]));
        let many = vec![contact("a", &one); MOST_FOUND];
        assert_eq!(ids("%2B4930901820", &many, None), None, "there may be more");
        let mail = json!({"id": "a", "otherEmail": "Ada@example.com"});
        assert_eq!(ids("ada%40example.com&x=1", &[mail], None), Some(vec![known("a")]));
    }
}
