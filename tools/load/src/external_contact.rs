//! By what Genesys' own directory knows a customer.
//!
//! Events name a contact of that directory, and never the numbers that the CRMs know the customer by. What the contact
//! says decides how a customer can be found in the CRMs:
//!
//! | customers | the contact has |
//! |---|---|
//! | nearly all | the number of each CRM as an external id, a phone number and an e-mail address |
//! | 1 in [`WITHOUT_NUMBER`] | a phone number and an e-mail address |
//! | 1 in [`WITHOUT_ANYTHING`] | a name and nothing to find anybody by |
//!
//! Independently of that, 1 in [`MERGED`] contacts was merged: the id that events carry answers, and names another one
//! as the canonical contact. 1 in [`UNLISTED`] is in a division that is not searched by phone numbers and addresses,
//! and so are all contacts with its phone number. And a phone number may be that of two customers
//! ([`SHARED_PHONES`](crate::customers::SHARED_PHONES)).

use uuid::Uuid;

use crate::customers::{Customer, draw, phone_of};

/// One customer in so many has a contact without the CRMs' numbers.
pub const WITHOUT_NUMBER: u64 = 25;
/// One customer in so many has a contact that leads to nobody.
pub const WITHOUT_ANYTHING: u64 = 50;
/// One customer in so many has a contact that was merged into another one.
pub const MERGED: u64 = 30;
/// One customer in so many has a contact that is found by its id alone.
pub const UNLISTED: u64 = 4;

/// A contact, as far as it can lead to a customer of the CRMs. Every fact is a function of the customer's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalContact {
    /// The id that events carry.
    pub id: Uuid,
    /// The contact that it was merged into; `None` for one that was not.
    pub canonical: Option<Uuid>,
    /// Whether it has the numbers by which the CRMs know the customer.
    pub has_numbers: bool,
    /// E.164 phone number.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether a search by the phone number or the address finds it.
    pub is_listed: bool,
}

// === impl ExternalContact ===

impl ExternalContact {
    /// The contact of a customer.
    #[must_use]
    pub fn of(customer: &Customer) -> Self {
        // Disjoint shares of one draw: a contact without anything is none without its number only.
        let drawn = draw(customer.number, 7) % (2 * WITHOUT_NUMBER * WITHOUT_ANYTHING);
        let without_anything = drawn < 2 * WITHOUT_NUMBER;
        let without_number = without_anything || drawn < 2 * (WITHOUT_NUMBER + WITHOUT_ANYTHING);
        let merged = draw(customer.number, 8).is_multiple_of(MERGED);
        Self {
            id: customer.contact_id,
            canonical: merged.then(|| Uuid::new_v5(&customer.contact_id, b"canonical")),
            has_numbers: !without_number,
            phone: (!without_anything).then(|| customer.phone.clone()),
            email: (!without_anything).then(|| customer.email.clone()),
            is_listed: !draw(phone_of(customer.number), 10).is_multiple_of(UNLISTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_lead_to_customers_in_the_shares_that_are_told() {
        let all: Vec<ExternalContact> =
            (1..=10_000).map(|number| ExternalContact::of(&Customer::of(number))).collect();
        let share = |matches: fn(&ExternalContact) -> bool, one_in: u64| {
            let count = all.iter().filter(|contact| matches(contact)).count();
            let relative = count as f64 * one_in as f64 / all.len() as f64;
            assert!((0.8..1.2).contains(&relative), "1 in {one_in}: {count} of {}", all.len());
            assert!(all[..500].iter().any(matches), "a small day has them as well");
        };
        share(|contact| !contact.has_numbers && contact.phone.is_some(), WITHOUT_NUMBER);
        share(|contact| contact.phone.is_none(), WITHOUT_ANYTHING);
        share(|contact| contact.canonical.is_some(), MERGED);
        share(|contact| !contact.is_listed, UNLISTED);
        for contact in &all {
            assert!(contact.phone.is_some() == contact.email.is_some());
            assert!(!contact.has_numbers || contact.phone.is_some());
            assert_ne!(contact.canonical, Some(contact.id));
        }
    }

    /// Tests name the first customers where any would do.
    #[test]
    fn the_first_customers_are_ordinary() {
        let first: Vec<Customer> = (1..=4).map(Customer::of).collect();
        for customer in &first[..3] {
            let contact = ExternalContact::of(customer);
            assert_eq!((contact.has_numbers, contact.canonical), (true, None));
        }
        assert!(first.windows(2).all(|pair| pair[0].phone != pair[1].phone));
    }
}
