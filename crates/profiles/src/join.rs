//! Two records of one customer become one: part by part, whoever wrote them.
//!
//! Of one source the part with the greater change offset counts, then the one that was fetched later, then the one that
//! was asked for later. A part is taken as a whole, so that what is known here is in some record. The order in which
//! records are joined does not matter, nor how often each of them is: an instance that reads the records of all others
//! comes to the same profile as they do.

use trunkline_schemas::{CustomerProfile, SourcePart, SystemIdentity};

use crate::flat;

/// What two records of a customer say together. The parts of sources in `order` come first, in that order, then the
/// others by their names: of two sources that know a field, the first one gives it.
pub fn join<S: AsRef<str>>(one: &CustomerProfile, other: &CustomerProfile, order: &[S]) -> CustomerProfile {
    let mut parts = one.parts.clone();
    for part in &other.parts {
        match parts.iter_mut().find(|known| known.source == part.source) {
            Some(known) => *known = newer(known, part).clone(),
            None => parts.push(part.clone()),
        }
    }
    let place = |part: &SourcePart| order.iter().position(|name| name.as_ref() == part.source);
    parts.sort_by(|a, b| {
        let (at, other) = (place(a).unwrap_or(usize::MAX), place(b).unwrap_or(usize::MAX));
        at.cmp(&other).then_with(|| a.source.cmp(&b.source))
    });
    let mut identities = one.identities.clone();
    for identity in &other.identities {
        match identities.iter_mut().find(|known| known.target == identity.target) {
            Some(known) if is_newer(identity, known) => known.clone_from(identity),
            Some(_) => {}
            None => identities.push(identity.clone()),
        }
    }
    identities.sort_by(|a, b| a.target.cmp(&b.target));
    let interaction = one.last_interaction_date.max(other.last_interaction_date);
    let last_updated = one.last_updated.max(other.last_updated);
    flat::profile(one.customer_id.clone(), parts, identities, interaction, last_updated)
}

/// The part that counts of two of one source: with the later answer; of two with the same answer, with the later
/// attempt. Where both are the same moment's, some order that all readers agree on decides.
fn newer<'a>(one: &'a SourcePart, other: &'a SourcePart) -> &'a SourcePart {
    let times = |part: &SourcePart| (part.change_offset, part.fetched_at, part.asked_at);
    let came_of_it = |part: &SourcePart| (part.status as u8, part.latency_ms);
    let order = times(one)
        .cmp(&times(other))
        .then_with(|| came_of_it(one).cmp(&came_of_it(other)))
        .then_with(|| said(one).cmp(&said(other)));
    if order.is_ge() { one } else { other }
}

/// What a part says, in some order.
fn said(part: &SourcePart) -> impl Ord + '_ {
    let texts = (&part.account_name, &part.loyalty_tier);
    (texts, &part.balances, part.open_tickets, part.last_interaction_date, &part.values)
}

/// Whether an identity was found out later, or says more of the same moment.
fn is_newer(identity: &SystemIdentity, known: &SystemIdentity) -> bool {
    found(identity) > found(known)
}

/// When somebody was found out and what, in some order.
fn found(identity: &SystemIdentity) -> impl Ord + '_ {
    let by = (&identity.number, &identity.record_id, &identity.found_by);
    (identity.resolved_at, identity.resolution as u8, by, &identity.settings, identity.candidates)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use trunkline_schemas::{Resolution, SourceStatus};

    use super::*;

    const ORDER: [&str; 2] = ["sap", "crm"];

    /// When it was asked, what was answered when and of which change, its status, tickets and latency.
    type Drawn = (i64, Option<(i64, Option<i64>)>, usize, Option<i32>, i64);

    fn parts() -> impl Strategy<Value = Vec<SourcePart>> {
        let answer = proptest::option::of((0_i64..4, proptest::option::of(0_i64..3)));
        let part = (0_i64..5, answer, 0_usize..3, proptest::option::of(0_i32..3), 0_i64..2);
        proptest::collection::btree_map(0_usize..3, part, 0..3).prop_map(|parts| {
            let part = |(source, drawn): (usize, Drawn)| {
                let (asked_at, answer, status, tickets, latency) = drawn;
                let statuses = [SourceStatus::Ok, SourceStatus::NotFound, SourceStatus::Timeout];
                SourcePart {
                    source: ["crm", "sap", "other"][source].to_owned(),
                    system: "sap".to_owned(),
                    status: statuses[status],
                    asked_at,
                    latency_ms: Some(latency),
                    fetched_at: answer.map(|(fetched_at, _)| fetched_at),
                    change_offset: answer.and_then(|(_, change_offset)| change_offset),
                    account_name: None,
                    loyalty_tier: None,
                    balances: Default::default(),
                    open_tickets: answer.and(tickets),
                    last_interaction_date: None,
                    values: Default::default(),
                }
            };
            parts.into_iter().map(part).collect()
        })
    }

    prop_compose! {
        fn profiles()(
            parts in parts(),
            interaction in proptest::option::of(0_i64..3),
            updated in 0_i64..3,
            resolved in proptest::option::of((0_i64..3, 0_usize..2)),
        ) -> CustomerProfile {
            let identity = |(at, resolution): (i64, usize)| SystemIdentity {
                system: "sap".to_owned(),
                target: "sap".to_owned(),
                resolution: [Resolution::Exact, Resolution::None][resolution],
                found_by: None,
                record_id: None,
                number: None,
                candidates: None,
                resolved_at: Some(at),
                settings: None,
            };
            let identities = resolved.into_iter().map(identity).collect();
            let alone = flat::profile("C-1".to_owned(), parts, identities, interaction, updated);
            join(&alone, &alone, &ORDER)
        }
    }

    proptest! {
        #[test]
        fn neither_order_nor_repetition_matters(a in profiles(), b in profiles(), c in profiles()) {
            let join = |a: &_, b: &_| join(a, b, &ORDER);
            prop_assert_eq!(join(&a, &b), join(&b, &a));
            prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
            prop_assert_eq!(join(&join(&a, &b), &b), join(&a, &b));
        }

        #[test]
        fn no_part_becomes_older(a in profiles(), b in profiles()) {
            let joined = join(&a, &b, &ORDER);
            for part in a.parts.iter().chain(&b.parts) {
                let now = joined.parts.iter().find(|joined| joined.source == part.source).unwrap();
                prop_assert!((now.change_offset, now.fetched_at) >= (part.change_offset, part.fetched_at));
                let written = a.parts.iter().chain(&b.parts);
                prop_assert!(written.into_iter().any(|part| part == now), "it is one that was written");
            }
        }
    }
}
