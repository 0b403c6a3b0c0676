//! `facts`: what happened twice is two facts. Two occurrences that the platform reported never become one event, whatever their
//! payloads have in common; and one occurrence, however often it is delivered, is counted.

use std::collections::{HashMap, HashSet};

use crate::evidence::{Evidence, LedgerLine};
use crate::report::{Verdict, counted};

/// Judges `facts` from the ledger, whose `fact` is the generator's own identity of what happened. Nothing is judged of
/// deliveries without one.
pub fn judge(ledger: &[LedgerLine], evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::new("facts");
    let out: HashSet<&str> = evidence.enriched.iter().map(|event| event.fact.event_id.as_str()).collect();
    // By event id: the fact that had it first, and the others that share it.
    let mut first_fact: HashMap<&str, &LedgerLine> = HashMap::new();
    let mut ids_of: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut sharing: HashSet<&str> = HashSet::new();
    for line in ledger.iter().filter(|line| line.accepted()) {
        let Some(fact) = line.fact.as_deref() else { continue };
        for event_id in &line.event_ids {
            ids_of.entry(fact).or_default().insert(event_id);
            let first = *first_fact.entry(event_id).or_insert(line);
            if first.fact.as_deref() != Some(fact) && sharing.insert(fact) {
                verdict.object("fact-shares-an-id", || {
                    format!(
                        "payload {} of source {} ({}) is another fact than payload {}, and both were answered event {event_id}",
                        line.body_sha256,
                        line.source,
                        line.behaviour.as_deref().unwrap_or("ordinary"),
                        first.body_sha256
                    )
                });
            }
        }
    }
    let repeats = |ids: &&HashSet<&str>| ids.iter().filter(|id| out.contains(*id)).count() > 1;
    let facts = ids_of.len() as u64;
    verdict.count("facts", facts);
    verdict.count("facts_told_more_than_once", ids_of.values().filter(repeats).count() as u64);
    verdict.having_compared(counted(facts, "fact"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fact: &str, event_id: &str) -> LedgerLine {
        LedgerLine {
            status: Some(202),
            fact: Some(fact.into()),
            event_ids: vec![event_id.into()],
            ..Default::default()
        }
    }

    fn judged(ledger: &[LedgerLine]) -> Verdict {
        judge(ledger, &Evidence::default())
    }

    #[test]
    fn two_facts_have_two_ids_and_a_delivery_again_none_of_its_own() {
        assert_eq!(judged(&[line("a", "1"), line("b", "2"), line("a", "1")]).violations(), 0);
        assert_eq!(judged(&[line("a", "1"), line("b", "1")]).violations(), 1);
        assert_eq!(judged(&[line("a", "1"), line("b", "1"), line("b", "1")]).violations(), 1);
    }

    #[test]
    fn what_was_not_accepted_or_names_no_fact_is_not_judged() {
        let refused = LedgerLine { status: Some(422), ..line("b", "1") };
        let nameless = LedgerLine { fact: None, ..line("b", "1") };
        assert_eq!(judged(&[line("a", "1"), refused, nameless]).violations(), 0);
    }
}
