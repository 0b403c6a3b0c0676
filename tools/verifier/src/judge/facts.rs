//! `facts`: what happened twice is two facts. Two occurrences that the platform reported never become one
//! event, whatever their payloads have in common; and one occurrence, however often it is delivered, comes
//! out once, or again with a mark where it could not be told from another.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::evidence::{Evidence, LedgerLine};
use crate::report::{Verdict, counted};

/// Judges `facts` from the ledger, whose `fact` is the generator's own identity of what happened. Nothing is judged of
/// deliveries without one.
pub fn judge(ledger: &[LedgerLine], evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::new("facts");
    // One that is marked as a possible repetition tells of nothing new; whether the mark is right is judged by I2.
    let told_anew = evidence.enriched.iter().filter(|event| !event.possible_repeat);
    let out: HashSet<&str> = told_anew.map(|event| event.fact.event_id.as_str()).collect();
    // By event id: the fact that had it first, and the others that share it.
    let mut first_fact: HashMap<&str, &LedgerLine> = HashMap::new();
    let mut ids_of: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut elements_of: HashMap<&str, usize> = HashMap::new();
    let mut sharing: HashSet<&str> = HashSet::new();
    for line in ledger.iter().filter(|line| line.accepted()) {
        let Some(fact) = line.fact.as_deref() else { continue };
        let elements = elements_of.entry(fact).or_insert(1);
        *elements = line.event_ids.len().max(*elements);
        for event_id in &line.event_ids {
            ids_of.entry(fact).or_default().insert(event_id);
            let first = *first_fact.entry(event_id).or_insert(line);
            if first.fact.as_deref() != Some(fact) && sharing.insert(fact) {
                // A state that is left and returned to, or that another entity has as well, is told by the same words.
                let same_words = [line, first]
                    .iter()
                    .any(|line| matches!(line.behaviour.as_deref(), Some("state-returns" | "equal-bodies")));
                let kind = if same_words { "state-shares-an-id" } else { "facts-share-an-id" };
                verdict.object(kind, || {
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
    let facts = ids_of.len() as u64;
    verdict.count("facts", facts);
    for (fact, ids) in &ids_of {
        let told: BTreeSet<&str> = ids.iter().copied().filter(|id| out.contains(id)).collect();
        // A payload of several elements is one delivery; each element is an event of its own.
        let elements = elements_of.get(fact).copied().unwrap_or(1);
        if told.len() > elements {
            verdict
                .object("told-twice", || format!("fact {fact} came out as {} events: {told:?}", told.len()));
        }
    }
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
    fn a_fact_that_comes_out_twice_is_seen() {
        let out = |ids: [&str; 2]| {
            let event = |id: &str| {
                let fact = crate::evidence::Fact { event_id: id.into(), ..Default::default() };
                crate::evidence::Enriched { fact, ..Default::default() }
            };
            Evidence { enriched: ids.map(event).to_vec(), ..Evidence::default() }
        };
        let again = [line("a", "1"), line("a", "2")];
        assert_eq!(judge(&again, &out(["1", "3"])).violations(), 0, "one of them was suppressed");
        assert_eq!(judge(&again, &out(["1", "2"])).violations(), 1);
        let mut marked = out(["1", "2"]);
        marked.enriched[1].possible_repeat = true;
        assert_eq!(judge(&again, &marked).violations(), 0, "it says that it may be one");
        let both = LedgerLine { event_ids: vec!["1".into(), "2".into()], ..line("a", "1") };
        assert_eq!(judge(&[both], &out(["1", "2"])).violations(), 0, "a payload of two elements");
    }

    #[test]
    fn what_was_not_accepted_or_names_no_fact_is_not_judged() {
        let refused = LedgerLine { status: Some(422), ..line("b", "1") };
        let nameless = LedgerLine { fact: None, ..line("b", "1") };
        assert_eq!(judged(&[line("a", "1"), refused, nameless]).violations(), 0);
    }
}
