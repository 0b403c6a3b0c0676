//! Contacts of the directory that share an address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::found::Found;

/// What a search by an address found that several contacts have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shared {
    /// When it was answered; UTC milliseconds.
    pub(super) at: f64,
    /// Of each contact its numbers, by the name and by the id of the external source. `None` of one of which nothing is
    /// known.
    contacts: Vec<Option<BTreeMap<String, BTreeSet<String>>>>,
}

// === impl Shared ===

impl Shared {
    /// Of what was found then; `None` where that is one at most.
    pub(super) fn of(found: &Found, at: f64) -> Option<Self> {
        let contacts: Vec<_> = found.0.values().map(|contact| contact.as_ref().map(numbers)).collect();
        (contacts.len() > 1).then_some(Self { at, contacts })
    }

    /// Whether all of them have a number in this external source (in one of all, where none is given), and not all the
    /// same one. One of which nothing is known has none.
    pub(super) fn is_of_several(&self, source: Option<&str>) -> bool {
        let Some(known) = self.contacts.iter().map(Option::as_ref).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let is_of = |source: &str| {
            let numbers: Option<Vec<_>> = known.iter().map(|contact| contact.get(source)).collect();
            let several = |numbers: Vec<&BTreeSet<String>>| {
                numbers.into_iter().flatten().collect::<BTreeSet<_>>().len() > 1
            };
            numbers.is_some_and(several)
        };
        match source {
            Some(source) => is_of(source),
            None => known.iter().flat_map(|contact| contact.keys()).any(|source| is_of(source)),
        }
    }
}

fn numbers(contact: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let text =
        |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut numbers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for id in contact["externalIds"].as_array().into_iter().flatten() {
        let Some(value) = text(&id["value"]) else { continue };
        for source in ["name", "id"].iter().filter_map(|field| text(&id["externalSource"][*field])) {
            numbers.entry(source).or_default().insert(value.clone());
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Contacts of this number at `crm`; of the third kind nothing is known.
    #[derive(Clone, Copy)]
    enum Kind {
        Numbered(&'static str),
        Without,
        Unknown,
    }

    fn shared(contacts: &[Kind]) -> Option<Shared> {
        let contact = |(id, kind): (usize, &Kind)| {
            let ids = |numbers: &[&str]| {
                let of =
                    |number: &&str| json!({"externalSource": {"id": "s-1", "name": "crm"}, "value": number});
                json!({"id": id, "externalIds": numbers.iter().map(of).collect::<Vec<_>>()})
            };
            let told = match kind {
                Kind::Numbered(number) => Some(ids(&[number, " "])),
                Kind::Without => Some(ids(&[])),
                Kind::Unknown => None,
            };
            (id.to_string(), told)
        };
        Shared::of(&Found(contacts.iter().enumerate().map(contact).collect()), 1.0)
    }

    #[test]
    fn contacts_are_several_where_each_has_a_number_and_they_differ() {
        let (one, two, without, unknown) =
            (Kind::Numbered("C-1"), Kind::Numbered("C-2"), Kind::Without, Kind::Unknown);
        for (contacts, source, expected) in [
            (&[one][..], None, None),
            (&[unknown], None, None),
            (&[one, two], None, Some(true)),
            (&[one, two], Some("crm"), Some(true)),
            (&[one, two], Some("s-1"), Some(true)),
            (&[one, two], Some("erp"), Some(false)),
            (&[one, without], Some("crm"), Some(false)),
            (&[one, one], Some("crm"), Some(false)),
            // Where one was merged into a contact that the search did not find, nobody knows its number there.
            (&[one, two, unknown], Some("crm"), Some(false)),
            (&[one, two, unknown], None, Some(false)),
        ] {
            assert_eq!(shared(contacts).map(|shared| shared.is_of_several(source)), expected);
        }
    }
}
