//! What is known of a customer before any system is asked, for questions that name him by it.

use trunkline_profiles::address::e164;

use super::claim::Claim;
use super::contact::Contact;
use super::rules::Rules;

/// What is known of a customer. Of several phone numbers or addresses of an external contact it is the first: the
/// customer's own before those of the office.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The customer's number; an external contact has one for each external source.
    pub(crate) number: Option<String>,
    /// A phone number in E.164.
    pub(crate) phone: Option<String>,
    /// An e-mail address.
    pub(crate) email: Option<String>,
}

// === impl Rules ===

impl Rules {
    /// What is known of the customer of an event; `contact` is what the external contact says, where the event names
    /// one, and `external_source` says which of its numbers counts.
    pub(crate) fn known(
        &self,
        claim: &Claim,
        contact: Option<&Contact>,
        external_source: Option<&str>,
    ) -> Known {
        // Of several numbers none is the customer's for sure.
        let number_of = |contact: &Contact| match contact.numbers_of(external_source?).as_slice() {
            [number] => Some((*number).to_owned()),
            _ => None,
        };
        let of_contact = Known {
            number: contact.and_then(number_of),
            phone: contact.and_then(|contact| contact.phones.first().cloned()),
            email: contact.and_then(|contact| contact.emails.first().cloned()),
        };
        match claim {
            Claim::Contact(_) => of_contact,
            Claim::Number(number) => Known { number: Some(number.clone()), ..Known::default() },
            Claim::Phone(written) => Known { phone: e164(written, self.region()), ..of_contact },
            Claim::Email(address) => Known { email: Some(address.clone()), ..of_contact },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_config::Identity;

    use super::*;

    #[test]
    fn what_is_known_is_what_the_event_or_its_contact_says() {
        let rules =
            Rules::new(Identity { region: Some("DE".to_owned()), ..Identity::default() }, []).unwrap();
        let answer = json!({
            "externalIds": [{"externalSource": {"name": "points"}, "value": "M-7"}],
            "workPhone": {"e164": "+4930901820"},
            "cellPhone": {"e164": "+13172000001"},
            "workEmail": "ada@example.com",
        });
        let contact = Contact::read(&answer, None);
        let text = |text: &str| Some(text.to_owned());
        let (phone, email) = (text("+13172000001"), text("ada@example.com"));
        let of_contact = |source| rules.known(&Claim::Contact(uuid::Uuid::nil()), Some(&contact), source);
        let with_number = Known { number: text("M-7"), phone: phone.clone(), email: email.clone() };
        assert_eq!(of_contact(Some("points")), with_number);
        assert_eq!(
            of_contact(Some("crm")),
            Known { number: None, phone: phone.clone(), email: email.clone() }
        );
        assert_eq!(of_contact(None).number, None);
        assert_eq!(rules.known(&Claim::Contact(uuid::Uuid::nil()), None, None), Known::default());
        for (customer, known) in [
            ("C-1", Known { number: text("C-1"), ..Known::default() }),
            ("tel:030/901820", Known { phone: text("+4930901820"), ..Known::default() }),
            ("ada@example.com", Known { email, ..Known::default() }),
        ] {
            assert_eq!(rules.known(&Claim::of(customer, true), None, Some("points")), known);
        }
    }
}
