//! Records of `customer.profiles` against what the outside systems answered, as their audit logs have it. The
//! answers are read as the vendors document them (contracts: Salesforce query, SAP OData version 2,
//! ServiceNow aggregate).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::names::{Names, contacts_found};
use crate::evidence::{Call, ProfileFields, ProfileRecord, ProfileSource, ProfileSourcePart};
use crate::report::Verdict;

/// What was answered about each customer, by system.
pub(super) struct Answers<'a> {
    by_customer: HashMap<(&'a str, &'a str), Vec<Answer>>,
    number: usize,
    /// The systems that know customers by the numbers that events name; `None` for all.
    numbers: Option<&'a BTreeSet<String>>,
}

/// One answer to a lookup.
struct Answer {
    /// When it was on its way; UTC milliseconds.
    at: f64,
    /// What it says; `None` for what cannot be read.
    said: Option<Said>,
}

/// What a record has of one source.
struct Heard<'r> {
    /// Its configured name.
    name: &'r str,
    system: &'r str,
    status: &'r str,
    fetched_at: Option<i64>,
    fields: ProfileFields,
}

/// What a system says of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// It does not know the customer.
    Nothing,
    /// Nothing is open of the customer's number, whether it knows the customer or not.
    NothingOpen,
    /// It knows several who may be meant, so it says nothing of this one.
    Several,
    Account {
        name: Option<String>,
        tier: Option<String>,
        last_activity: Option<i64>,
    },
    /// By currency.
    Balances(BTreeMap<String, i128>),
    Tickets(i64),
}

/// What stands in a question about items that are open.
const ITEMS: &str = "A_OperationalAcctgDocItemCube";
/// How long after an answer was on its way its receiver may have stamped it, in milliseconds: a process that
/// gets no processor for a while stamps late. Another answer within it counts as well, so it is not more than
/// that takes.
const STAMPED_WITHIN_MS: f64 = 5_000.0;
/// How much before it, by clocks that differ a little.
const STAMPED_EARLY_MS: f64 = 100.0;

// === impl Answers ===

impl<'a> Answers<'a> {
    pub(super) fn new(
        calls: &'a [Call],
        customers: impl Iterator<Item = &'a str>,
        numbers: Option<&'a BTreeSet<String>>,
    ) -> Self {
        let names = Names::new(calls, customers);
        let mut by_customer: HashMap<(&str, &str), Vec<Answer>> = HashMap::new();
        let mut number = 0;
        for call in calls.iter().filter(|call| call.method.eq_ignore_ascii_case("GET")) {
            let Some(at) = call.finished_at else { continue };
            for customer in names.in_question(&call.path) {
                number += usize::from(call.answer.is_some());
                let answer = Answer { at, said: said(call) };
                by_customer.entry((call.system.as_str(), customer)).or_default().push(answer);
            }
        }
        Self { by_customer, number, numbers }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.number
    }

    /// Judges a record; `interactions` are the times at which conversations of its customer ended.
    pub(super) fn judge(&self, record: &'a ProfileRecord, interactions: &[i64], verdict: &mut Verdict) {
        let customer = record.fields.customer_id.as_str();
        let place = record.place;
        if record.key != customer {
            verdict
                .object("relabelled", || format!("customer.profiles {place}: the key is not its customer"));
        }
        // Where a record has parts, its flat fields are theirs.
        for system in SYSTEMS.into_iter().filter(|_| record.parts.is_empty()) {
            // One that is not told of was not asked, as nothing leads to what it knows the customer by.
            if !record.sources.contains_key(system) && says_anything(system, &record.fields) {
                verdict.object("unanswered", || {
                    format!("customer.profiles {place}: it has something from {system}, and does not tell of asking it")
                });
            }
        }
        for heard in Heard::all(record) {
            self.judge_heard(&heard, record, verdict);
        }
        if let Some(at) = record.fields.last_interaction
            && !interactions.contains(&at)
            && !self.accounts(customer).any(|activity| activity == at)
        {
            verdict.object("interaction", || {
                format!("customer.profiles {place}: at {at} no conversation of its customer ended, and no CRM tells of an activity")
            });
        }
    }

