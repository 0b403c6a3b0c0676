//! `figures`: where a conversation stands after each of its events, by a reference model.

use std::collections::BTreeMap;

use crate::conversation::Model;
use crate::evidence::{Enriched, Evidence, Figures, MoreFigures};
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
            let none = Figures {
                state: "none".to_owned(),
                events: event.ordering.position,
                more: event.figures.more.is_some().then(MoreFigures::default),
                ..Figures::default()
            };
            compare(&none, event, &mut verdict);
        }
    }
    let number = conversations.len() as u64;
    let mut unjudged = 0;
    for events in conversations.values_mut() {
        events.sort_by_key(|event| event.fact.place);
        unjudged += judge_conversation(events, &mut verdict);
    }
    verdict.count("of_unjudged_figures", unjudged);
    let compared = counted(evidence.enriched.len() as u64 - unjudged, "event");
    verdict.having_compared(format!("{compared}, {} by the reference model", counted(number, "conversation")))
}

/// Judges the figures of one conversation; returns of how many events they cannot be: an older build published one of
/// them or one before, or there are more sessions than are kept apart.
fn judge_conversation(events: &[&Enriched], verdict: &mut Verdict) -> u64 {
    let mut model = Model::default();
    for (index, event) in events.iter().enumerate() {
        model.take(&event.fact);
        if event.figures.more.is_none() || model.is_folded() {
            return (events.len() - index) as u64;
        }
        compare(model.figures(), event, verdict);
    }
    0
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
            told: Some(Box::default()),
            ..Default::default()
        };
        Enriched { fact, figures, ..Default::default() }
    }

    fn judged(events: Vec<Enriched>) -> u64 {
        judge(&Evidence { enriched: events, ..Evidence::default() }).violations()
    }

    fn none_yet() -> MoreFigures {
        let none = Some(0);
        MoreFigures {
            reopened: none,
            agents: none,
            connected_agents: none,
            consults: none,
            conferences: none,
            attended_transfers: none,
            blind_transfers: none,
            unanswered: none,
            ..MoreFigures::default()
        }
    }

    #[test]
    fn a_wrong_figure_is_seen() {
        let started = Figures {
            state: "started".into(),
            started_at: Some(100),
            events: 1,
            more: Some(none_yet()),
            ..Default::default()
        };
        let queued = Figures { state: "queued".into(), events: 2, ..started.clone() };
        let right = [event(1, "conversation.started", started), event(2, "queue.entered", queued.clone())];
        assert_eq!(judged(right.to_vec()), 0);
        for wrong in [
            Figures { queued_ms: Some(0), ..queued.clone() },
            Figures { transfers: 1, ..queued.clone() },
            Figures { state: "started".into(), ..queued.clone() },
            Figures { events: 3, ..queued.clone() },
            Figures { more: Some(MoreFigures { reopened: None, ..none_yet() }), ..queued.clone() },
            Figures { more: Some(MoreFigures { held_ms: Some(0), ..none_yet() }), ..queued },
        ] {
            assert_eq!(judged(vec![right[0].clone(), event(2, "queue.entered", wrong)]), 1);
        }
    }

    #[test]
    fn what_an_older_build_began_is_not_judged_and_counted() {
        let older = Figures { state: "ended".into(), ..Default::default() };
        let events =
            vec![event(1, "conversation.started", older), event(2, "queue.entered", Figures::default())];
        let verdict = judge(&Evidence { enriched: events, ..Evidence::default() });
        assert_eq!((verdict.violations(), verdict.counted("of_unjudged_figures")), (0, 2));
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
