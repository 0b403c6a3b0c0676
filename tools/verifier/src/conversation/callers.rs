//! Whose profile events get: of the customer whom they name, else of whoever calls or writes from the address that the
//! customer's own part of the conversation tells of.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use phonenumber::country::Id;

use crate::configuration::EnrichmentRules;
use crate::evidence::{Enriched, Fact, Told};
use crate::phone;

/// Which addresses lead to customers.
struct Addresses<'a> {
    by: Option<&'a BTreeSet<String>>,
    region: Option<Id>,
}

/// Shorter numbers are extensions.
const FEWEST_DIGITS: usize = 7;

/// ANONYMOUS, BLOCKED, RESTRICTED, UNAVAILABLE and UNKNOWN, on the keys of a telephone.
const NO_NUMBERS: [&str; 5] = ["266696687", "2562533", "7378742833", "86282452253", "8656696"];

/// The id or the address of whose profile each event gets, in the order of the events; `None` for nobody's. Without a
/// configuration all addresses count.
pub fn subjects<'a>(events: &'a [Enriched], rules: Option<&EnrichmentRules>) -> Vec<Option<Cow<'a, str>>> {
    let region = rules.and_then(EnrichmentRules::country);
    let addresses = Addresses { by: rules.map(|rules| &rules.by), region };
    let mut calling: HashMap<(&str, &str), String> = HashMap::new();
    let mut subject = |event: &'a Enriched| {
        let fact = &event.fact;
        if let Some(customer) = &fact.customer_id {
            return Some(Cow::Borrowed(customer.as_str()));
        }
        if !fact.is_conversational() {
            return None;
        }
        let known = calling.get(&fact.entity()).cloned();
        let address = known.or_else(|| addresses.of(fact))?;
        calling.entry(fact.entity()).or_insert_with(|| address.clone());
        Some(Cow::Owned(address))
    };
    events.iter().map(&mut subject).collect()
}

// === impl Addresses ===

impl Addresses<'_> {
    /// The customer's address in an event.
    fn of(&self, fact: &Fact) -> Option<String> {
        let told = fact.told.as_deref()?;
        let inbound = match told.direction.as_deref()? {
            "inbound" => true,
            "outbound" => false,
            _ => return None,
        };
        let pick =
            |from: &'static str, to: &'static str| told.attributes.get(if inbound { from } else { to });
        if matches!(fact.event_type.as_str(), "conversation.started" | "conversation.ended") {
            let voice = pick("ani", "dnis").and_then(|text| self.read(text, self.region));
            return voice.or_else(|| self.read(pick("addressFrom", "addressTo")?, None));
        }
        (fact.source_type == "CallContactEvent" && is_first_contact(told))
            .then(|| self.read(pick("ANI", "DNIS")?, self.region))
            .flatten()
    }

    fn read(&self, text: &str, region: Option<Id>) -> Option<String> {
        let counts = |kind: &str| self.by.is_none_or(|by| by.contains(kind));
        let text = text.trim();
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => (String::new(), text),
        };
        let bare = rest.split([';', '?']).next().unwrap_or_default();
        let has_parameters = bare.len() < rest.len();
        let is_mail = bare.split('@').count() == 2
            && !bare.contains(char::is_whitespace)
            && bare.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        match scheme.as_str() {
            "sip" | "sips" if bare.starts_with('+') => {
                number(bare.split('@').next()?, None).filter(|_| counts("phone"))
            }
            "" | "mailto" if is_mail => counts("email").then(|| bare.to_owned()),
            "tel" | "" if bare.starts_with('+') && (scheme == "tel" || !has_parameters) => {
                number(bare, None).filter(|_| counts("phone"))
            }
            "tel" | "" if !has_parameters => number(bare, region).filter(|_| counts("phone")),
            _ => None,
        }
    }
}

fn number(text: &str, region: Option<Id>) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_written_so = text.chars().all(|sign| sign.is_ascii_digit() || "+ -./()".contains(sign));
    if digits.len() < FEWEST_DIGITS || !is_written_so || NO_NUMBERS.contains(&text.trim_start_matches('+')) {
        return None;
    }
    let number = phone::e164(text, region)?;
    // The words come with a country's code, too.
    let national = phone::national(&number)?;
    (!NO_NUMBERS.contains(&&*national)).then_some(number)
}

/// Whether a contact of CXone is that from which its conversation began.
fn is_first_contact(told: &Told) -> bool {
    let any = |names: [&str; 2]| names.into_iter().find_map(|name| told.attributes.get(name));
    any(["ContactID", "ContactId"]).is_some_and(|contact| Some(contact) == any(["MasterID", "MasterId"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_type: &str, direction: &str, told: &[(&str, &str)], customer: Option<&str>) -> Enriched {
        let attributes = told.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let told = Told { direction: Some(direction.to_owned()), attributes, ..Told::default() };
        Enriched {
            fact: Fact {
                event_type: event_type.into(),
                key: "k".into(),
                conversation_id: Some("c".into()),
                customer_id: customer.map(Into::into),
                told: Some(Box::new(told)),
                ..Fact::default()
            },
            ..Enriched::default()
        }
    }

    fn of(events: &[Enriched]) -> Vec<Option<String>> {
        subjects(events, None).iter().map(|subject| subject.as_deref().map(str::to_owned)).collect()
    }

    #[test]
    fn the_first_address_counts_until_somebody_is_named() {
        let call = |ani| {
            event("conversation.started", "inbound", &[("ani", ani), ("dnis", "tel:+13175550100")], None)
        };
        let queue = event("queue.entered", "inbound", &[("ani", "tel:+13172000009")], None);
        let named = event("flow.ended", "inbound", &[], Some("C-1"));
        let key = |key: &str| Some(key.to_owned());
        let events =
            [queue.clone(), call("sip:anonymous@anonymous.invalid"), call("tel:+13172000001"), queue];
        assert_eq!(of(&events), [None, None, key("+13172000001"), key("+13172000001")]);
        let out =
            event("conversation.started", "outbound", &[("ani", "x"), ("dnis", "+1 317-200-0001")], None);
        assert_eq!(of(&[out, named, call("tel:+13172000002")])[..2], [key("+13172000001"), key("C-1")]);
        let mail = event("conversation.ended", "inbound", &[("addressFrom", "Ada@example.com")], None);
        assert_eq!(of(&[mail]), [key("Ada@example.com")]);
    }

    #[test]
    fn what_is_no_address_of_somebody_outside_is_nobodys() {
        for ani in [
            "",
            "+",
            "4711",
            "restricted",
            "+266696687",
            "tel:+17378742833",
            "sip:ada@edge.example",
            "tel:2000001;phone-context=x",
        ] {
            assert_eq!(
                of(&[event("conversation.started", "inbound", &[("ani", ani)], None)]),
                [None],
                "{ani}"
            );
        }
        let sender = event("conversation.started", "inbound", &[("addressFrom", "3172000001")], None);
        assert_eq!(of(&[sender]), [None]);
    }
}