    /// Judges what a record has of one source.
    fn judge_heard(&self, heard: &Heard<'a>, record: &'a ProfileRecord, verdict: &mut Verdict) {
        let Heard { name, system, status, fetched_at, fields } = heard;
        let (customer, place) = (record.fields.customer_id.as_str(), record.place);
        if (fetched_at.is_none() || *status == "NOT_FOUND") && says_anything(system, fields) {
            verdict.object("unanswered", || {
                format!("customer.profiles {place}: it has something from {name}, which never told of that customer")
            });
        }
        // What other systems answer is not known here.
        let Some(fetched_at) = fetched_at.filter(|_| SYSTEMS.contains(system)) else { return };
        let candidates = self.by_customer.get(&(*system, customer)).map_or([].as_slice(), Vec::as_slice);
        let then = |answer: &&Answer| {
            let after = fetched_at as f64 - answer.at;
            (-STAMPED_EARLY_MS..=STAMPED_WITHIN_MS).contains(&after)
        };
        verdict.count("profile_sources_compared", 1);
        // Whoever a contact leads nowhere is known to nobody: no other system was asked.
        let leads_nowhere = || self.is_no_number_of(customer, name) || self.leads_nowhere(customer, then);
        if *status == "NOT_FOUND" && candidates.is_empty() && leads_nowhere() {
            return;
        }
        // Each of several was asked about, and it is none of them for sure.
        if *status == "NOT_FOUND" && self.leads_to_several(customer, then) {
            return;
        }
        if !candidates.iter().filter(then).any(|answer| answer.agrees(status, fields)) {
            verdict.object("unanswered", || {
                format!(
                    "customer.profiles {place}: what it has from {name}, fetched at {fetched_at}, is not what {system} \
                     answered about that customer then ({} answers in all)",
                    candidates.len()
                )
            });
        }
    }

    /// Whether a customer's id is a number, and by the configuration none of this system's.
    fn is_no_number_of(&self, customer: &str, system: &str) -> bool {
        let is_number = !customer.contains('@')
            && !customer.starts_with('+')
            && !customer.starts_with("tel:")
            && !is_uuid(customer);
        is_number && self.numbers.is_some_and(|numbers| !numbers.contains(system))
    }

    /// Whether Genesys said then that there is no such contact, or that no other system has a number of it.
    fn leads_nowhere(&self, customer: &'a str, then: impl Fn(&&Answer) -> bool) -> bool {
        let contacts = self.by_customer.get(&("genesys", customer)).into_iter().flatten();
        contacts.filter(then).any(|answer| answer.said == Some(Said::Nothing))
    }

    /// Whether Genesys said then that several contacts have the customer's address.
    fn leads_to_several(&self, customer: &'a str, then: impl Fn(&&Answer) -> bool) -> bool {
        let searches = self.by_customer.get(&("genesys", customer)).into_iter().flatten();
        searches.filter(then).any(|answer| answer.said == Some(Said::Several))
    }

    /// Times of activity that Salesforce told of.
    fn accounts(&self, customer: &'a str) -> impl Iterator<Item = i64> {
        let answers = self.by_customer.get(&("salesforce", customer)).into_iter().flatten();
        answers.filter_map(|answer| match &answer.said {
            Some(Said::Account { last_activity, .. }) => *last_activity,
            _ => None,
        })
    }
}

// === impl Answer ===

impl Answer {
    /// Whether a record with this status and these fields can come from this answer. A system that failed
    /// this time keeps what it said before, with the time of then: so the status is only compared where it
    /// says that the system answered.
    fn agrees(&self, status: &str, fields: &ProfileFields) -> bool {
        let Some(said) = &self.said else { return false };
        match said {
            Said::Nothing => status != "OK",
            Said::NothingOpen => !says_anything("sap", fields),
            // Of nobody in particular: whatever comes of it, it is not what one of them is known by.
            Said::Several => status != "OK",
            Said::Account { name, tier, .. } => {
                status != "NOT_FOUND" && *name == fields.account_name && *tier == fields.loyalty_tier
            }
            Said::Balances(balances) => {
                // One balance where there is one currency.
                let single = balances.first_key_value().filter(|_| balances.len() == 1);
                let flat = fields.currency.as_ref().zip(fields.balance.as_ref());
                status != "NOT_FOUND" && *balances == fields.balances && flat == single
            }
            // No tickets of somebody whom nobody knows are no knowledge.
            Said::Tickets(0) if status != "OK" && fields.open_tickets.is_none() => true,
            Said::Tickets(count) => status != "NOT_FOUND" && fields.open_tickets == Some(*count),
        }
    }
}

/// A UUID as RFC 9562 writes it: what contacts have.
fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    let fits =
        |(at, byte): (usize, u8)| if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

// === impl Heard ===

impl<'r> Heard<'r> {
    /// What a record has of each source: of its part, or what of the flat fields is its system's.
    fn all(record: &'r ProfileRecord) -> Vec<Self> {
        if record.parts.is_empty() {
            record.sources.iter().map(|(name, source)| Self::of_source(name, source, record)).collect()
        } else {
            record.parts.iter().map(Self::of_part).collect()
        }
    }

