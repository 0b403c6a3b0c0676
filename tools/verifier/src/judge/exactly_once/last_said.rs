//! What the pipeline last said about an event that never came out.

use crate::evidence::{Evidence, Normalized, Trouble};

/// In words: whether the processor has passed the record, and the last report about it or, failing that, of
/// the processor.
pub fn last_said(fact: &Normalized, evidence: &Evidence) -> String {
    let progress = match evidence.committed.get(&fact.place.partition) {
        Some(committed) if *committed > fact.place.offset => {
            format!("the processor's group has committed offset {committed} there and passed it over")
        }
        Some(committed) => {
            format!("the processor's group has committed offset {committed} there and not reached it")
        }
        None => "no committed offset of the processor's group is known there".to_owned(),
    };
    let about = |trouble: &&Trouble| {
        trouble.correlation_id.as_deref() == Some(&fact.correlation_id)
            || fact.conversation_id.is_some() && trouble.conversation_id == fact.conversation_id
    };
    let latest = |troubles: &mut dyn Iterator<Item = &Trouble>| {
        troubles.max_by_key(|trouble| trouble.occurred_at).map(describe)
    };
    let report = match latest(&mut evidence.troubles.iter().filter(about)) {
        Some(report) => format!("the last report about it: {report}"),
        None => {
            let of_processor = |trouble: &&Trouble| trouble.component == "processor";
            match latest(&mut evidence.troubles.iter().filter(of_processor)) {
                Some(report) => {
                    format!("nothing was reported about it; the processor's last report: {report}")
                }
                None => "nothing was reported about it, nor anything by the processor".to_owned(),
            }
        }
    };
    format!("{progress}; {report}")
}

fn describe(trouble: &Trouble) -> String {
    let Trouble { code, instance, occurred_at, message, .. } = trouble;
    format!("{code} by {instance} at {occurred_at}: {message}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evidence::Place;

    #[test]
    fn it_says_where_the_processor_stands_and_its_last_report() {
        let fact = Normalized {
            place: Place { partition: 2, offset: 7 },
            correlation_id: "k".into(),
            ..Default::default()
        };
        let trouble = |code: &str, correlation: Option<&str>, occurred_at| Trouble {
            code: code.into(),
            component: "processor".into(),
            correlation_id: correlation.map(Into::into),
            occurred_at,
            ..Default::default()
        };
        let mut evidence = Evidence {
            committed: BTreeMap::from([(2, 9)]),
            troubles: vec![
                trouble("TL-1", Some("k"), 5),
                trouble("TL-2", Some("k"), 6),
                trouble("TL-3", None, 8),
            ],
            ..Evidence::default()
        };
        let said = last_said(&fact, &evidence);
        assert!(said.contains("committed offset 9 there and passed it over"), "{said}");
        assert!(said.contains("the last report about it: TL-2"), "{said}");
        evidence.troubles.retain(|trouble| trouble.correlation_id.is_none());
        evidence.committed.clear();
        let said = last_said(&fact, &evidence);
        assert!(said.contains("nothing was reported about it; the processor's last report: TL-3"), "{said}");
    }
}
