use super::*;
use crate::evidence::Told;

/// A fact of a participant's session.
fn fact(event_type: &str, at: i64, session: &str, told: &[(&str, &str)]) -> Fact {
    let mut told = Told {
        direction: None,
        media_type: Some("voice".into()),
        attributes: told.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    };
    if !session.is_empty() {
        told.attributes.insert("sessionId".into(), session.into());
    }
    Fact {
        event_type: event_type.into(),
        event_time: at,
        participant_id: (!session.is_empty()).then(|| session.to_owned()),
        agent_id: event_type.starts_with("participant").then(|| session.to_owned()),
        told: Some(Box::new(told)),
        ..Fact::default()
    }
}

fn told(facts: &[Fact]) -> Figures {
    let mut model = Model::default();
    facts.iter().for_each(|fact| model.take(fact));
    model.figures().clone()
}

/// Consults, conferences, attended and blind transfers.
fn counts(figures: &Figures) -> [i64; 4] {
    let more = figures.more.clone().unwrap();
    [more.consults, more.conferences, more.attended_transfers, more.blind_transfers].map(Option::unwrap)
}

#[test]
fn a_call_with_a_transfer_has_its_figures() {
    let figures = told(&[
        fact("conversation.started", 100, "customer", &[]),
        fact("queue.entered", 200, "queue", &[]),
        fact("participant.connected", 500, "a", &[]),
        fact("participant.disconnected", 900, "a", &[("disconnectType", "TRANSFER")]),
        fact("participant.connected", 1_000, "b", &[]),
        fact("conversation.ended", 1_600, "customer", &[]),
    ]);
    assert_eq!((figures.queued_ms, figures.handled_ms), (Some(300), Some(1_000)));
    assert_eq!((figures.transfers, figures.events, figures.state.as_str()), (1, 6, "ended"));
    assert_eq!((figures.started_at, counts(&figures)), (Some(100), [0, 0, 0, 1]));
}

#[test]
fn what_is_not_known_is_none() {
    let message = Fact { event_type: "message.received".into(), event_time: 5, ..Fact::default() };
    let figures = told(&[message]);
    assert_eq!((figures.started_at, figures.queued_ms, figures.handled_ms), (None, None, None));
    assert_eq!(figures.state, "started");
}

#[test]
fn an_agent_who_did_not_answer_handled_nothing() {
    let rona = [("alertingDurationMs", "15000"), ("interactingDurationMs", "0")];
    let figures = told(&[
        fact("participant.connected", 0, "a", &[]),
        fact("participant.disconnected", 15_000, "a", &rona),
        fact("participant.connected", 16_000, "b", &[]),
    ]);
    let more = figures.more.clone().unwrap();
    assert_eq!((figures.handled_ms, figures.transfers, more.unanswered), (Some(0), 0, Some(1)));
    assert_eq!((more.agents, more.connected_agents, more.alerted_ms), (Some(1), Some(1), Some(15_000)));
}

#[test]
fn consults_attended_transfers_and_conferences_are_told_apart() {
    let two = |first: (i64, &str), second: (i64, &str)| {
        counts(&told(&[
            fact("participant.connected", 0, "a", &[]),
            fact("participant.connected", 10, "b", &[]),
            fact("participant.disconnected", first.0, "a", &[("disconnectType", first.1)]),
            fact("participant.disconnected", second.0, "b", &[("disconnectType", second.1)]),
        ]))
    };
    assert_eq!(two((50, "client"), (20, "client")), [1, 0, 0, 0]);
    assert_eq!(two((50, "client"), (20, "transfer.conference")), [0, 1, 0, 0]);
    assert_eq!(two((20, "client"), (50, "client")), [0, 0, 1, 0]);
    assert_eq!(two((50, "client"), (50, "client")), [0, 0, 0, 0]);
    assert_eq!(two((50, "client"), (20, "CONFERENCE_TRANSFER")), [0, 1, 0, 0]);
    for (how, attended) in [("CONSULT_TRANSFER", 1), ("FORWARD_TRANSFER", 0), ("transfer.forward", 0)] {
        assert_eq!(two((5, how), (20, "client")), [0, 0, attended, 1 - attended], "{how}");
    }
}

