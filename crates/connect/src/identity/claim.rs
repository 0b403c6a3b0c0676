//! What an event says of its customer.

use trunkline_profiles::address;
use uuid::Uuid;

/// What an event says of its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The id of an external contact of Genesys Cloud.
    Contact(Uuid),
    /// A phone number, as it was written; it may be the customer's number as well.
    Phone(String),
    /// An e-mail address; it may be the customer's number as well.
    Email(String),
    /// The customer's number.
    Number(String),
}

/// Of a UUID with its four hyphens (RFC 9562).
const UUID_CHARACTERS: usize = 36;

// === impl Claim ===

impl Claim {
    /// What an event's `customerId` is, by its form: external contacts have UUIDs, which are customers' numbers where
    /// no contacts can be asked.
    pub(crate) fn of(customer: &str, asks_contacts: bool) -> Self {
        let customer = customer.trim();
        // In the usual form alone: 32 digits without hyphens are how other systems write ids of their own.
        if asks_contacts
            && customer.len() == UUID_CHARACTERS
            && let Ok(contact) = Uuid::try_parse(customer)
        {
            return Self::Contact(contact);
        }
        if is_phone(customer) {
            return Self::Phone(customer.to_owned());
        }
        match customer.strip_prefix("mailto:").unwrap_or(customer) {
            written if address::is_email(written) => Self::Email(written.to_owned()),
            _ => Self::Number(customer.to_owned()),
        }
    }
}

/// Only with its country's code or the scheme of RFC 3966: a number of nothing but digits is a customer's.
fn is_phone(text: &str) -> bool {
    let rest = text.strip_prefix("tel:").or_else(|| text.starts_with('+').then_some(text));
    rest.is_some_and(address::is_phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_what_it_is() {
        let contact = "7b8a6a1c-0000-5000-8000-000000000001";
        assert_eq!(Claim::of(contact, true), Claim::Contact(Uuid::try_parse(contact).unwrap()));
        assert_eq!(Claim::of(contact, false), Claim::Number(contact.to_owned()));
        for phone in ["+13172000001", "tel:+49 30 901-820", "tel:0309018200"] {
            assert_eq!(Claim::of(phone, true), Claim::Phone(phone.to_owned()));
        }
        for (written, email) in
            [("ada@example.com", "ada@example.com"), (" mailto:a@b.example ", "a@b.example")]
        {
            assert_eq!(Claim::of(written, true), Claim::Email(email.to_owned()));
        }
        for number in
            ["C-000001", "1000001", "+1", "tel:anonymous", "a@b@c.d", "@x.y", "a@localhost", "a b@c.d"]
        {
            assert_eq!(Claim::of(number, true), Claim::Number(number.to_owned()));
        }
    }
}