    fn of_source(name: &'r str, source: &'r ProfileSource, record: &ProfileRecord) -> Self {
        let (status, fetched_at) = (source.status.as_str(), source.fetched_at);
        Self { name, system: name, status, fetched_at, fields: record.fields.clone() }
    }

    fn of_part(part: &'r ProfileSourcePart) -> Self {
        let mut fields = part.fields.clone();
        let single = fields.balances.first_key_value().filter(|_| fields.balances.len() == 1);
        (fields.currency, fields.balance) =
            single.map(|(currency, amount)| (currency.clone(), *amount)).unzip();
        let (status, fetched_at) = (part.status.as_str(), part.fetched_at);
        Self { name: &part.source, system: &part.system, status, fetched_at, fields }
    }
}

/// The systems that have fields of a profile to tell.
const SYSTEMS: [&str; 3] = ["salesforce", "sap", "servicenow"];

/// Whether a record has a field that is this system's to tell.
fn says_anything(system: &str, fields: &ProfileFields) -> bool {
    match system {
        "salesforce" => fields.account_name.is_some() || fields.loyalty_tier.is_some(),
        "sap" => fields.balance.is_some() || fields.currency.is_some() || !fields.balances.is_empty(),
        "servicenow" => fields.open_tickets.is_some(),
        _ => false,
    }
}

fn said(call: &Call) -> Option<Said> {
    if matches!(call.status, 404 | 410) {
        // ServiceNow's version 1 answers an empty list so; the others do not know the customer.
        return Some(if call.system == "servicenow" { Said::Tickets(0) } else { Said::Nothing });
    }
    if !call.succeeded() {
        return None;
    }
    let body: Value = serde_json::from_str(call.answer.as_deref()?).ok()?;
    match call.system.as_str() {
        "salesforce" => account(&body),
        "sap" => match balance(&body)? {
            Said::Nothing if call.path.contains(ITEMS) => Some(Said::NothingOpen),
            said => Some(said),
        },
        "servicenow" => match body["result"].as_array() {
            Some(users) => found(users, |_| true).unwrap_or(Some(Said::Nothing)),
            None => tickets(&body).map(Said::Tickets),
        },
        // Where there is none, the systems are asked all the same, by the address.
        "genesys" if contacts_found(call).is_some() => {
            (contacts_found(call)?.len() > 1).then_some(Said::Several)
        }
        "genesys" => body["externalIds"].as_array().is_none_or(Vec::is_empty).then_some(Said::Nothing),
        _ => None,
    }
}

fn account(body: &Value) -> Option<Said> {
    let record = match body["records"].as_array()?.as_slice() {
        [] => return Some(Said::Nothing),
        [record] => record,
        _ => return Some(Said::Several),
    };
    let text = |name: &str| record[name].as_str().map(str::to_owned);
    let day = |text: &str| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight =
        |day: chrono::NaiveDate| day.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp_millis());
    Some(Said::Account {
        name: text("Name"),
        tier: text("LoyaltyTier__c"),
        last_activity: record["LastActivityDate"].as_str().and_then(day).and_then(midnight),
    })
}

fn balance(body: &Value) -> Option<Said> {
    // A part of several pages is no sum.
    let rows = body["d"]["results"].as_array().filter(|_| body["d"]["__next"].is_null())?;
    if rows.is_empty() {
        return Some(Said::Nothing);
    }
    if let Some(several) = found(rows, |row| row["AmountInCompanyCodeCurrency"].is_null()) {
        return several;
    }
    // Sums across currencies mean nothing.
    let mut balances = BTreeMap::new();
    for row in rows {
        let currency = row["CompanyCodeCurrency"].as_str()?.to_owned();
        *balances.entry(currency).or_default() +=
            ten_thousandths(row["AmountInCompanyCodeCurrency"].as_str()?)?;
    }
    Some(Said::Balances(balances))
}

/// What the answer to a search for a customer says by itself: that there are several. One leads to other questions.
/// `None` where it is no such answer, or an empty one.
fn found(rows: &[Value], is_of_search: impl Fn(&Value) -> bool) -> Option<Option<Said>> {
    let is_search = !rows.is_empty() && rows.iter().all(is_of_search);
    is_search.then(|| (rows.len() > 1).then_some(Said::Several))
}

fn tickets(body: &Value) -> Option<i64> {
    let count = &body["result"]["stats"]["count"];
    count.as_i64().or_else(|| count.as_str()?.trim().parse().ok())
}

