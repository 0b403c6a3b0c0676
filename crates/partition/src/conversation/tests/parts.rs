//! CXone: agents with parts of a contact, and agents to whom it is assigned.

use super::*;

/// The start (or end) of an agent's part of a contact.
fn part(event_type: &str, at: i64, agent: &str, part: &str) -> PlatformEvent {
    fact(event_type, at, "", Some(agent), &[("agentContactId", part)])
}

fn begins(at: i64, agent: &str, name: &str) -> PlatformEvent {
    part(et::PARTICIPANT_CONNECTED, at, agent, name)
}

fn ends(at: i64, agent: &str, name: &str) -> PlatformEvent {
    part(et::PARTICIPANT_DISCONNECTED, at, agent, name)
}

fn assigned(at: i64, agent: &str) -> PlatformEvent {
    fact(et::PARTICIPANT_CONNECTED, at, "", Some(agent), &[])
}

/// An event of an agent session: a contact is active, or final.
fn contact(at: i64, agent: &str, contact: &str, is_final: bool) -> PlatformEvent {
    let event_type = if is_final { et::PARTICIPANT_DISCONNECTED } else { et::PARTICIPANT_CONNECTED };
    let mut event = fact(event_type, at, "", Some(agent), &[("sessionId", contact)]);
    event.source.channel = "agent-session".to_owned();
    event
}

/// State, agents who are connected and who ever were, transfers, consults, handled time.
fn seen(events: &[PlatformEvent]) -> (String, [Option<i32>; 2], i32, Option<i32>, Option<i64>) {
    let ConversationSummary { state, connected_agents, agents, transfers, consults, handled_ms, .. } =
        after(events);
    (state, [connected_agents, agents], transfers, consults, handled_ms)
}

#[test]
fn an_agent_who_is_asked_and_leaves_takes_nothing_from_the_one_who_has_the_case() {
    let consult = [begins(10, "a", "1"), begins(20, "b", "2"), ends(30, "b", "2")];
    assert_eq!(seen(&consult), ("connected".to_owned(), [Some(1), Some(2)], 0, Some(1), Some(10)));
    let with_assignment = [&[assigned(9, "a")][..], &consult].concat();
    assert_eq!(seen(&with_assignment), ("connected".to_owned(), [Some(1), Some(2)], 0, Some(1), Some(11)));
    let three = [&consult[..2], &[begins(25, "x", "3"), ends(30, "b", "2"), ends(31, "x", "3")]].concat();
    assert_eq!(seen(&three), ("connected".to_owned(), [Some(1), Some(3)], 0, Some(2), Some(16)));
}

#[test]
fn an_agent_who_leaves_first_hands_over() {
    let call = [begins(10, "a", "1"), begins(20, "b", "2"), ends(30, "a", "1")];
    assert_eq!(seen(&call), ("connected".to_owned(), [Some(1), Some(2)], 1, Some(0), Some(20)));
}

#[test]
fn an_assignment_to_an_agent_who_has_a_part_is_the_same_stay() {
    let nobody = |at| fact(et::PARTICIPANT_DISCONNECTED, at, "", None, &[]);
    let own = [begins(20, "a", "1"), ends(50, "a", "1")];
    for (around, handled, what) in [
        (vec![assigned(25, "a")], 30, "within"),
        (vec![assigned(25, "a"), nobody(40)], 30, "within, and taken off"),
        (vec![assigned(25, "a"), nobody(60)], 30, "within, and taken off later"),
        (vec![assigned(20, "a")], 30, "at once"),
        (vec![assigned(10, "a")], 40, "before"),
        (vec![assigned(10, "a"), nobody(60)], 40, "before, and taken off later"),
        (vec![assigned(60, "a"), nobody(65)], 35, "again later"),
    ] {
        let mut call = [&own[..], &around].concat();
        call.sort_by_key(|event| event.event_time);
        let figures = seen(&call);
        assert_eq!((figures.4, figures.1[1], figures.2), (Some(handled), Some(1), 0), "{what}");
        assert_eq!((figures.1[0], figures.0.as_str()), (Some(0), "wrapup"), "{what}");
    }
    let handed_over = [&own[..], &[assigned(25, "a"), assigned(40, "b"), begins(41, "b", "2")]].concat();
    let figures = seen(&handed_over);
    assert_eq!((figures.1, figures.2, figures.4), ([Some(1), Some(2)], 1, Some(31)));
}

