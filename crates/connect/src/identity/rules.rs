//! What is configured of identities, and the keys that follow.

use std::collections::BTreeMap;

use trunkline_config::{Identity, ProfileMapping, SearchBy, Target};
use trunkline_profiles::address::{Address, Region, e164};

use super::claim::Claim;
use super::contact::Contact;
use super::fingerprint;
use crate::lookup::ProfileKey;

/// Keys that a system is asked for at most: a contact with dozens of numbers costs no more.
const MOST_KEYS: usize = 6;

/// What is configured of identities.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    identity: Identity,
    region: Option<Region>,
    /// What decides who is found in a target, by its name.
    fingerprints: BTreeMap<String, String>,
}

// === impl Rules ===

impl Rules {
    /// Takes over what is configured, of identities and of the targets that are asked; `None` where the region is no
    /// country.
    pub(crate) fn new<'t>(identity: Identity, targets: impl IntoIterator<Item = &'t Target>) -> Option<Self> {
        let region = match &identity.region {
            Some(region) => Some(region.parse().ok()?),
            None => None,
        };
        let of_target = |target: &Target| (target.name.clone(), fingerprint::of(&identity, target));
        let fingerprints = targets.into_iter().map(of_target).collect();
        Some(Self { identity, region, fingerprints })
    }

    /// The country of numbers that are written without their country's code.
    pub(crate) fn region(&self) -> Option<Region> {
        self.region
    }

    /// For how long it holds who somebody is; milliseconds.
    pub(crate) fn keep_ms(&self) -> i64 {
        i64::try_from(self.identity.keep.as_millis()).unwrap_or(i64::MAX)
    }

    /// A fingerprint of all that decides who is found in a target: what was found under other settings means nothing.
    pub(crate) fn settings(&self, target: &Target) -> &str {
        self.fingerprints.get(&target.name).map_or("", String::as_str)
    }

    /// The keys by which a target is asked for the customer of an event, in order; `contact` is what the external
    /// contact says, where the event names one, or one has the address. Nothing comes after a number that the contact
    /// has for the target: who has that number is not searched by a phone that others may have as well.
    pub(crate) fn keys(&self, target: &Target, claim: &Claim, contact: Option<&Contact>) -> Vec<ProfileKey> {
        let mut keys: Vec<ProfileKey> = Vec::new();
        for by in &self.identity.by {
            let told = contact.map(|contact| self.keys_of_contact(*by, target, contact)).unwrap_or_default();
            let is_told = *by == SearchBy::Number && !told.is_empty();
            let own = if is_told { Vec::new() } else { self.keys_by(*by, target, claim) };
            for key in own.into_iter().chain(told) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            if is_told {
                break;
            }
        }
        keys.truncate(MOST_KEYS);
        keys
    }

    /// How many customers of a target contacts that share an address are, by their numbers there; `None` where they
    /// are not several. None of them is chosen, not even where the target has only one of the numbers: the address is
    /// that of the others as well.
    pub(crate) fn sharers(&self, target: &Target, contact: &Contact) -> Option<usize> {
        let counts = contact.is_shared && self.identity.by.contains(&SearchBy::Number);
        let numbers = contact.numbers_of(self.identity.sources.get(&target.name)?).len();
        (counts && numbers > 1).then_some(numbers)
    }

    /// By which address contacts and customers are searched of whom an event says only that; `None` where it says
    /// something else, or they are not searched by it.
    pub(crate) fn address(&self, claim: &Claim) -> Option<Address> {
        let by = |by| self.identity.by.contains(&by);
        match claim {
            Claim::Phone(written) if by(SearchBy::Phone) => e164(written, self.region).map(Address::Phone),
            Claim::Email(address) if by(SearchBy::Email) => Some(Address::Email(address.clone())),
            _ => None,
        }
    }

    /// Whether a target can be searched by phone, or by e-mail.
    fn searches(&self, by: SearchBy, target: &Target) -> bool {
        let fields = |mapping: &ProfileMapping| match by {
            SearchBy::Number => true,
            SearchBy::Phone => !mapping.record.phone.is_empty(),
            SearchBy::Email => !mapping.record.email.is_empty(),
        };
        self.identity.by.contains(&by) && target.profile.as_ref().is_some_and(fields)
    }

    /// Whether the numbers that events themselves name are a target's.
    fn knows_numbers_of_events(&self, target: &Target) -> bool {
        self.identity.numbers.as_ref().is_none_or(|targets| targets.contains(&target.name))
    }

    /// What the event says itself.
    fn keys_by(&self, by: SearchBy, target: &Target, claim: &Claim) -> Vec<ProfileKey> {
        match (by, claim) {
            (SearchBy::Number, Claim::Contact(_)) => Vec::new(),
            // The number of one system is no other's.
            (SearchBy::Number, _) if !self.knows_numbers_of_events(target) => Vec::new(),
            // A phone number or an address is a customer's number only where there is no better use of it.
            (SearchBy::Number, Claim::Phone(_)) if self.searches(SearchBy::Phone, target) => Vec::new(),
            (SearchBy::Number, Claim::Email(_)) if self.searches(SearchBy::Email, target) => Vec::new(),
            (SearchBy::Number, Claim::Phone(number) | Claim::Email(number) | Claim::Number(number)) => {
                vec![ProfileKey::Number(number.clone())]
            }
            (SearchBy::Phone, Claim::Phone(written)) => {
                e164(written, self.region).map(ProfileKey::Phone).into_iter().collect()
            }
            (SearchBy::Email, Claim::Email(address)) => vec![ProfileKey::Email(address.clone())],
            (SearchBy::Phone | SearchBy::Email, _) => Vec::new(),
        }
    }

    /// What the external contact says.
    fn keys_of_contact(&self, by: SearchBy, target: &Target, contact: &Contact) -> Vec<ProfileKey> {
        match by {
            SearchBy::Number => {
                let source = self.identity.sources.get(&target.name);
                let numbers = source.map(|source| contact.numbers_of(source)).unwrap_or_default();
                numbers.into_iter().map(|number| ProfileKey::Number(number.to_owned())).collect()
            }
            SearchBy::Phone => contact.phones.iter().cloned().map(ProfileKey::Phone).collect(),
            SearchBy::Email => contact.emails.iter().cloned().map(ProfileKey::Email).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_systems::System;
    use uuid::Uuid;

    use super::*;

    fn rules(by: &[SearchBy]) -> Rules {
        let identity = Identity {
            by: by.to_vec(),
            sources: [("crm".to_owned(), "salesforce".to_owned())].into(),
            region: Some("DE".to_owned()),
            ..Identity::default()
        };
        Rules::new(identity, [&crm(), &erp()]).unwrap()
    }

    /// Salesforce's standard account has a field with a phone number, and none with an address.
    fn crm() -> Target {
        crate::testing::target_with_token("http://127.0.0.1:1")
    }

    fn erp() -> Target {
        let profile = ProfileMapping::standard(System::Sap);
        Target { name: "erp".to_owned(), system: System::Sap, profile, ..crm() }
    }

    #[test]
    fn a_contact_gives_each_system_its_own_number_or_its_phones_and_addresses() {
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
        // What the platform says the number is, no phone overrules.
        assert_eq!(all.keys(&crm(), &claim, Some(&contact)), std::slice::from_ref(&number));
        // The number of one system is no other's.
        assert_eq!(all.keys(&erp(), &claim, Some(&contact)), [phone, email.clone()]);
        let some = rules(&[SearchBy::Email, SearchBy::Number]);
        assert_eq!(some.keys(&crm(), &claim, Some(&contact)), [email, number]);
        assert_eq!(all.keys(&crm(), &claim, None), []);
    }

    #[test]
    fn what_an_event_says_itself_is_a_number_where_nothing_else_can_be_made_of_it() {
        let all = rules(&[SearchBy::Number, SearchBy::Phone, SearchBy::Email]);
        let keys = |customer: &str| all.keys(&crm(), &Claim::of(customer, true), None);
        assert_eq!(keys("C-1"), [ProfileKey::Number("C-1".to_owned())]);
        assert_eq!(keys("+49 30 901820"), [ProfileKey::Phone("+4930901820".to_owned())]);
        let address = "a@b.example".to_owned();
        let (number, email) = (ProfileKey::Number(address.clone()), ProfileKey::Email(address.clone()));
        assert_eq!(keys(&address), [number, email]);
        let by_phone = rules(&[SearchBy::Phone]);
        assert_eq!(by_phone.keys(&crm(), &Claim::of("C-1", true), None), []);
    }

    #[test]
    fn a_number_of_one_system_is_no_others() {
        let number = ProfileKey::Number("C-1".to_owned());
        let mut rules = rules(&[SearchBy::Number, SearchBy::Email]);
        rules.identity.numbers = Some(vec!["crm".to_owned()]);
        let claim = Claim::of("C-1", true);
        assert_eq!(rules.keys(&crm(), &claim, None), [number]);
        assert_eq!(rules.keys(&erp(), &claim, None), []);
        let email = ProfileKey::Email("a@b.example".to_owned());
        assert_eq!(rules.keys(&erp(), &Claim::of("a@b.example", true), None), [email]);
    }

    #[test]
    fn other_settings_are_told_apart() {
        let (some, all) = (rules(&[SearchBy::Email]), rules(&[SearchBy::Email, SearchBy::Phone]));
        assert_eq!(some.settings(&crm()), rules(&[SearchBy::Email]).settings(&crm()));
        assert_ne!(some.settings(&crm()), all.settings(&crm()));
        assert_ne!(some.settings(&crm()), some.settings(&erp()));
        let elsewhere = Target { base_url: "http://127.0.0.1:2".to_owned(), ..crm() };
        assert_ne!(some.settings(&crm()), fingerprint::of(&some.identity, &elsewhere));
    }

    #[test]
    fn a_region_is_a_country() {
        let identity = Identity { region: Some("XX".to_owned()), ..Identity::default() };
        assert!(Rules::new(identity, []).is_none());
    }
}