/// `-12.5` is -125,000; `None` for what is no decimal of at most four places.
fn ten_thousandths(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if places.len() > 4 || places.contains(|character: char| !character.is_ascii_digit()) {
        return None;
    }
    let places: i128 = format!("{places:0<4}").parse().ok()?;
    let number = whole.parse::<u64>().ok().map(i128::from)? * 10_000 + places;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_last_place() {
        assert_eq!(ten_thousandths("100.10"), Some(1_001_000));
        assert_eq!(ten_thousandths("-0.2"), Some(-2_000));
        assert_eq!(ten_thousandths("5"), Some(50_000));
        for wrong in ["", "x", "1.23456", "1.-2", "--1"] {
            assert_eq!(ten_thousandths(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn answers_are_read_as_the_vendors_document_them() {
        let read = |system: &str, answer: &str| {
            said(&Call {
                system: system.into(),
                status: 200,
                answer: Some(answer.into()),
                ..Default::default()
            })
        };
        assert_eq!(read("salesforce", r#"{"records":[]}"#), Some(Said::Nothing));
        let record = r#"{"records":[{"Name":"Ada","LoyaltyTier__c":null,"LastActivityDate":"2026-11-20"}]}"#;
        let last_activity = Some(1_795_132_800_000);
        assert_eq!(
            read("salesforce", record),
            Some(Said::Account { name: Some("Ada".into()), tier: None, last_activity })
        );
        let items = |second: &str| {
            format!(
                r#"{{"d":{{"results":[{{"AmountInCompanyCodeCurrency":"1.50","CompanyCodeCurrency":"EUR"}},
                {{"AmountInCompanyCodeCurrency":"2","CompanyCodeCurrency":"{second}"}}]}}}}"#
            )
        };
        let balances = |of: &[(&str, i128)]| {
            Some(Said::Balances(of.iter().map(|(currency, sum)| ((*currency).to_owned(), *sum)).collect()))
        };
        assert_eq!(read("sap", &items("EUR")), balances(&[("EUR", 35_000)]));
        assert_eq!(read("sap", &items("USD")), balances(&[("EUR", 15_000), ("USD", 20_000)]));
        assert_eq!(read("servicenow", r#"{"result":{"stats":{"count":"12"}}}"#), Some(Said::Tickets(12)));
        assert_eq!(read("servicenow", "<html>"), None);
        // Searches: nobody, one who is asked about next, several.
        assert_eq!(read("servicenow", r#"{"result":[]}"#), Some(Said::Nothing));
        assert_eq!(read("servicenow", r#"{"result":[{"sys_id":"1"}]}"#), None);
        assert_eq!(read("servicenow", r#"{"result":[{"sys_id":"1"},{"sys_id":"2"}]}"#), Some(Said::Several));
        assert_eq!(read("sap", r#"{"d":{"results":[{"AddressID":"1"}]}}"#), None);
        let several = r#"{"d":{"results":[{"AddressID":"1"},{"AddressID":"2"}]}}"#;
        assert_eq!(read("sap", several), Some(Said::Several));
    }

    #[test]
    fn whom_a_contact_leads_nowhere_need_not_be_asked_for() {
        const CONTACT: &str = "7b8a6a1c-0000-5000-8000-000000000001";
        let contact = |answer: &str| Call {
            system: "genesys".into(),
            method: "GET".into(),
            path: format!("/api/v2/externalcontacts/contacts/{CONTACT}"),
            finished_at: Some(990.0),
            status: 200,
            answer: Some(answer.into()),
            ..Call::default()
        };
        let violations = |call: Call, status: &str, fetched_at| {
            let source =
                ProfileSource { status: status.into(), fetched_at: Some(fetched_at), latency_ms: None };
            let record = ProfileRecord {
                key: CONTACT.into(),
                fields: ProfileFields { customer_id: CONTACT.into(), ..Default::default() },
                sources: [("sap".to_owned(), source)].into(),
                ..Default::default()
            };
            let calls = [call];
            let mut verdict = Verdict::new("answers-to-lookups");
            Answers::new(&calls, [CONTACT].into_iter(), None).judge(&record, &[], &mut verdict);
            verdict.violations()
        };
        let nowhere = || contact(r#"{"externalIds":[]}"#);
        assert_eq!(violations(nowhere(), "NOT_FOUND", 1_000), 0);
        assert_eq!(violations(Call { status: 404, ..nowhere() }, "NOT_FOUND", 1_000), 0);
        assert_eq!(violations(nowhere(), "OK", 1_000), 1);
        assert_eq!(violations(nowhere(), "NOT_FOUND", 90_000), 1, "at another time");
        let known = r#"{"externalIds":[{"externalSource":{"name":"salesforce"},"value":"C-000001"}]}"#;
        assert_eq!(violations(contact(known), "NOT_FOUND", 1_000), 1, "SAP was to be asked");
        assert_eq!(violations(Call { status: 500, ..nowhere() }, "NOT_FOUND", 1_000), 1);
    }
}
