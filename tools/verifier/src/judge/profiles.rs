//! `profiles`: what an event says of its customer is what the outside systems answered about that customer,
//! as old as it says.
//!
//! In two steps, each judged by itself: an event's profile is one of the records of `customer.profiles`, and
//! its verdict follows from the ages it states; a record of `customer.profiles` is what the audit logs say
//! was answered, and when. Its flat fields follow from its parts.

mod answers;
mod found;
mod names;
mod parts;
mod shared;
mod view;

use std::collections::HashMap;

use self::answers::Answers;
use self::view::Views;
use crate::configuration::EnrichmentRules;
use crate::conversation::subjects;
use crate::evidence::{Call, Evidence};
use crate::judge::systems::contact_asked_for;
use crate::report::{Verdict, counted};

/// Judges the profiles of all events, by the configuration where it was given.
pub fn judge(evidence: &Evidence, rules: Option<&EnrichmentRules>, plugins: bool) -> Verdict {
    let mut verdict = Verdict::new("profiles");
    let views = Views::new(evidence, rules, plugins);
    judge_any(evidence, rules, &mut verdict);
    parts::judge(&evidence.profiles, &mut verdict);
    let mut compared = 0;
    for (event, subject) in evidence.enriched.iter().zip(subjects(&evidence.enriched, rules)) {
        views.judge(event, subject.as_deref(), &mut verdict);
        verdict.count("events_of_callers", u64::from(event.fact.customer_id.is_none() && subject.is_some()));
        verdict.count(format!("enrichment.{}", event.enrichment.status), 1);
        compared += u64::from(event.profile.is_some());
    }
    verdict.having_compared(format!(
        "{} of {} with {}",
        counted(compared, "profile"),
        counted(evidence.enriched.len() as u64, "event"),
        counted(evidence.profiles.len() as u64, "record")
    ))
}

/// Events that name customers were enriched at all: that no system was ever heard of is no state of a
/// deployment that asks them. A system that was given up unheard has no latency.
fn judge_any(evidence: &Evidence, rules: Option<&EnrichmentRules>, verdict: &mut Verdict) {
    let named = evidence.enriched.iter().filter(|event| event.fact.customer_id.is_some()).count();
    let mut sources = evidence.enriched.iter().flat_map(|event| event.enrichment.sources.values());
    let heard = sources.any(|source| source.latency_ms.is_some());
    if rules.is_some_and(|rules| !rules.conditional) && named > 0 && !heard {
        verdict.object("never-asked", || {
            format!("{named} events name a customer, and no system was heard of any")
        });
    }
}

/// Judges the records of `customer.profiles` by what the outside systems answered.
pub fn judge_answers(evidence: &Evidence, calls: &[Call], rules: Option<&EnrichmentRules>) -> Verdict {
    let mut verdict = Verdict::new("answers-to-lookups");
    let customers = evidence.profiles.iter().map(|record| record.fields.customer_id.as_str());
    // Also contacts without a record: a question with somebody's number is about nobody else.
    let contacts = calls.iter().filter_map(|call| contact_asked_for(&call.path));
    let answers = Answers::new(calls, customers.chain(contacts), rules);
    let subjects = subjects(&evidence.enriched, rules);
    let events = || {
        evidence
            .enriched
            .iter()
            .zip(&subjects)
            .filter_map(|(event, subject)| Some((event, subject.as_deref()?)))
    };
    let mut ended: HashMap<&str, Vec<i64>> = HashMap::new();
    for (event, customer) in events().filter(|(event, _)| event.fact.event_type == "conversation.ended") {
        ended.entry(customer).or_default().push(event.fact.event_time);
    }
    for record in &evidence.profiles {
        let interactions = ended.get(record.fields.customer_id.as_str()).map_or([].as_slice(), Vec::as_slice);
        answers.judge(record, interactions, &mut verdict);
    }
    // Of whom nothing is known there is no record, and what an event says of who is meant stands for itself. Names of
    // their own: a number of somebody without a record says nothing of who has one.
    let unpublished: Vec<_> = events().filter(|(event, _)| event.profile.is_none()).collect();
    if !unpublished.is_empty() {
        let answers = Answers::new(calls, unpublished.iter().map(|(_, customer)| *customer), rules);
        for (event, customer) in unpublished {
            answers.judge_event(event, customer, &mut verdict);
        }
    }
    verdict.having_compared(format!(
        "{} with {}",
        counted(evidence.profiles.len() as u64, "record"),
        counted(answers.len() as u64, "answer")
    ))
}

#[cfg(test)]
mod tests;
