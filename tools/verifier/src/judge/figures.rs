//! `figures`: where a conversation stands after each of its events, by a reference model.

use std::collections::BTreeMap;

use crate::conversation::Conversation;
use crate::evidence::{Enriched, Evidence, Figures};
use crate::report::{Verdict, counted};

/// Judges the figures of every event, in the order that the events were published in. What belongs to no
/// conversation has none.
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::new("figures");
    let mut conversations: BTreeMap<&str, Vec<&Enriched>> = BTreeMap::new();
    for event in &evidence.enriched {
        if event.fact.is_conversational() {
            conversations.entry(&event.fact.key).or_default().push(event);
        } else {
            let none =
                Figures { state: "none".to_owned(), events: event.ordering.position, ..Figures::default() };
            compare(&none, event, &mut verdict);
        }
    }
    let number = conversations.len() as u64;
    for events in conversations.values_mut() {
        events.sort_by_key(|event| event.fact.place);
        let mut model = Conversation::default();
        for event in events.iter() {
            let fact = &event.fact;
            model.take(&fact.event_type, fact.event_time, fact.agent_id.as_deref());
            compare(&model.figures(), event, &mut verdict);
        }
    }
    let compared = counted(evidence.enriched.len() as u64, "event");
    verdict.having_compared(format!("{compared}, {} by the reference model", counted(number, "conversation")))
}

fn compare(expected: &Figures, event: &Enriched, verdict: &mut Verdict) {
    if event.figures != *expected {
        verdict.object("figure", || {
            format!(
                "{}: after event {} at {} the figures are {:?}, the reference model has {expected:?}",
                event.fact.key, event.fact.event_id, event.fact.place, event.figures
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Fact, Place};

    fn event(offset: i64, event_type: &str, figures: Figures) -> Enriched {
        let fact = Fact {
            place: Place { partition: 0, offset },
            event_type: event_type.into(),
            event_time: offset * 100,
            conversation_id: Some("c".into()),
            ..Default::default()
        };
        Enriched { fact, figures, ..Default::default() }
    }

    fn judged(events: Vec<Enriched>) -> u64 {
        judge(&Evidence { enriched: events, ..Evidence::default() }).violations()
    }

    #[test]
    fn a_wrong_figure_is_seen() {
        let started =
            Figures { state: "started".into(), started_at: Some(100), events: 1, ..Default::default() };
        let queued = Figures { state: "queued".into(), events: 2, ..started.clone() };
        let right = [event(1, "conversation.started", started), event(2, "queue.entered", queued.clone())];
        assert_eq!(judged(right.to_vec()), 0);
        for wrong in [
            Figures { queued_ms: Some(0), ..queued.clone() },
            Figures { transfers: 1, ..queued.clone() },
            Figures { state: "started".into(), ..queued.clone() },
            Figures { events: 3, ..queued },
        ] {
            assert_eq!(judged(vec![right[0].clone(), event(2, "queue.entered", wrong)]), 1);
        }
    }

    #[test]
    fn what_is_no_conversation_has_no_figures() {
        let mut alone = event(
            1,
            "agent.state_changed",
            Figures { state: "none".into(), events: 1, ..Default::default() },
        );
        alone.fact.conversation_id = None;
        alone.ordering.position = 1;
        assert_eq!(judged(vec![alone.clone()]), 0);
        alone.figures.handled_ms = Some(1);
        assert_eq!(judged(vec![alone]), 1);
    }
}
