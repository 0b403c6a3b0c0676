//! Which customers a question to an outside system is about.
//!
//! Events name a customer by the id of a contact in Genesys' directory, and no CRM knows that id. So a question is
//! about a customer when it holds the customer's id, or a word that the outside systems themselves said stands for
//! it: what Genesys answered about the contact, and the keys of the one record that a CRM found by such words.

use std::collections::{BTreeSet, HashMap, HashSet};

use phonenumber::country::Id;
use serde_json::Value;

use super::found::{EMAILS, Found, PHONES, address_asked_for};
use crate::evidence::Call;
use crate::judge::systems::{contact_asked_for, system};
use crate::percent::decoded;

/// The words that stand for customers, from the answers of the outside systems and nothing else.
pub(super) struct Names<'a> {
    customers: HashSet<&'a str>,
    /// Ids and keys: whoever's they are, it is nobody else's.
    keys: HashMap<String, BTreeSet<&'a str>>,
    /// Those of the keys that are no words, as they have a space or a sign of their own.
    signed: BTreeSet<String>,
    /// E-mail addresses in lower case.
    emails: HashMap<String, BTreeSet<&'a str>>,
    /// Phone numbers in digits, with the country's.
    phones: HashMap<String, BTreeSet<&'a str>>,
}

/// What a contact says of itself.
#[derive(Debug, Clone, Default)]
struct Contact {
    keys: BTreeSet<String>,
    emails: BTreeSet<String>,
    phones: BTreeSet<String>,
}

/// A key found by a phone number may find another one in turn: phone, Salesforce's number, ServiceNow's id.
const STEPS: usize = 3;
/// Fewer digits than a local number has are no phone number.
const PHONE_DIGITS: usize = 7;
/// Most digits of a country's code (E.164).
const COUNTRY_DIGITS: usize = 3;

// === impl Names ===

impl<'a> Names<'a> {
    /// By what was answered about these customers; `region` is the country of phone numbers that are written without
    /// one.
    pub(super) fn new(calls: &[Call], customers: impl Iterator<Item = &'a str>, region: Option<Id>) -> Self {
        let customers: HashSet<&str> = customers.collect();
        let (keys, emails, phones) = Default::default();
        let mut names = Self { customers, keys, signed: BTreeSet::new(), emails, phones };
        for customer in names.customers.clone() {
            // An id that is an address or a phone number is that of a contact as well, and may be escaped in a
            // question.
            if customer.contains('@') {
                names.emails.entry(customer.to_lowercase()).or_default().insert(customer);
            } else if let Some(number) =
                customer.strip_prefix('+').map(digits).filter(|number| is_number(number.as_str()))
            {
                names.phones.entry(number).or_default().insert(customer);
            } else {
                names.learn_key(customer.to_owned(), customer);
            }
        }
        let contacts = names.learn_contacts(calls);
        names.learn_searches(calls, &contacts, region);
        for _ in 0..STEPS {
            if !names.learn_keys(calls) {
                break;
            }
        }
        names
    }

