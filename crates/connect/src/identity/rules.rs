//! What is configured of identities, and the keys that follow.

use phonenumber::country::Id;
use trunkline_config::{Identity, SearchBy};

use super::claim::Claim;
use super::contact::Contact;
use super::phone::e164;
use crate::lookup::ProfileKey;

/// Keys that a system is asked for at most: a contact with dozens of numbers costs no more.
const MOST_KEYS: usize = 6;

/// What is configured of identities.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    identity: Identity,
    region: Option<Id>,
}

// === impl Rules ===

impl Rules {
    /// Takes over what is configured; `None` where the region is no country.
    pub(crate) fn new(identity: Identity) -> Option<Self> {
        let region = match &identity.region {
            Some(region) => Some(region.parse().ok()?),
            None => None,
        };
        Some(Self { identity, region })
    }

    /// The country of numbers that are written without their country's code.
    pub(crate) fn region(&self) -> Option<Id> {
        self.region
    }

    /// For how long it holds who somebody is; milliseconds.
    pub(crate) fn keep_ms(&self) -> i64 {
        i64::try_from(self.identity.keep.as_millis()).unwrap_or(i64::MAX)
    }

    /// The keys by which a target is asked for the customer of an event, in order; `contact` is what the external
    /// contact says, where the event names one.
    pub(crate) fn keys(&self, target: &str, claim: &Claim, contact: Option<&Contact>) -> Vec<ProfileKey> {
        let mut keys: Vec<ProfileKey> = Vec::new();
        for by in &self.identity.by {
            for key in self.keys_by(*by, target, claim, contact) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys.truncate(MOST_KEYS);
        keys
    }

    fn keys_by(
        &self,
        by: SearchBy,
        target: &str,
        claim: &Claim,
        contact: Option<&Contact>,
    ) -> Vec<ProfileKey> {
        match (by, claim) {
            (SearchBy::Number, Claim::Contact(_)) => {
                let source = self.identity.sources.get(target).map(String::as_str);
                let of_source =
                    |told: &[Option<String>; 2]| told.iter().any(|told| told.as_deref() == source);
                let ids = contact.into_iter().flat_map(|contact| &contact.external_ids);
                let ids = ids.filter(|id| source.is_some() && of_source(&id.source));
                ids.map(|id| ProfileKey::Number(id.value.clone())).collect()
            }
            (SearchBy::Number, Claim::Phone(number) | Claim::Email(number) | Claim::Number(number)) => {
                vec![ProfileKey::Number(number.clone())]
            }
            (SearchBy::Phone, Claim::Contact(_)) => {
                let phones = contact.into_iter().flat_map(|contact| &contact.phones);
                phones.cloned().map(ProfileKey::Phone).collect()
            }
            (SearchBy::Phone, Claim::Phone(written)) => {
                e164(written, self.region).map(ProfileKey::Phone).into_iter().collect()
            }
            (SearchBy::Email, Claim::Contact(_)) => {
                let emails = contact.into_iter().flat_map(|contact| &contact.emails);
                emails.cloned().map(ProfileKey::Email).collect()
            }
            (SearchBy::Email, Claim::Email(address)) => vec![ProfileKey::Email(address.clone())],
            (SearchBy::Phone | SearchBy::Email, _) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn rules(by: &[SearchBy]) -> Rules {
        let identity = Identity {
            by: by.to_vec(),
            sources: [("crm".to_owned(), "salesforce".to_owned())].into(),
            region: Some("DE".to_owned()),
            ..Identity::default()
        };
        Rules::new(identity).unwrap()
    }

    #[test]
    fn a_contact_gives_each_system_its_own_number_and_all_of_them_phones_and_addresses() {
        let answer = json!({
            "externalIds": [{"externalSource": {"id": "s1", "name": "salesforce"}, "value": "C-1"}],
            "cellPhone": {"e164": "+4930901820"},
            "workEmail": "ada@example.com",
        });
        let contact = Contact::read(&answer, None);
        let claim = Claim::Contact(Uuid::nil());
        let (number, phone, email) = (
            ProfileKey::Number("C-1".to_owned()),
            ProfileKey::Phone("+4930901820".to_owned()),
            ProfileKey::Email("ada@example.com".to_owned()),
        );
        let all = rules(&[SearchBy::Number, SearchBy::Phone, SearchBy::Email]);
        assert_eq!(all.keys("crm", &claim, Some(&contact)), [number.clone(), phone.clone(), email.clone()]);
        // The number of one system is no other's.
        assert_eq!(all.keys("erp", &claim, Some(&contact)), [phone.clone(), email.clone()]);
        let some = rules(&[SearchBy::Email, SearchBy::Number]);
        assert_eq!(some.keys("crm", &claim, Some(&contact)), [email, number]);
        assert_eq!(all.keys("crm", &claim, None), []);
    }

    #[test]
    fn what_an_event_says_itself_may_be_a_number_too() {
        let all = rules(&[SearchBy::Number, SearchBy::Phone, SearchBy::Email]);
        let keys = |customer: &str| all.keys("crm", &Claim::of(customer, true), None);
        assert_eq!(keys("C-1"), [ProfileKey::Number("C-1".to_owned())]);
        let (raw, phone) = ("+49 30 901820", "+4930901820");
        assert_eq!(keys(raw), [ProfileKey::Number(raw.to_owned()), ProfileKey::Phone(phone.to_owned())]);
        let address = "a@b.example".to_owned();
        assert_eq!(keys(&address), [ProfileKey::Number(address.clone()), ProfileKey::Email(address)]);
        let by_phone = rules(&[SearchBy::Phone]);
        assert_eq!(by_phone.keys("crm", &Claim::of("C-1", true), None), []);
    }

    #[test]
    fn a_region_is_a_country() {
        let identity = Identity { region: Some("XX".to_owned()), ..Identity::default() };
        assert!(Rules::new(identity).is_none());
    }
}