#[test]
fn a_case_that_is_opened_again_lives_again() {
    let mut facts = vec![
        fact("conversation.started", 0, "", &[]),
        fact("conversation.ended", 10, "", &[]),
        fact("conversation.status_changed", 20, "", &[("caseStatus", "open")]),
    ];
    let reopened = told(&facts);
    assert_eq!((reopened.state.as_str(), reopened.more.unwrap().reopened), ("started", Some(1)));
    facts.reverse();
    assert_eq!(told(&facts).state, "started", "whatever order they come in");
}

#[test]
fn observers_handle_nothing() {
    let figures = told(&[
        fact("participant.connected", 0, "a", &[]),
        fact("participant.connected", 10, "b", &[]),
        fact("conversation.updated", 11, "", &[("bargingParticipantIds", "x, b")]),
        fact("participant.disconnected", 20, "b", &[]),
    ]);
    assert_eq!((counts(&figures), figures.handled_ms), ([0, 2, 0, 0], None));
}

#[test]
fn a_conversation_of_very_many_sessions_is_known_to_be_folded() {
    let mut model = Model::default();
    for number in 0..65 {
        assert!(!model.is_folded());
        model.take(&fact("queue.entered", number, "q", &[]));
    }
    assert!(model.is_folded());
}

#[test]
fn nobody_answered_where_the_end_says_so() {
    for how in ["NO_ANSWER_TRANSFER", "transfer.notavailable", "notAvailableTransfer", "DND_ENDPOINT"] {
        let figures = told(&[
            fact("participant.connected", 500, "a", &[]),
            fact("participant.disconnected", 900, "a", &[("disconnectType", how)]),
            fact("participant.connected", 1_000, "b", &[]),
        ]);
        assert_eq!((figures.handled_ms, figures.transfers, counts(&figures)), (Some(0), 0, [0; 4]), "{how}");
        assert_eq!(figures.more.unwrap().unanswered, Some(1), "{how}");
    }
}

#[test]
fn durations_come_in_any_notation() {
    for (text, expected) in [
        ("7000.0", Some(7_000)),
        ("1e3", Some(1_000)),
        ("1.25E+1", Some(12)),
        ("99e-2", Some(0)),
        ("-0.0", Some(0)),
        ("0e99999999999999999999", Some(0)),
        ("1e-99999999999999999999", Some(0)),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("1e99999999999999999999", None),
        ("-1", None),
        ("--1", None),
        ("1.", None),
        ("", None),
        ("seven", None),
    ] {
        assert_eq!(duration(text), expected, "{text}");
    }
}

#[test]
fn agents_stay_while_a_customer_does() {
    let call = [
        fact("conversation.started", 0, "one", &[]),
        fact("conversation.started", 5, "other", &[]),
        fact("participant.connected", 10, "a", &[]),
        fact("conversation.ended", 30, "one", &[]),
        fact("conversation.ended", 50, "other", &[]),
    ];
    assert_eq!((told(&call[..4]).state.as_str(), told(&call[..4]).handled_ms), ("connected", None));
    assert_eq!((told(&call).state.as_str(), told(&call).handled_ms), ("ended", Some(40)));
}

#[test]
fn an_end_of_nobody_is_that_of_whoever_is_assigned() {
    let case = |event_type: &str, at, agent: &str| {
        let agent_id = (!agent.is_empty()).then(|| agent.to_owned());
        Fact { agent_id, ..fact(event_type, at, "", &[]) }
    };
    let mut facts = vec![
        case("participant.connected", 10, "1"),
        case("participant.connected", 20, "2"),
        case("participant.disconnected", 50, ""),
    ];
    assert_eq!((told(&facts).handled_ms, told(&facts).more.unwrap().connected_agents), (Some(40), Some(0)));
    facts
        .splice(2.., [fact("participant.connected", 30, "b", &[]), case("participant.disconnected", 50, "")]);
    assert_eq!(told(&facts).more.unwrap().connected_agents, Some(1), "the one who is assigned");
    facts.extend([fact("participant.connected", 60, "c", &[]), case("participant.disconnected", 70, "")]);
    assert_eq!(told(&facts).more.unwrap().connected_agents, Some(2), "nobody knows which of the two");
}

#[test]
fn of_one_millisecond_the_first_that_was_published_is_the_first() {
    let call = [fact("conversation.started", 0, "1", &[]), fact("participant.connected", 10, "a", &[])];
    let (end, start) = (fact("conversation.ended", 30, "1", &[]), fact("conversation.started", 30, "2", &[]));
    let reopened = |rest: [&Fact; 2]| {
        let facts: Vec<Fact> = call.iter().chain(rest).cloned().collect();
        told(&facts).more.unwrap().reopened
    };
    assert_eq!((reopened([&end, &start]), reopened([&start, &end])), (Some(1), Some(0)));
}