    /// The customers that a question is about. A key of somebody's says whom it is about, whatever else it holds: a
    /// phone number beside it may be that of others too.
    pub(super) fn in_question(&self, path: &str) -> BTreeSet<&'a str> {
        let target = decoded(path);
        let by_key = self.by_key(&target);
        if !by_key.is_empty() {
            return by_key;
        }
        let mut named = self.by_email(&target);
        named.extend(self.by_phone(&target));
        named
    }

    fn by_key(&self, target: &str) -> BTreeSet<&'a str> {
        let words = target.split(|character: char| !is_of_id(character));
        let of_words = words.filter_map(|word| self.keys.get(word));
        let others = self.signed.iter().filter(|key| target.contains(*key));
        of_words.chain(others.filter_map(|key| self.keys.get(key))).flatten().copied().collect()
    }

    fn by_email(&self, target: &str) -> BTreeSet<&'a str> {
        if !target.contains('@') {
            return BTreeSet::new();
        }
        // An apostrophe is `\'` to Salesforce and `''` to OData.
        let target = target.to_lowercase().replace("\\'", "'").replace("''", "'");
        let is_whole = |(at, email): (usize, &str)| {
            let before = target[..at].chars().next_back();
            let after = target[at + email.len()..].chars().next();
            !before.is_some_and(is_of_id) && !after.is_some_and(is_of_id)
        };
        let named = |email: &str| target.match_indices(email).any(is_whole);
        self.emails
            .iter()
            .filter(|(email, _)| named(email))
            .flat_map(|(_, customers)| customers)
            .copied()
            .collect()
    }

    fn by_phone(&self, target: &str) -> BTreeSet<&'a str> {
        let mut named = BTreeSet::new();
        for number in phone_numbers(target) {
            for (phone, customers) in &self.phones {
                // A number without its country's code, and perhaps with the prefix for long distances.
                let local = number.trim_start_matches('0');
                let is_local = local.len() >= PHONE_DIGITS
                    && phone.ends_with(local)
                    && phone.len() - local.len() <= COUNTRY_DIGITS;
                if *phone == number || is_local {
                    named.extend(customers);
                }
            }
        }
        named
    }

    /// Learns what Genesys answered about the contacts; a merged one is the canonical one, and the other way round.
    /// Returns what each says, by its id.
    fn learn_contacts(&mut self, calls: &[Call]) -> HashMap<String, Contact> {
        let mut contacts: HashMap<String, Contact> = HashMap::new();
        let mut merges: Vec<(String, String)> = Vec::new();
        for (id, body) in calls.iter().filter_map(contact) {
            let said = Contact::of(&body);
            if let Some(canonical) = body["canonicalContact"]["id"].as_str() {
                merges.push((id.clone(), canonical.to_owned()));
            }
            contacts.entry(id).or_default().add(&said);
        }
        // Before anything is added, so that those merged into one do not become one another's.
        let before = contacts.clone();
        for (merged, canonical) in &merges {
            for (of, to) in [(canonical, merged), (merged, canonical)] {
                if let Some(said) = before.get(of) {
                    contacts.entry(to.clone()).or_default().add(said);
                }
            }
        }
        for (id, contact) in &contacts {
            if let Some(customer) = self.customers.get(id.as_str()).copied() {
                self.learn(contact, customer);
            }
        }
        contacts
    }

    /// Learns what Genesys answered about who has an address: whoever is known by that address may be each of them, so
    /// that questions about any are about it. Of one that was merged, `contacts` say what counts.
    fn learn_searches(&mut self, calls: &[Call], contacts: &HashMap<String, Contact>, region: Option<Id>) {
        for call in calls {
            let Some(Found(found)) = Found::of(call, region) else { continue };
            let is_one = found.len() == 1;
            for (id, body) in found {
                let told = body.as_ref().map(Contact::of).or_else(|| contacts.get(&id).cloned());
                let mut said = told.unwrap_or_default();
                if !is_one {
                    // What else one has is the customer's only where there is one.
                    said = Contact { keys: said.keys, ..Contact::default() };
                }
                for customer in self.looked_up(call) {
                    self.learn(&said, customer);
                }
            }
        }
    }

    fn learn(&mut self, contact: &Contact, customer: &'a str) {
        let into = |words: &BTreeSet<String>, kept: &mut HashMap<String, BTreeSet<&'a str>>| {
            for word in words {
                kept.entry(word.clone()).or_default().insert(customer);
            }
        };
        into(&contact.emails, &mut self.emails);
        into(&contact.phones, &mut self.phones);
        for key in &contact.keys {
            self.learn_key(key.clone(), customer);
        }
    }

    /// The customers who are known by nothing but the address that a search in the directory is for. By what is asked,
    /// not by what was learnt: others may have the address as well, and the search is not about them.
    pub(super) fn looked_up(&self, call: &Call) -> Vec<&'a str> {
        let Some(asked) = address_asked_for(&call.path) else { return Vec::new() };
        let is_asked_for = |customer: &&str| match customer.strip_prefix('+').map(digits) {
            Some(number) => is_number(&number) && asked.starts_with('+') && digits(&asked) == number,
            None => customer.contains('@') && asked.to_lowercase() == customer.to_lowercase(),
        };
        self.customers.iter().copied().filter(is_asked_for).collect()
    }

    /// Learns that a key is a customer's; false when that was known.
    fn learn_key(&mut self, key: String, customer: &'a str) -> bool {
        if !key.chars().all(is_of_id) {
            self.signed.insert(key.clone());
        }
        self.keys.entry(key).or_default().insert(customer)
    }

    /// Learns the keys of records that were found by what is known; false when there is nothing new. A record that is
    /// not the only one found is nobody's; the only one is everybody's whom the question names, as a contact and a
    /// sender of messages with one phone number are.
    fn learn_keys(&mut self, calls: &[Call]) -> bool {
        let mut learnt = false;
        for call in calls.iter().filter(|call| call.succeeded()) {
            let named = self.in_question(&call.path);
            for key in only_record(call).into_iter().flat_map(|record| keys_of(call, &record)) {
                for customer in &named {
                    learnt |= self.learn_key(key.clone(), customer);
                }
            }
        }
        learnt
    }
}

