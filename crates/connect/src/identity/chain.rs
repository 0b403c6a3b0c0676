//! From one key's answer to the next key, or to the outcome.

use std::iter::Peekable;
use std::vec::IntoIter;

use crate::lookup::{Found, FoundCustomer, ProfileKey};

/// A search for a customer in one system, key by key. The keys of one kind count together: two phone numbers of a
/// contact that are two customers' choose neither.
#[derive(Debug)]
pub(crate) struct Chain {
    keys: Peekable<IntoIter<ProfileKey>>,
    /// What kind of key was asked for last.
    by: &'static str,
    /// Who was found by keys of that kind, none twice.
    found: Vec<FoundCustomer>,
    /// How many a key of that kind fitted, where it fitted several.
    shared_by: Option<usize>,
    /// By which kind of key so many were found, the first time that there were several.
    several: Option<(&'static str, usize)>,
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Ask for this key.
    Ask(ProfileKey),
    /// The search is over.
    Done(Outcome),
}

/// What a search came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Exactly one customer.
    Exact {
        /// The kind of key that he was found by.
        by: &'static str,
        /// Who.
        customer: FoundCustomer,
    },
    /// Several, of whom none is chosen.
    Ambiguous {
        /// The kind of key that they were found by.
        by: &'static str,
        /// How many, up to as many as are read.
        candidates: usize,
    },
    /// Nobody.
    None,
}

// === impl Chain ===

impl Chain {
    /// Searches by these keys, in this order.
    pub(crate) fn new(keys: Vec<ProfileKey>) -> Self {
        let keys = keys.into_iter().peekable();
        Self { keys, by: "", found: Vec::new(), shared_by: None, several: None }
    }

    /// Takes in what the last key found; `None` where none was asked for yet. A kind of key that fits several does not
    /// end the search: a later one may fit only one.
    pub(crate) fn next(&mut self, found: Option<Found>) -> Next {
        match found {
            Some(Found::One(customer)) if !self.found.iter().any(|known| is_same(known, &customer)) => {
                self.found.push(customer);
            }
            Some(Found::Several(candidates)) => {
                self.shared_by = Some(self.shared_by.unwrap_or(0).max(candidates));
            }
            Some(Found::One(_) | Found::None) | None => {}
        }
        if let Some(key) = self.keys.next_if(|key| key.kind() == self.by) {
            return Next::Ask(key);
        }
        if self.found.len() == 1 {
            return Next::Done(Outcome::Exact { by: self.by, customer: self.found.remove(0) });
        }
        let candidates = self.found.len().max(self.shared_by.take().unwrap_or(0));
        self.found.clear();
        if candidates > 1 {
            self.several.get_or_insert((self.by, candidates));
        }
        match (self.keys.next(), self.several) {
            (Some(key), _) => {
                self.by = key.kind();
                Next::Ask(key)
            }
            (None, Some((by, candidates))) => Next::Done(Outcome::Ambiguous { by, candidates }),
            (None, None) => Next::Done(Outcome::None),
        }
    }
}

/// Whether two answers are about one customer: by the system's own id, where both have it, else by the number.
fn is_same(one: &FoundCustomer, other: &FoundCustomer) -> bool {
    match (&one.record_id, &other.record_id) {
        (Some(one), Some(other)) => one == other,
        _ => one.number.is_some() && one.number == other.number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone() -> ProfileKey {
        ProfileKey::Phone("+4930901820".to_owned())
    }

    fn email() -> ProfileKey {
        ProfileKey::Email("ada@example.com".to_owned())
    }

    #[test]
    fn the_first_key_that_fits_one_customer_ends_the_search() {
        let mut chain = Chain::new(vec![phone(), email()]);
        assert_eq!(chain.next(None), Next::Ask(phone()));
        let customer = FoundCustomer { number: Some("C-1".to_owned()), ..FoundCustomer::default() };
        let exact = Outcome::Exact { by: "phone", customer: customer.clone() };
        assert_eq!(chain.next(Some(Found::One(customer))), Next::Done(exact));
    }

    #[test]
    fn several_are_nobody_unless_another_key_fits_one() {
        let mut chain = Chain::new(vec![phone(), email()]);
        chain.next(None);
        assert_eq!(chain.next(Some(Found::Several(2))), Next::Ask(email()));
        let ambiguous = Outcome::Ambiguous { by: "phone", candidates: 2 };
        assert_eq!(chain.next(Some(Found::None)), Next::Done(ambiguous));

        let mut chain = Chain::new(vec![phone(), email()]);
        chain.next(None);
        chain.next(Some(Found::Several(2)));
        let one = FoundCustomer::default();
        let exact = Outcome::Exact { by: "email", customer: one.clone() };
        assert_eq!(chain.next(Some(Found::One(one))), Next::Done(exact));
    }

    #[test]
    fn nobody_is_found_by_no_keys_and_by_keys_that_fit_nobody() {
        assert_eq!(Chain::new(Vec::new()).next(None), Next::Done(Outcome::None));
        let mut chain = Chain::new(vec![phone()]);
        chain.next(None);
        assert_eq!(chain.next(Some(Found::None)), Next::Done(Outcome::None));
    }

    #[test]
    fn the_keys_of_one_kind_count_together() {
        let other = ProfileKey::Phone("+4930901821".to_owned());
        let customer =
            |id: &str| FoundCustomer { record_id: Some(id.to_owned()), ..FoundCustomer::default() };
        let by = "phone";
        for (first, second, outcome) in [
            (
                Found::One(customer("1")),
                Found::One(customer("1")),
                Outcome::Exact { by, customer: customer("1") },
            ),
            (Found::One(customer("1")), Found::None, Outcome::Exact { by, customer: customer("1") }),
            (Found::One(customer("1")), Found::One(customer("2")), Outcome::Ambiguous { by, candidates: 2 }),
            // The number of a house that many have says nothing against one's own.
            (Found::Several(9), Found::One(customer("1")), Outcome::Exact { by, customer: customer("1") }),
        ] {
            let mut chain = Chain::new(vec![phone(), other.clone()]);
            assert_eq!(chain.next(None), Next::Ask(phone()));
            assert_eq!(chain.next(Some(first)), Next::Ask(other.clone()));
            assert_eq!(chain.next(Some(second)), Next::Done(outcome));
        }
    }
}