/// Genesys' start of an agent's session, and what others tell of the answer.
fn rings(at: i64, agent: &str) -> Fact {
    let source_type = "v2.detail.events.conversation.{id}.user.start".into();
    Fact { source_type, ..fact("participant.connected", at, agent, &[]) }
}

fn agents(facts: &[Fact]) -> (Option<i64>, Option<i64>) {
    let more = told(facts).more.unwrap();
    (more.connected_agents, more.agents)
}

#[test]
fn who_answered_is_known_where_something_tells() {
    let start = fact("conversation.started", 0, "customer", &[]);
    let told_by = |event_type: &str, at, name: &str, text: &str| fact(event_type, at, "", &[(name, text)]);
    let seen = |name: &str, text: &str| told_by("conversation.updated", 50, name, text);
    let call = |told: &[Fact]| [&[start.clone(), rings(10, "a")], told].concat();
    for (expected, told) in [
        ((None, None), vec![]),
        ((Some(0), Some(0)), vec![seen("alertingSessions", "a/a")]),
        ((Some(1), Some(1)), vec![seen("connectedSessions", "x/y,a/a"), seen("alertingSessions", "a/a")]),
        ((Some(1), Some(1)), vec![seen("connectedSessions", "a")]),
        ((None, None), vec![seen("connectedSessions", "a/another")]),
        ((Some(1), Some(1)), vec![told_by("queue.left", 10, "answeredUserId", "a")]),
        ((None, None), vec![told_by("queue.left", 9, "answeredUserId", "a")]),
        ((Some(0), Some(1)), vec![fact("participant.disconnected", 90, "a", &[])]),
        ((Some(0), None), vec![fact("conversation.ended", 90, "customer", &[])]),
    ] {
        assert_eq!(agents(&call(&told)), expected, "{told:?}");
    }
}

#[test]
fn an_agent_who_only_rings_leaves_the_customer_in_the_queue() {
    let queued = [fact("conversation.started", 0, "customer", &[]), fact("queue.entered", 5, "q", &[])];
    let ringing = [&queued[..], &[rings(10, "a")]].concat();
    assert_eq!((told(&ringing).state.as_str(), told(&ringing).queued_ms), ("queued", None));
    let gone = [&ringing[..], &[fact("conversation.ended", 60, "customer", &[])]].concat();
    assert_eq!((told(&gone).handled_ms, told(&gone).queued_ms), (None, Some(55)));
    let seen = fact("conversation.updated", 60, "", &[("alertingSessions", "a/a")]);
    let missed = told(&[&gone[..], &[seen]].concat());
    assert_eq!((missed.handled_ms, missed.more.unwrap().unanswered), (Some(0), Some(1)));
}

#[test]
fn who_is_there_when_the_customer_hangs_up_leaves_with_the_customer() {
    let call = |first: i64, second: i64| {
        let figures = told(&[
            fact("conversation.started", 0, "c", &[]),
            fact("participant.connected", 10, "a", &[]),
            fact("participant.connected", 20, "b", &[]),
            fact("conversation.ended", 100, "c", &[]),
            fact("participant.disconnected", first, "a", &[("disconnectType", "PEER")]),
            fact("participant.disconnected", second, "b", &[("disconnectType", "PEER")]),
        ]);
        (figures.transfers, counts(&figures))
    };
    assert_eq!(call(103, 109), (0, [0; 4]));
    assert_eq!(call(109, 103), (0, [0; 4]));
    assert_eq!(call(99, 109), (1, [0, 0, 1, 0]));
    assert_eq!(call(109, 99), (0, [1, 0, 0, 0]));
}

