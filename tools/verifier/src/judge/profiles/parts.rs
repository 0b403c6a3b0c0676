//! The parts of a record of `customer.profiles`: its flat fields follow from them, and the last record of a customer
//! has the latest answer of each source.

use std::collections::{BTreeMap, HashMap};

use crate::evidence::{ProfileFields, ProfileRecord, ProfileSourcePart};
use crate::report::Verdict;

/// Judges the parts of all records. How many customers' last records lack an answer that an earlier one has is counted:
/// an instance that was killed, or has the customer not in memory, cannot tell it again.
pub(super) fn judge(records: &[ProfileRecord], verdict: &mut Verdict) {
    for record in records.iter().filter(|record| !record.parts.is_empty()) {
        let differing = differing(record);
        if !differing.is_empty() {
            verdict.object("parts", || {
                let fields = differing.join(", ");
                format!("customer.profiles {}: {fields} do not follow from its parts", record.place)
            });
        }
    }
    verdict.count("profiles_without_the_latest_answers", overwritten(records));
}

/// The fields that are not those of the first part which knows them.
fn differing(record: &ProfileRecord) -> Vec<&'static str> {
    let ProfileFields { balances, .. } = &record.fields;
    let first = |knows: fn(&ProfileFields) -> bool| {
        record.parts.iter().map(|part| &part.fields).find(|fields| knows(fields))
    };
    let name = first(|fields| fields.account_name.is_some()).and_then(|fields| fields.account_name.as_ref());
    let tier = first(|fields| fields.loyalty_tier.is_some()).and_then(|fields| fields.loyalty_tier.as_ref());
    let tickets = first(|fields| fields.open_tickets.is_some()).and_then(|fields| fields.open_tickets);
    let open = first(|fields| !fields.balances.is_empty()).map(|fields| &fields.balances);
    let single = balances.first_key_value().filter(|_| balances.len() == 1);
    let values: BTreeMap<String, String> = record.parts.iter().flat_map(qualified).collect();
    let latest = record.parts.iter().filter_map(|part| part.fields.last_interaction).max();
    let checks = [
        ("accountName", record.fields.account_name.as_ref() == name),
        ("loyaltyTier", record.fields.loyalty_tier.as_ref() == tier),
        ("openTickets", record.fields.open_tickets == tickets),
        ("values", record.fields.values == values),
        ("balances", *balances == open.cloned().unwrap_or_default()),
        ("balance", record.fields.balance == single.map(|(_, amount)| *amount)),
        ("currency", record.fields.currency.as_ref() == single.map(|(currency, _)| currency)),
        // Conversations that ended count as well.
        ("lastInteractionDate", record.fields.last_interaction >= latest),
        (
            "sources",
            record.sources.len() == record.parts.len() && record.parts.iter().all(|p| agrees(p, record)),
        ),
    ];
    checks.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect()
}

/// The values of a part, under the names that they have in the profile.
fn qualified(part: &ProfileSourcePart) -> impl Iterator<Item = (String, String)> {
    let named = |(name, value): (&String, &String)| (format!("{}.{name}", part.source), value.clone());
    part.fields.values.iter().map(named).collect::<Vec<_>>().into_iter()
}

fn agrees(part: &ProfileSourcePart, record: &ProfileRecord) -> bool {
    let source = record.sources.get(&part.source);
    // That a customer was not known is not dated once nobody answers any more.
    let same_time = |time: Option<i64>| time == part.fetched_at || time.is_none() && part.status != "OK";
    source.is_some_and(|source| source.status == part.status && same_time(source.fetched_at))
}

/// Customers whose last record lacks an answer of some source that an earlier one has.
fn overwritten(records: &[ProfileRecord]) -> u64 {
    type Answer = (Option<i64>, Option<i64>);
    let answer = |part: &ProfileSourcePart| -> Answer { (part.change_offset, part.fetched_at) };
    let mut latest: HashMap<&str, BTreeMap<&str, Answer>> = HashMap::new();
    let mut last: HashMap<&str, &ProfileRecord> = HashMap::new();
    for record in records {
        let customer = record.fields.customer_id.as_str();
        let of_customer = latest.entry(customer).or_default();
        for part in &record.parts {
            let known = of_customer.entry(&part.source).or_default();
            *known = (*known).max(answer(part));
        }
        let known = last.entry(customer).or_insert(record);
        if record.place.offset > known.place.offset {
            *known = record;
        }
    }
    let lacks = |(customer, record): &(&&str, &&ProfileRecord)| {
        let parts = &record.parts;
        let has =
            |source: &&str| parts.iter().find(|part| part.source == *source).map(answer).unwrap_or_default();
        latest[**customer].iter().any(|(source, known)| has(source) < *known)
    };
    last.iter().filter(lacks).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Place, ProfileSource};

    fn part(source: &str, fetched_at: i64, name: Option<&str>) -> ProfileSourcePart {
        let account_name = name.map(str::to_owned);
        let fields = ProfileFields { customer_id: "C-1".into(), account_name, ..Default::default() };
        ProfileSourcePart {
            source: source.into(),
            system: source.into(),
            status: "OK".into(),
            fetched_at: Some(fetched_at),
            change_offset: None,
            fields,
        }
    }

    fn record(offset: i64, parts: Vec<ProfileSourcePart>) -> ProfileRecord {
        let source = |part: &ProfileSourcePart| {
            let (status, fetched_at) = (part.status.clone(), part.fetched_at);
            (part.source.clone(), ProfileSource { status, fetched_at, latency_ms: None })
        };
        let name = parts.iter().find_map(|part| part.fields.account_name.clone());
        ProfileRecord {
            place: Place { partition: 0, offset },
            fields: ProfileFields { customer_id: "C-1".into(), account_name: name, ..Default::default() },
            sources: parts.iter().map(source).collect(),
            parts,
            ..Default::default()
        }
    }

    #[test]
    fn flat_fields_follow_from_the_parts() {
        let right = record(0, vec![part("sap", 1, None), part("crm", 1, Some("Ada"))]);
        assert_eq!(differing(&right), [""; 0]);
        let mut other = right.clone();
        other.fields.account_name = Some("Bob".into());
        other.fields.balances.insert("EUR".into(), 5);
        assert_eq!(differing(&other), ["accountName", "balances", "balance", "currency"]);
        let mut older = right;
        older.parts[0].fetched_at = Some(0);
        assert_eq!(differing(&older), ["sources"]);
    }

    #[test]
    fn a_last_record_without_an_answer_of_an_earlier_one_is_counted() {
        let whole = || vec![part("sap", 5, None), part("crm", 1, Some("Ada"))];
        assert_eq!(overwritten(&[record(0, whole()), record(1, whole())]), 0);
        assert_eq!(overwritten(&[record(0, whole()), record(1, vec![part("crm", 9, None)])]), 1);
        assert_eq!(overwritten(&[record(1, vec![part("crm", 9, None)]), record(0, whole())]), 1);
        let joined = vec![part("sap", 5, None), part("crm", 9, None)];
        assert_eq!(
            overwritten(&[record(0, whole()), record(1, vec![part("crm", 9, None)]), record(2, joined)]),
            0
        );
    }
}
