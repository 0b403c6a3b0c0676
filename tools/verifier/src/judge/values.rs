//! `values`: every value decodes by its writer's schema, or was put aside by the pipeline.

use std::collections::HashSet;

use crate::evidence::{Evidence, Place, Undecodable};
use crate::report::{Verdict, counted};

/// Judges `values`, and counts what no other judge does.
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::new("values");
    let put_aside: HashSet<(&str, Place)> = evidence
        .dead_letters
        .iter()
        .filter_map(|letter| letter.origin.as_ref())
        .map(|(topic, place)| (without_prefix(topic, evidence), *place))
        .collect();
    for Undecodable { topic, place, problem } in &evidence.undecodable {
        // Somebody else's garbage in an input topic is no breach once the pipeline has put it aside.
        if put_aside.contains(&(topic.as_str(), *place)) {
            verdict.count("poisonous_records", 1);
        } else {
            verdict.object("undecodable", || format!("{topic} {place}: {problem}"));
        }
    }
    for (topic, records) in &evidence.records {
        verdict.count(format!("records.{topic}"), *records);
    }
    for letter in &evidence.dead_letters {
        verdict.count("dead_letters", 1);
        verdict.count(format!("dead_letters.{}.{}", letter.topic, letter.code), 1);
    }
    for trouble in &evidence.troubles {
        verdict.count(format!("pipeline_errors.{}", trouble.code), 1);
    }
    for payload in &evidence.quarantine {
        verdict.count(format!("quarantined.{}", payload.code), 1);
    }
    for event in &evidence.enriched {
        verdict.count("held", u64::from(event.held_ms > 0));
    }
    verdict.count("aborted_records", evidence.aborted);
    let (records, topics) = (evidence.records.values().sum(), evidence.records.len() as u64);
    verdict.having_compared(format!("{} of {}", counted(records, "record"), counted(topics, "topic")))
}

/// The name that the evidence has for a topic: dead letters name it with the deployment's prefix.
fn without_prefix<'a>(full: &'a str, evidence: &Evidence) -> &'a str {
    let known =
        evidence.topics.iter().filter(|topic| full.ends_with(topic.as_str())).max_by_key(|topic| topic.len());
    known.map_or(full, |topic| &full[full.len() - topic.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::DeadLetter;

    #[test]
    fn garbage_is_a_finding_until_it_is_put_aside() {
        let place = Place { partition: 1, offset: 2 };
        let garbage = Undecodable { topic: "events.normalized".into(), place, problem: "no frame".into() };
        let mut evidence = Evidence { undecodable: vec![garbage], ..Evidence::default() };
        evidence.topics.insert("events.normalized".into());
        assert_eq!(judge(&evidence).violations(), 1);
        evidence.dead_letters.push(DeadLetter {
            topic: "processor.dlq".into(),
            origin: Some(("p.events.normalized".into(), place)),
            ..Default::default()
        });
        let verdict = judge(&evidence);
        assert_eq!((verdict.violations(), verdict.counts["poisonous_records"]), (0, 1));
    }
}
