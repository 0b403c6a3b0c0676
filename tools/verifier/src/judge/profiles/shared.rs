//! Contacts of the directory that share an address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::evidence::Call;
use crate::judge::systems::contacts_found;

/// What a search by an address found that several contacts have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shared {
    /// When it was answered; UTC milliseconds.
    pub(super) at: f64,
    /// Of each contact its numbers, by the name and by the id of the external source. `None` of one that was merged
    /// into a contact that the search did not find: what counts is said there.
    contacts: Vec<Option<BTreeMap<String, BTreeSet<String>>>>,
}

// === impl Shared ===

impl Shared {
    /// Of a call that was answered then; `None` where it is no such search, or found one at most.
    pub(super) fn of(call: &Call, at: f64) -> Option<Self> {
        if call.system != "genesys" || !call.succeeded() {
            return None;
        }
        let found = contacts_found(call)?;
        let is_there = |id: &str| found.iter().any(|contact| contact["id"] == id);
        let contacts: Vec<_> = found
            .iter()
            .filter_map(|contact| match contact["canonicalContact"]["id"].as_str() {
                // The one that others were merged into names itself.
                Some(canonical) if contact["id"] == canonical => Some(Some(numbers(contact))),
                // It is the other one.
                Some(canonical) if is_there(canonical) => None,
                Some(_) => Some(None),
                None => Some(Some(numbers(contact))),
            })
            .collect();
        (contacts.len() > 1).then_some(Self { at, contacts })
    }

    /// Whether all of them have a number in this external source (in one of all, where none is given), and not all the
    /// same one.
    pub(super) fn is_of_several(&self, source: Option<&str>) -> bool {
        let known: Vec<_> = self.contacts.iter().flatten().collect();
        if known.len() < self.contacts.len() {
            return true;
        }
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
    let mut numbers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for id in contact["externalIds"].as_array().into_iter().flatten() {
        let Some(value) = id["value"].as_str() else { continue };
        for source in ["name", "id"].iter().filter_map(|field| id["externalSource"][*field].as_str()) {
            numbers.entry(source.to_owned()).or_default().insert(value.to_owned());
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A search that found contacts with these numbers at `crm`.
    fn search(contacts: &[Value]) -> Option<Shared> {
        let call = Call {
            system: "genesys".into(),
            path: "/api/v2/externalcontacts/reversewhitepageslookup?lookupVal=%2B13172000001".into(),
            status: 200,
            answer: Some(json!({ "contacts": contacts }).to_string()),
            ..Call::default()
        };
        Shared::of(&call, 1.0)
    }

    fn contact(id: &str, number: Option<&str>) -> Value {
        let ids =
            number.map(|number| json!({"externalSource": {"id": "s-1", "name": "crm"}, "value": number}));
        json!({"id": id, "externalIds": ids.as_slice()})
    }

    #[test]
    fn contacts_are_several_where_each_has_a_number_and_they_differ() {
        let several = |contacts: &[Value], source| search(contacts).map(|found| found.is_of_several(source));
        let (one, two, none) = (contact("a", Some("C-1")), contact("b", Some("C-2")), contact("c", None));
        for (contacts, source, expected) in [
            (vec![&one], None, None),
            (vec![&one, &two], None, Some(true)),
            (vec![&one, &two], Some("crm"), Some(true)),
            (vec![&one, &two], Some("s-1"), Some(true)),
            (vec![&one, &two], Some("erp"), Some(false)),
            (vec![&one, &none], Some("crm"), Some(false)),
            (vec![&one, &one], Some("crm"), Some(false)),
        ] {
            let contacts: Vec<Value> = contacts.into_iter().cloned().collect();
            assert_eq!(several(&contacts, source), expected, "{contacts:?} {source:?}");
        }
        let merged_into = |id: &str| json!({"id": "d", "externalIds": [], "canonicalContact": {"id": id}});
        assert_eq!(several(&[one.clone(), merged_into("a")], None), None, "it is the same one");
        assert_eq!(several(&[one.clone(), merged_into("z")], Some("crm")), Some(true), "nobody knows of it");
        let mut survivor = two;
        survivor["canonicalContact"] = json!({"id": "b"});
        assert_eq!(several(&[one, survivor], Some("crm")), Some(true), "another one was merged into it");
    }
}