#[test]
fn contacts_of_agent_sessions_connect_once_they_are_active() {
    let call = [contact(10, "a", "1", false), contact(30, "a", "1", false), contact(50, "a", "1", true)];
    assert_eq!(seen(&call[..1]), ("connected".to_owned(), [Some(1), Some(1)], 0, Some(0), None));
    assert_eq!(seen(&call), ("wrapup".to_owned(), [Some(0), Some(1)], 0, Some(0), Some(40)), "active twice");
    let transferred = [&call[..], &[contact(50, "b", "2", false), contact(70, "b", "2", true)]].concat();
    assert_eq!(seen(&transferred), ("wrapup".to_owned(), [Some(0), Some(2)], 1, Some(0), Some(60)));
    let overlapping = [&call[..], &[contact(40, "b", "2", false)]].concat();
    assert_eq!(after(&overlapping).attended_transfers, Some(1));
}

#[test]
fn a_contact_that_is_offered_to_two_agents_is_a_session_of_each() {
    let offered = [contact(10, "a", "1", true), contact(20, "b", "1", false), contact(60, "b", "1", true)];
    let figures = seen(&offered[..2]);
    assert_eq!((figures.0.as_str(), figures.1), ("connected", [Some(1), Some(1)]));
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let events: Vec<PlatformEvent> = order.iter().map(|at| offered[*at].clone()).collect();
        let (summary, figures) = (after(&events), seen(&events));
        assert_eq!((figures.1, figures.2, figures.4), ([Some(0), Some(1)], 0, Some(40)), "{order:?}");
        assert_eq!((summary.agents, summary.unanswered), (Some(1), Some(1)), "{order:?}");
    }
}

#[test]
fn a_contact_that_began_under_an_earlier_builds_name_ends_under_it() {
    let mut conversation = Conversation::default();
    let told = [contact(10, "a", "1", false), contact(50, "a", "1", true)].map(|event| encoded(&event));
    conversation.apply(&told[0], &Callers::default());
    let (sessions, earlier) = (&mut conversation.kept.sessions, name::session("", "1"));
    sessions.spans.iter_mut().for_each(|span| span.name = earlier);
    sessions.answers.take_agent(&told[0], earlier, true);
    conversation.apply(&told[1], &Callers::default());
    assert_eq!((conversation.kept.sessions.spans.len(), conversation.summary(2).handled_ms), (1, Some(40)));
}

#[test]
fn a_contact_that_is_final_and_never_was_active_was_not_answered() {
    let missed = contact(10, "a", "1", true);
    let mut conversation = Conversation::default();
    assert!(conversation.causes().admit(Need::of(&encoded(&missed))), "nothing is promised before it");
    assert!(conversation.causes().admit(Need::of(&encoded(&contact(9, "a", "1", false)))));
    conversation.apply(&encoded(&missed), &Callers::default());
    let summary = conversation.summary(1);
    assert_eq!((summary.agents, summary.unanswered, summary.handled_ms), (Some(0), Some(1), Some(0)));
    let next = [missed.clone(), contact(20, "b", "2", false), contact(60, "b", "2", true)];
    let figures = seen(&next);
    assert_eq!((figures.1, figures.2, figures.4), ([Some(0), Some(1)], 0, Some(40)));
    // What comes late.
    let mut late = vec![missed, contact(5, "a", "1", false)];
    assert_eq!((after(&late).unanswered, after(&late).handled_ms), (Some(0), Some(5)));
    late.reverse();
    assert_eq!((after(&late).unanswered, after(&late).handled_ms), (Some(0), Some(5)));
}