#[test]
fn an_agent_beside_whom_the_queue_went_on_did_not_answer() {
    let start = |at, session: &str| Fact {
        source_type: "v2.detail.events.conversation.{id}.user.start".into(),
        ..fact("participant.connected", at, session, &[])
    };
    let call = |told_by_end: &[(&str, &str)], left: i64| {
        let figures = told(&[
            fact("conversation.started", 0, "c", &[]),
            fact("queue.entered", 5, "q", &[]),
            start(10, "a"),
            fact("participant.disconnected", 20, "a", told_by_end),
            fact("queue.left", left, "q", &[]),
        ]);
        let more = figures.more.unwrap();
        (more.agents, more.unanswered)
    };
    assert_eq!(call(&[], 21), (Some(0), Some(1)));
    assert_eq!(call(&[], 20), (Some(1), Some(0)));
    for zero in ["interactingDurationMs", "heldDurationMs"] {
        assert_eq!(call(&[(zero, "0")], 15), (Some(0), Some(1)), "{zero}");
    }
    let open = told(&[
        fact("queue.entered", 5, "q", &[]),
        start(10, "a"),
        fact("participant.disconnected", 20, "a", &[]),
    ]);
    assert_eq!((open.state.as_str(), open.more.unwrap().agents), ("queued", None));
}

#[test]
fn a_flow_that_follows_opens_nothing_and_a_status_only_where_somebody_has_to_see_to_it() {
    let ended = [fact("conversation.started", 0, "c", &[]), fact("conversation.ended", 10, "c", &[])];
    let then = |next: Fact| {
        let figures = told(&[&ended[..], &[next]].concat());
        (figures.state, figures.more.unwrap().reopened)
    };
    for at in [10, 11] {
        assert_eq!(then(fact("flow.started", at, "f", &[])), ("ended".into(), Some(0)), "at {at}");
    }
    assert_eq!(then(fact("queue.entered", 11, "q", &[])), ("queued".into(), Some(1)));
    for (status, expected) in [("Open", ("started", 1)), ("trashed", ("ended", 0)), ("moot", ("ended", 0))] {
        let told = then(fact("conversation.status_changed", 20, "", &[("caseStatus", status)]));
        assert_eq!(told, (expected.0.into(), Some(expected.1)), "{status}");
    }
}

#[test]
fn parts_of_a_contact_are_sessions_and_an_assignment_of_the_same_agent_is_none_of_its_own() {
    let of = |event_type: &str, at, agent: &str, part: &str| Fact {
        agent_id: Some(agent.to_owned()),
        ..fact(
            event_type,
            at,
            "",
            &[("agentContactId", part)].into_iter().filter(|_| !part.is_empty()).collect::<Vec<_>>(),
        )
    };
    let consult = [
        of("participant.connected", 9, "a", ""),
        of("participant.connected", 10, "a", "1"),
        of("participant.connected", 15, "a", ""),
        of("participant.connected", 20, "b", "2"),
        of("participant.disconnected", 30, "b", "2"),
    ];
    let figures = told(&consult);
    assert_eq!((counts(&figures), figures.transfers, figures.handled_ms), ([1, 0, 0, 0], 0, Some(11)));
    let more = figures.more.unwrap();
    assert_eq!((more.connected_agents, more.agents), (Some(1), Some(2)));
}

#[test]
fn a_contact_that_was_final_and_never_active_was_not_answered() {
    let contact = |event_type: &str, at| Fact {
        channel: "agent-session".into(),
        conversation_id: Some("c".into()),
        ..fact(event_type, at, "1", &[])
    };
    let last = contact("participant.disconnected", 30);
    assert!(super::super::Conversation::default().admits_fact(&last), "nothing is promised before it");
    let missed = told(std::slice::from_ref(&last)).more.unwrap();
    assert_eq!((missed.agents, missed.unanswered), (Some(0), Some(1)));
    let figures = told(&[contact("participant.connected", 10), contact("participant.connected", 20), last]);
    assert_eq!((figures.handled_ms, figures.more.unwrap().unanswered), (Some(20), Some(0)));
}

#[test]
fn a_contact_that_two_agents_are_offered_is_taken_by_the_second() {
    let contact = |event_type: &str, at, agent: &str| Fact {
        channel: "agent-session".into(),
        conversation_id: Some("c".into()),
        participant_id: None,
        agent_id: Some(agent.into()),
        ..fact(event_type, at, "1", &[])
    };
    let (joins, leaves) = ("participant.connected", "participant.disconnected");
    let offered = [contact(leaves, 10, "a"), contact(joins, 20, "b"), contact(leaves, 60, "b")];
    let figures = told(&offered);
    let more = figures.more.unwrap();
    assert_eq!((figures.handled_ms, more.agents, more.unanswered), (Some(40), Some(1), Some(1)));
}