// === impl Contact ===

impl Contact {
    fn of(body: &Value) -> Self {
        let ids = body["externalIds"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let digits = |name: &&str| body[*name]["e164"].as_str().map(digits);
        Self {
            keys: ids.filter_map(|id| text(&id["value"])).collect(),
            emails: EMAILS.iter().filter_map(|name| Some(text(&body[*name])?.to_lowercase())).collect(),
            phones: PHONES.iter().filter_map(digits).filter(|digits| is_number(digits)).collect(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.keys.extend(other.keys.iter().cloned());
        self.emails.extend(other.emails.iter().cloned());
        self.phones.extend(other.phones.iter().cloned());
    }
}

/// Whether so many digits are a phone number.
fn is_number(digits: &str) -> bool {
    digits.len() >= PHONE_DIGITS
}

/// The contact that Genesys was asked for, by its id, and what it answered.
fn contact(call: &Call) -> Option<(String, Value)> {
    if call.system != "genesys" || !call.method.eq_ignore_ascii_case("GET") || !call.succeeded() {
        return None;
    }
    let id = contact_asked_for(&call.path)?.to_owned();
    Some((id, serde_json::from_str(call.answer.as_deref()?).ok()?))
}

/// The record that a lookup at a CRM found, if it is the only one.
pub(super) fn only_record(call: &Call) -> Option<Value> {
    match system(&call.system)?.records(call)?.as_slice() {
        [record] => Some(record.clone()),
        _ => None,
    }
}

fn keys_of(call: &Call, record: &Value) -> Vec<String> {
    let fields = system(&call.system).map_or([].as_slice(), |system| system.keys);
    let text = |name: &&str| record[*name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    fields.iter().filter_map(text).collect()
}

fn is_of_id(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '@')
}

/// What may be phone numbers in a text, in digits: runs of digits and of what people write between them. `%` stands
/// between the digits where a pattern is asked for.
fn phone_numbers(text: &str) -> impl Iterator<Item = String> {
    let is_of_phone = |character: char| character.is_ascii_digit() || " +()-./%".contains(character);
    let runs = text.split(move |character: char| !is_of_phone(character)).map(digits);
    runs.filter(|digits| digits.len() >= PHONE_DIGITS)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ADA: &str = "0778af41-946e-40f2-b374-dbfa32411b5f";
    const BOB: &str = "5846bd38-fc14-4ee9-9bab-68a6818f4a9e";
    const CANONICAL: &str = "2f7bf00a-0fc2-4d6a-9b56-92238191433e";

    fn answered(system: &str, path: &str, answer: &Value) -> Call {
        Call {
            system: system.into(),
            method: "GET".into(),
            path: path.into(),
            status: 200,
            answer: Some(answer.to_string()),
            ..Default::default()
        }
    }

    fn contact_of(id: &str, body: &Value) -> Call {
        answered("genesys", &format!("/api/v2/externalcontacts/contacts/{id}?expand=x"), body)
    }

    /// Ada has a number, a phone and an e-mail address; Bob has the same phone.
    fn contacts() -> Vec<Call> {
        let phone = json!({"display": "+1 317-200-0001", "e164": "+13172000001"});
        let source = json!({"id": CANONICAL, "name": "salesforce"});
        vec![
            contact_of(
                ADA,
                &json!({"externalIds": [{"externalSource": source, "value": "C-000001"}], "workPhone": phone,
                    "personalEmail": "Ada.O'Neill+1@acme.example"}),
            ),
            contact_of(BOB, &json!({"externalIds": [], "cellPhone": phone, "workEmail": "bob@acme.example"})),
        ]
    }

    fn named(calls: &[Call], path: &str) -> Vec<&'static str> {
        Names::new(calls, [ADA, BOB].into_iter(), None).in_question(path).into_iter().collect()
    }

    #[test]
    fn a_question_is_about_whom_its_words_stand_for() {
        let cases: [(&str, &[&str]); 16] = [
            ("/api/v2/externalcontacts/contacts/0778af41-946e-40f2-b374-dbfa32411b5f", &[ADA]),
            ("/query?q=SELECT+Name+FROM+Account+WHERE+CustomerNumber__c%3D%27C-000001%27", &[ADA]),
            ("/query?q=WHERE+CustomerNumber__c%3D%27C-0000011%27", &[]),
            ("/query?q=WHERE+Phone%3D%27%2B13172000001%27", &[ADA, BOB]),
            ("/query?q=WHERE+Phone+IN+(%27(317)+200-0001%27)", &[ADA, BOB]),
            ("/query?q=WHERE+Phone+LIKE+%27%25317%25200%250001%27", &[ADA, BOB]),
            ("/query?q=WHERE+Phone%3D%2703172000001%27", &[ADA, BOB]),
            ("/query?q=WHERE+Phone%3D%27%2B13172000002%27", &[]),
            ("/query?q=WHERE+Phone%3D%272000001%27+LIMIT+5", &[]),
            ("/query?q=WHERE+Phone%3D%27%2B13172000001%27+OR+Number%3D%27C-000001%27", &[ADA]),
            ("/query?q=WHERE+Email%3D%27ada.o%5C%27neill%2B1%40acme.example%27", &[ADA]),
            ("/A_Partner?$filter=Mail%20eq%20%27ada.o%27%27neill%2B1%40acme.example%27", &[ADA]),
            ("/api/now/table/customer_contact?sysparm_query=email%3DBOB%40acme.example", &[BOB]),
            ("/api/now/table/customer_contact?sysparm_query=email%3Dnobob%40acme.example", &[]),
            ("/api/now/table/customer_contact?sysparm_query=email%3Dbob%40acme.example.org", &[]),
            ("/services/data/v60.0/limits", &[]),
        ];
        for (path, expected) in cases {
            assert_eq!(named(&contacts(), path), expected, "{path}");
        }
        assert_eq!(named(&[], "/query?q=%27C-000001%27"), [""; 0], "nobody said whose it is");
        assert_eq!(named(&[], &format!("/{BOB}/0")), [BOB]);
    }

    #[test]
    fn an_id_with_signs_of_its_own_is_found_whole() {
        let names = Names::new(&[], ["acme/7", "C-7"].into_iter(), None);
        assert_eq!(names.in_question("/x?q=%27acme%2F7%27").into_iter().collect::<Vec<_>>(), ["acme/7"]);
        assert_eq!(names.in_question("/x?q=%27C-77%27").len(), 0);
    }

    #[test]
    fn whoever_has_an_address_is_each_contact_that_was_found_by_it() {
        const PHONE: &str = "+13172000001";
        let search = "/api/v2/externalcontacts/reversewhitepageslookup?lookupVal=%2B13172000001";
        let contact = |number: &str| {
            json!({"id": number, "externalIds": [{"value": number}], "workPhone": {"e164": PHONE},
                "workEmail": format!("{number}@a.b")})
        };
        let named = |contacts: &[Value], path: &str| {
            let calls = [answered("genesys", search, &json!({"contacts": contacts}))];
            Names::new(&calls, [PHONE, ADA].into_iter(), None)
                .in_question(path)
                .into_iter()
                .collect::<Vec<_>>()
        };
        let (one, two) = ([contact("C-1")], [contact("C-1"), contact("C-2")]);
        assert_eq!(named(&one, search), [PHONE]);
        assert_eq!((named(&one, "/x('C-1')"), named(&one, "/x?q='C-1@a.b'")), (vec![PHONE], vec![PHONE]));
        assert_eq!((named(&two, "/x('C-2')"), named(&two, "/x?q='C-2@a.b'")), (vec![PHONE], vec![]));
        // Whatever else is found is nobody with the address.
        let mut other = contact("C-3");
        other["workPhone"] = json!({"e164": "+13172000002"});
        let beside = [contact("C-1"), other];
        assert_eq!((named(&beside, "/x?q='C-1@a.b'"), named(&beside, "/x('C-3')")), (vec![PHONE], vec![]));
    }

    #[test]
    fn whoever_has_an_address_alone_is_the_contact_that_the_one_found_was_merged_into() {
        const PHONE: &str = "+13172000001";
        let search = "/api/v2/externalcontacts/reversewhitepageslookup?lookupVal=%2B13172000001";
        let merged = json!({"id": BOB, "canonicalContact": {"id": CANONICAL}, "workPhone": {"e164": PHONE},
            "externalIds": [{"value": "C-000001"}]});
        let calls = [
            answered("genesys", search, &json!({"contacts": [merged]})),
            contact_of(CANONICAL, &json!({"externalIds": [{"value": "C-000007"}]})),
        ];
        let names = Names::new(&calls, [PHONE].into_iter(), None);
        let named = |path: &str| names.in_question(path).into_iter().collect::<Vec<_>>();
        assert_eq!((named("/x('C-000007')"), named("/x('C-000001')")), (vec![PHONE], vec![]));
    }

    #[test]
    fn a_search_is_for_the_address_that_is_asked_for_and_not_for_one_that_ends_so() {
        const ANN: &str = "Ann@x.example";
        const JOANN: &str = "joann@x.example";
        let of = |customers: &[&'static str], value: &str| {
            let path = format!("/api/v2/externalcontacts/reversewhitepageslookup?lookupVal={value}&expand=x");
            let names = Names::new(&[], customers.iter().copied(), None);
            names.looked_up(&answered("genesys", &path, &json!({"contacts": []})))
        };
        let customers = [ANN, JOANN, "+4930901820", "+930901820", ADA];
        for (value, expected) in [
            ("joann%40x.example", &[JOANN] as &[&str]),
            ("ann%40x.example", &[ANN]),
            ("%2B4930901820", &["+4930901820"]),
            ("%2B930901820", &["+930901820"]),
            ("x.example", &[]),
        ] {
            assert_eq!(of(&customers, value), expected, "{value}");
        }
    }

    #[test]
    fn a_merged_contact_and_the_canonical_one_have_the_same_words() {
        let number = json!([{"value": "C-000007"}]);
        let merged = contact_of(ADA, &json!({"canonicalContact": {"id": CANONICAL}}));
        let canonical = contact_of(CANONICAL, &json!({"externalIds": number}));
        assert_eq!(named(&[merged.clone(), canonical], "/x('C-000007')"), [ADA]);
        let asked_only = contact_of(BOB, &json!({"externalIds": number, "canonicalContact": {"id": ADA}}));
        assert_eq!(named(&[asked_only], "/x('C-000007')"), [ADA, BOB]);
        assert_eq!(named(&[merged], "/x('C-000007')"), [""; 0]);
    }

    #[test]
    fn the_key_of_the_only_record_found_stands_for_its_customer() {
        let by_email = "/query?q=WHERE+Email__c%3D%27bob%40acme.example%27";
        let by_phone = "/query?q=WHERE+Phone%3D%27%2B13172000001%27";
        let account = |number: &str| json!({"Id": format!("001{number}"), "CustomerNumber__c": number});
        let found = |path: &str, records: &[Value]| {
            let mut calls = contacts();
            calls.push(answered("salesforce", path, &json!({"records": records})));
            calls
        };
        let one = found(by_email, &[account("C-000002")]);
        assert_eq!(named(&one, "/sap?$filter=Customer%20eq%20%27C-000002%27"), [BOB]);
        assert_eq!(named(&one, "/sobjects/Account/001C-000002"), [BOB]);
        let two = found(by_email, &[account("C-000002"), account("C-000003")]);
        assert_eq!(named(&two, "/sap?$filter=Customer%20eq%20%27C-000002%27"), [""; 0]);
        // The phone is Ada's and Bob's: the one record that is found by it is what both lead to.
        let shared = found(by_phone, &[account("C-000002")]);
        assert_eq!(named(&shared, "/sap?$filter=Customer%20eq%20%27C-000002%27"), [ADA, BOB]);
        let mut chain = one;
        let partner = json!({"result": [{"sys_id": "5f2e", "number": "ACC1"}]});
        chain.push(answered("servicenow", "/api/now/table/customer_account?number%3DC-000002", &partner));
        assert_eq!(named(&chain, "/api/now/stats/incident?sysparm_query=account%3D5f2e"), [BOB]);
    }
}
