//! Media and lives: what has ended and what has not, and what comes late, twice or never.

use super::*;

fn with_media(media: &str, mut event: PlatformEvent) -> PlatformEvent {
    event.media_type = Some(media.to_owned());
    event
}

#[test]
fn a_conversation_that_starts_again_lives_again() {
    let mut events =
        vec![start(0, "1"), joins(10, "a"), leaves(20, "a", &[]), end(30, "1"), start(1_000, "2")];
    let reopened = after(&events);
    assert_eq!((reopened.state.as_str(), reopened.reopened), ("started", Some(1)));
    assert_eq!(reopened.started_at, Some(0));
    events.push(joins(1_010, "b"));
    let connected = after(&events);
    assert_eq!((connected.state.as_str(), connected.transfers), ("connected", 0), "a new life's first agent");
    events.extend([leaves(1_020, "b", &[]), joins(1_020, "c"), end(1_030, "2")]);
    let again = after(&events);
    assert_eq!((again.state.as_str(), again.transfers, again.reopened), ("ended", 1, Some(1)));
    assert_eq!(again.handled_ms, Some(30));
}

#[test]
fn a_case_that_is_opened_again_after_it_was_closed_lives_again() {
    let status =
        |at, status: &str| fact(et::CONVERSATION_STATUS_CHANGED, at, "", None, &[("caseStatus", status)]);
    let closed = [start(0, ""), status(5, "open"), end(10, "")];
    assert_eq!((after(&closed).state.as_str(), after(&closed).reopened), ("ended", Some(0)));
    let mut events = closed.to_vec();
    events.extend([status(20, "open"), status(25, "pending")]);
    assert_eq!((after(&events).state.as_str(), after(&events).reopened), ("started", Some(1)));
    events.extend([end(30, ""), status(40, "CLOSED"), status(50, "new"), end(60, "")]);
    assert_eq!((after(&events).state.as_str(), after(&events).reopened), ("ended", Some(2)));
}

#[test]
fn a_callback_whose_first_voice_leg_ends_has_not_ended() {
    let mut events = vec![
        with_media("callback", start(0, "callback")),
        with_media("callback", joins(10, "a")),
        with_media("voice", start(100, "leg 1")),
        with_media("voice", end(200, "leg 1")),
    ];
    assert_eq!((after(&events).state.as_str(), after(&events).handled_ms), ("connected", None));
    events.extend([with_media("voice", start(300, "leg 2")), with_media("voice", end(400, "leg 2"))]);
    assert_eq!((after(&events).state.as_str(), after(&events).reopened), ("connected", Some(0)));
    events.push(with_media("callback", end(500, "callback")));
    assert_eq!((after(&events).state.as_str(), after(&events).handled_ms), ("ended", Some(490)));
}

#[test]
fn only_the_last_customer_takes_the_agents_along() {
    let voice = |event| with_media("voice", event);
    let mut events = vec![
        voice(start(0, "1")),
        voice(start(5, "2")),
        voice(fact(et::QUEUE_ENTERED, 8, "q", None, &[])),
        voice(joins(10, "a")),
        voice(end(30, "1")),
    ];
    let one_left = after(&events);
    assert_eq!((one_left.state.as_str(), one_left.connected_agents), ("connected", Some(1)));
    assert_eq!((one_left.handled_ms, one_left.reopened), (None, Some(0)));
    events.push(voice(end(50, "2")));
    assert_eq!((after(&events).state.as_str(), after(&events).handled_ms), ("ended", Some(40)));
    // One of another medium does not keep them, and one of an unknown medium may be of any.
    for (media, state, handled) in [(Some("chat"), "wrapup", Some(20)), (None, "connected", None)] {
        let mut other = start(5, "2");
        other.media_type = media.map(str::to_owned);
        events.splice(1.., [other, voice(joins(10, "a")), voice(end(30, "1"))]);
        let summary = after(&events);
        assert_eq!((summary.state.as_str(), summary.handled_ms), (state, handled), "{media:?}");
    }
    // One who comes later begins anew.
    let later = [start(0, "1"), joins(10, "a"), end(30, "1"), start(40, "2")];
    assert_eq!((after(&later).handled_ms, after(&later).reopened), (Some(20), Some(1)));
}

#[test]
fn of_one_millisecond_what_arrived_first_was_first() {
    let call = [start(0, "1"), joins(10, "a")];
    let again = after(&[&call[..], &[end(30, "1"), start(30, "2")]].concat());
    assert_eq!((again.state.as_str(), again.reopened, again.handled_ms), ("started", Some(1), Some(20)));
    let on = after(&[&call[..], &[start(30, "2"), end(30, "1")]].concat());
    assert_eq!((on.state.as_str(), on.reopened, on.handled_ms), ("connected", Some(0), None));
    // The same session, ended and begun anew; or begun twice, and ended.
    let same = after(&[&call[..], &[end(30, "1"), start(30, "1")]].concat());
    assert_eq!((same.state.as_str(), same.reopened), ("started", Some(1)));
    let twice = after(&[&call[..], &[start(30, "1"), end(30, "1")]].concat());
    assert_eq!((twice.state.as_str(), twice.reopened), ("ended", Some(0)));
    // Whatever arrives in between, and a repetition that arrives last.
    let all =
        [&call[..], &[end(30, "1"), leaves(30, "a", &[]), start(30, "2"), joins(30, "b"), end(30, "1")]];
    let all = after(&all.concat());
    assert_eq!((all.reopened, all.connected_agents, all.transfers), (Some(1), Some(1), 0));
}

