//! Under which keys `customer.profiles` has somebody, however the number or the address was typed.

use std::collections::BTreeSet;

use trunkline_profiles::address::{Address, Region};

/// Whom somebody means who types a customer.
pub(super) struct Meant<'a> {
    typed: &'a str,
    /// The phone number or the address, where it is one.
    address: Option<String>,
    region: Option<Region>,
}

// === impl Meant ===

impl<'a> Meant<'a> {
    /// By what was typed; `region` is the country of numbers without their country's code.
    pub(super) fn new(typed: &'a str, region: Option<Region>) -> Self {
        Self { typed, address: Address::of(typed, region).map(form), region }
    }

    /// Whether this key is the customer's: what was typed, or another form of the same number or address. A key of
    /// nothing but digits is a customer's number, and nobody's telephone.
    pub(super) fn is(&self, key: &str) -> bool {
        let is_phone = key.starts_with("tel:") || key.starts_with('+');
        let region = self.region.filter(|_| is_phone);
        key == self.typed || self.address.is_some() && Address::of(key, region).map(form) == self.address
    }

    /// The keys to forget, where the topic has records under these: all of them, and else what was typed, and how
    /// callers and senders are known who have it.
    pub(super) fn or_as_typed(&self, found: BTreeSet<String>) -> BTreeSet<String> {
        if !found.is_empty() {
            return found;
        }
        let of_caller = Address::of(self.typed, self.region).map(Address::into_text);
        of_caller.into_iter().chain([self.typed.to_owned()]).collect()
    }
}

/// Upper case and lower case are one: keys tell them apart, and people do not.
fn form(address: Address) -> String {
    address.into_text().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMANY: Option<Region> = Some(Region::DE);

    #[test]
    fn a_number_or_an_address_is_meant_in_all_its_forms() {
        for (typed, key, expected) in [
            ("030 901820", "+4930901820", true),
            ("tel:+49 30 901-820", "+4930901820", true),
            ("+4930901820", "tel:030901820", true),
            ("+4930901820", "030901820", false),
            ("030901820", "030901820", true),
            ("ada@example.com", "Ada@Example.com", true),
            ("mailto:Ada@example.com", "ada@example.com", true),
            ("ada@example.com", "bob@example.com", false),
            ("C-1", "C-1", true),
            ("C-1", "c-1", false),
            ("C-1", "C-2", false),
        ] {
            assert_eq!(Meant::new(typed, GERMANY).is(key), expected, "{typed} {key}");
        }
    }

    #[test]
    fn where_there_is_no_record_it_is_what_was_typed_and_the_key_of_a_caller() {
        let keys = |typed, found: &[&str]| {
            let found = found.iter().map(|key| (*key).to_owned()).collect();
            Meant::new(typed, GERMANY).or_as_typed(found).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(keys("030 901820", &[]), ["+4930901820", "030 901820"]);
        assert_eq!(keys("C-1", &[]), ["C-1"]);
        assert_eq!(keys("030 901820", &["tel:030901820"]), ["tel:030901820"]);
    }
}