#[test]
fn what_lacks_its_end_ends_with_the_customer_until_its_end_comes() {
    let mut events = vec![
        start(0, "customer"),
        fact(et::QUEUE_ENTERED, 10, "q", None, &[]),
        joins(50, "a"),
        end(100, "customer"),
    ];
    let closed = after(&events);
    assert_eq!((closed.state.as_str(), closed.queued_ms, closed.handled_ms), ("ended", Some(40), Some(50)));
    events.push(leaves(120, "a", &[]));
    assert_eq!((after(&events).handled_ms, after(&events).state.as_str()), (Some(70), "ended"));
}

#[test]
fn an_end_before_its_start_makes_one_session() {
    let events = [leaves(50, "a", &[]), joins(10, "a"), end(60, "c"), start(0, "c")];
    let summary = after(&events);
    assert_eq!((summary.handled_ms, summary.reopened, summary.state.as_str()), (Some(40), Some(0), "ended"));
    assert_eq!(after(&events[..1]).handled_ms, None, "how long it took is not known yet");
    let told = after(&[leaves(50, "a", &[("interactingDurationMs", "30")])]);
    assert_eq!(told.handled_ms, Some(30));
}

#[test]
fn an_end_whose_start_never_came_reopens_nothing() {
    let events = [start(0, "c"), end(100, "c"), leaves(105, "a", &[("interactingDurationMs", "2")])];
    assert_eq!((after(&events).reopened, after(&events).state.as_str()), (Some(0), "ended"));
}

#[test]
fn what_is_told_twice_counts_once() {
    let once = [start(0, "c"), joins(10, "a"), leaves(30, "a", &[]), joins(30, "b"), end(50, "c")];
    let mut twice = once.to_vec();
    twice.extend(once.iter().rev().cloned());
    assert_eq!(after(&twice), ConversationSummary { events: 10, ..after(&once) });
}

#[test]
fn a_start_between_a_start_and_its_ends_makes_two_sessions() {
    // Two stays under one name, of which the second start comes last.
    let summary = after(&[
        fact(et::QUEUE_ENTERED, 0, "", None, &[]),
        fact(et::QUEUE_LEFT, 10, "", None, &[]),
        fact(et::QUEUE_LEFT, 50, "", None, &[]),
        fact(et::QUEUE_ENTERED, 40, "", None, &[]),
    ]);
    assert_eq!(summary.queued_ms, Some(20));
}

#[test]
fn the_queue_says_itself_how_long_it_took() {
    let left = fact(et::QUEUE_LEFT, 100, "q", None, &[("connectedDurationMs", "39674")]);
    assert_eq!(after(&[fact(et::QUEUE_ENTERED, 0, "q", None, &[]), left]).queued_ms, Some(39_674));
}

#[test]
fn a_flow_that_follows_the_conversation_opens_nothing() {
    let flow = |event_type: &str, at, kind: &str| fact(event_type, at, "survey", None, &[("flowType", kind)]);
    let call = [start(0, "1"), joins(10, "a"), leaves(29, "a", &[]), end(30, "1")];
    for kind in ["SURVEYINVITE", "WORKFLOW"] {
        for at in [30, 31, 5_000] {
            let mut events = [&call[..], &[flow(et::FLOW_STARTED, at, kind)]].concat();
            let figures = |events: &[PlatformEvent]| (after(events).state, after(events).reopened);
            assert_eq!(figures(&events), ("ended".to_owned(), Some(0)), "{kind} at {at}");
            events.reverse();
            assert_eq!(figures(&events), ("ended".to_owned(), Some(0)), "{kind} at {at}, backwards");
            // Whoever calls again meanwhile does open another life.
            events.push(start(6_000, "2"));
            assert_eq!(figures(&events), ("started".to_owned(), Some(1)), "{kind} at {at}");
            events.push(flow(et::FLOW_ENDED, 7_000, kind));
            assert_eq!(figures(&events), ("started".to_owned(), Some(1)), "{kind} at {at}");
        }
    }
    let of_next = [&call[..], &[start(50, "2"), fact(et::FLOW_STARTED, 51, "ivr", None, &[])]].concat();
    assert_eq!((after(&of_next).state.as_str(), after(&of_next).reopened), ("ivr", Some(1)));
    let queued = [&call[..], &[fact(et::QUEUE_ENTERED, 50, "q", None, &[])]].concat();
    assert_eq!((after(&queued).state.as_str(), after(&queued).reopened), ("queued", Some(1)));
}

#[test]
fn only_a_status_in_which_somebody_has_to_see_to_it_opens_a_case_again() {
    let status =
        |at, status: &str| fact(et::CONVERSATION_STATUS_CHANGED, at, "", None, &[("caseStatus", status)]);
    let closed = [start(0, ""), end(10, "")];
    for (name, reopened) in [
        ("new", 1),
        ("Open", 1),
        ("pending", 1),
        ("ESCALATED", 1),
        ("resolved", 1),
        ("closed", 0),
        ("Closed", 0),
        ("trashed", 0),
        ("Trashed", 0),
        ("archived", 0),
        ("", 0),
    ] {
        let events = [&closed[..], &[status(20, name)]].concat();
        let state = if reopened == 1 { "started" } else { "ended" };
        assert_eq!(
            (after(&events).state.as_str(), after(&events).reopened),
            (state, Some(reopened)),
            "{name}"
        );
    }
    let unknown = [start(0, ""), status(5, "archived")];
    assert_eq!(after(&unknown).state, "started", "nor does it end one");
}
