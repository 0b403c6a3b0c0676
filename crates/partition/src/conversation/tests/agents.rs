//! Several agents: transfers, consults, conferences, those who only listen, and those who do not answer.

use super::*;

/// Transfers of all kinds, blind and attended ones, consults, conferences.
fn counted(summary: &ConversationSummary) -> (i32, Option<i32>, Option<i32>, Option<i32>, Option<i32>) {
    let ConversationSummary { transfers, blind_transfers, attended_transfers, consults, conferences, .. } =
        summary;
    (*transfers, *blind_transfers, *attended_transfers, *consults, *conferences)
}

fn disconnected(how: &str) -> [(&str, &str); 1] {
    [("disconnectType", how)]
}

#[test]
fn an_agent_who_is_only_asked_is_a_consult() {
    let summary = after(&[
        start(0, "customer"),
        joins(10, "a"),
        joins(20, "b"),
        leaves(30, "b", &disconnected("endpoint")),
        leaves(40, "a", &disconnected("client")),
        end(40, "customer"),
    ]);
    assert_eq!(counted(&summary), (0, Some(0), Some(0), Some(1), Some(0)));
    assert_eq!((summary.handled_ms, summary.agents), (Some(40), Some(2)));
}

#[test]
fn a_blind_transfer_follows_the_end_of_the_first() {
    for how in ["transfer", "TRANSFER", "transfer.forward", "FORWARD_TRANSFER"] {
        let summary = after(&[joins(10, "a"), leaves(20, "a", &disconnected(how)), joins(25, "b")]);
        assert_eq!(counted(&summary), (1, Some(1), Some(0), Some(0), Some(0)), "{how}");
    }
    let other = after(&[joins(10, "a"), leaves(20, "a", &disconnected("system")), joins(25, "b")]);
    assert_eq!(counted(&other), (1, Some(0), Some(0), Some(0), Some(0)), "another agent took over");
}

#[test]
fn an_attended_transfer_overlaps_or_says_so() {
    let overlap = after(&[joins(10, "a"), joins(20, "b"), leaves(30, "a", &[])]);
    assert_eq!(counted(&overlap), (1, Some(0), Some(1), Some(0), Some(0)));
    for how in ["TRANSFER_CONSULT", "CONSULT_TRANSFER"] {
        let said = after(&[joins(10, "a"), leaves(20, "a", &disconnected(how)), joins(20, "b")]);
        assert_eq!(counted(&said), (1, Some(0), Some(1), Some(0), Some(0)), "{how}");
    }
}

#[test]
fn two_agents_who_are_both_there_are_no_transfer_yet() {
    let mut events = vec![joins(10, "a"), joins(20, "b")];
    let both = after(&events);
    assert_eq!(counted(&both), (0, Some(0), Some(0), Some(0), Some(0)));
    assert_eq!((both.connected_agents, both.agents), (Some(2), Some(2)));
    events.push(leaves(30, "b", &[]));
    let one = after(&events);
    assert_eq!((one.connected_agents, one.state.as_str(), one.consults), (Some(1), "connected", Some(1)));
}

#[test]
fn a_conference_is_one_where_an_end_says_so() {
    let joined = after(&[
        joins(10, "a"),
        joins(20, "b"),
        leaves(30, "b", &disconnected("transfer.conference")),
        leaves(40, "a", &[]),
    ]);
    assert_eq!(counted(&joined), (0, Some(0), Some(0), Some(0), Some(1)));
    let left =
        after(&[joins(10, "a"), joins(20, "b"), leaves(30, "a", &disconnected("conference.transfer"))]);
    assert_eq!(counted(&left), (1, Some(0), Some(1), Some(0), Some(1)));
}

#[test]
fn whoever_listens_coaches_or_barges_in_handles_nothing() {
    let observers = |names: &[(&str, &str)]| fact(et::CONVERSATION_UPDATED, 25, "", None, names);
    let call = |names: &[(&str, &str)]| {
        after(&[joins(10, "a"), joins(20, "b"), observers(names), leaves(30, "b", &[]), leaves(40, "a", &[])])
    };
    for name in ["coachingParticipantIds", "monitoringParticipantIds"] {
        let summary = call(&[(name, "x, participant of b")]);
        assert_eq!(counted(&summary), (0, Some(0), Some(0), Some(0), Some(0)), "{name}");
        assert_eq!((summary.handled_ms, summary.agents), (Some(30), Some(1)), "{name}");
    }
    let barged = call(&[
        ("monitoringParticipantIds", "participant of b"),
        ("bargingParticipantIds", "participant of b"),
    ]);
    assert_eq!(counted(&barged), (0, Some(0), Some(0), Some(0), Some(1)));
    assert_eq!(counted(&call(&[("note", "participant of b")])).3, Some(1), "a consult otherwise");
}

#[test]
fn an_agent_who_does_not_answer_handles_nothing() {
    let rona =
        [("alertingDurationMs", "15000"), ("interactingDurationMs", "0"), ("disconnectType", "client")];
    let mut events = vec![
        start(0, "customer"),
        fact(et::QUEUE_ENTERED, 10, "q", None, &[]),
        joins(20, "a"),
        leaves(15_020, "a", &rona),
    ];
    let missed = after(&events);
    assert_eq!((missed.handled_ms, missed.unanswered, missed.agents), (Some(0), Some(1), Some(0)));
    assert_eq!((missed.state.as_str(), missed.alerted_ms), ("queued", Some(15_000)));
    events.extend([joins(16_000, "b"), leaves(20_000, "b", &[])]);
    let answered = after(&events);
    assert_eq!(counted(&answered), (0, Some(0), Some(0), Some(0), Some(0)), "nobody handed it over");
    assert_eq!((answered.handled_ms, answered.queued_ms), (Some(4_000), Some(15_990)));
    assert_eq!(answered.agents, Some(1));
}

#[test]
fn how_a_session_ended_says_that_nobody_answered() {
    for how in [
        "NO_ANSWER_TRANSFER",
        "NOT_AVAILABLE_TRANSFER",
        "transfer.noanswer",
        "transfer.notavailable",
        "TRANSFER_NOANSWER",
        "noAnswerTransfer",
        "DND_TRANSFER",
        "DND_ENDPOINT",
    ] {
        let mut events = vec![
            start(0, "customer"),
            fact(et::QUEUE_ENTERED, 10, "q", None, &[]),
            joins(20, "a"),
            leaves(15_020, "a", &disconnected(how)),
        ];
        let missed = after(&events);
        assert_eq!(
            (missed.handled_ms, missed.unanswered, missed.agents),
            (Some(0), Some(1), Some(0)),
            "{how}"
        );
        assert_eq!((missed.state.as_str(), missed.alerted_ms), ("queued", None), "{how}");
        events.extend([joins(16_000, "b"), leaves(20_000, "b", &[])]);
        let answered = after(&events);
        assert_eq!(counted(&answered), (0, Some(0), Some(0), Some(0), Some(0)), "{how}");
        assert_eq!((answered.handled_ms, answered.agents), (Some(4_000), Some(1)), "{how}");
    }
    // Whoever spoke has answered, whatever happened to the call then.
    let told = [("disconnectType", "NO_ANSWER_TRANSFER"), ("interactingDurationMs", "700.0")];
    let spoke = after(&[joins(0, "a"), leaves(1_000, "a", &told), joins(1_000, "b")]);
    assert_eq!((spoke.handled_ms, spoke.unanswered, spoke.blind_transfers), (Some(700), Some(0), Some(1)));
}

#[test]
fn an_answered_callback_was_alerted_as_well() {
    let told = [("alertingDurationMs", "2000"), ("callbackDurationMs", "60000")];
    let summary = after(&[joins(0, "a"), leaves(62_000, "a", &told)]);
    assert_eq!((summary.unanswered, summary.agents, summary.handled_ms), (Some(0), Some(1), Some(0)));
}

#[test]
fn what_the_platform_measured_counts_more_than_the_clock() {
    let told = [
        ("interactingDurationMs", "369505"),
        ("heldDurationMs", "307338"),
        ("alertingDurationMs", "1519"),
        ("contactingDurationMs", "no number"),
    ];
    let summary = after(&[joins(0, "a"), leaves(1_000_000, "a", &told)]);
    assert_eq!((summary.handled_ms, summary.held_ms), (Some(676_843), Some(307_338)));
    assert_eq!(summary.alerted_ms, Some(1_519));
    let written =
        [("interactingDurationMs", "7000.0"), ("heldDurationMs", "1e3"), ("alertingDurationMs", "2.9")];
    let written = after(&[joins(0, "a"), leaves(1_000_000, "a", &written)]);
    assert_eq!((written.handled_ms, written.held_ms), (Some(8_000), Some(1_000)));
    assert_eq!(written.alerted_ms, Some(2));
    let clock = after(&[joins(0, "a"), leaves(1_000, "a", &[("heldDurationMs", "-1")])]);
    assert_eq!((clock.handled_ms, clock.held_ms, clock.alerted_ms), (Some(1_000), None, None));
}

#[test]
fn after_contact_work_is_the_longest_that_is_told_of_a_session() {
    let acw =
        |at, agent, told: &str| fact(et::ACW_ENDED, at, agent, Some(agent), &[("wrapupDurationMs", told)]);
    let mut events = vec![joins(0, "a"), leaves(10, "a", &[]), acw(20, "a", "4000")];
    assert_eq!(after(&events).acw_ms, Some(4_000));
    events.extend([acw(30, "a", "6000"), acw(40, "a", "5000"), acw(50, "b", "1000"), acw(60, "c", "?")]);
    assert_eq!(after(&events).acw_ms, Some(7_000));
    assert_eq!(after(&events[..2]).acw_ms, None);
}

/// CXone names no participants: one agent after the other has the case.
#[test]
fn an_assignee_takes_over_from_the_one_before() {
    let assigned = |at, agent| fact(et::PARTICIPANT_CONNECTED, at, "", Some(agent), &[]);
    let mut events = vec![start(0, ""), assigned(10, "1"), assigned(20, "2"), assigned(50, "1")];
    let open = after(&events);
    assert_eq!(counted(&open), (2, Some(2), Some(0), Some(0), Some(0)));
    assert_eq!((open.agents, open.connected_agents, open.handled_ms), (Some(2), Some(1), Some(40)));
    events.push(fact(et::PARTICIPANT_DISCONNECTED, 60, "", Some("1"), &[]));
    assert_eq!((after(&events).handled_ms, after(&events).state.as_str()), (Some(50), "wrapup"));
}

#[test]
fn an_end_that_names_nobody_is_that_of_the_only_one_it_can_mean() {
    let assigned = |at, agent| fact(et::PARTICIPANT_CONNECTED, at, "", Some(agent), &[]);
    let nobody = |at| fact(et::PARTICIPANT_DISCONNECTED, at, "", None, &[]);
    let mut case = vec![start(0, ""), assigned(10, "1"), assigned(20, "2"), nobody(50)];
    let left = after(&case);
    assert_eq!((left.state.as_str(), left.connected_agents, left.handled_ms), ("wrapup", Some(0), Some(40)));
    case.extend([assigned(60, "1"), nobody(61), nobody(70)]);
    assert_eq!(
        (after(&case).handled_ms, after(&case).transfers),
        (Some(41), 2),
        "whoever comes again leaves again"
    );

    let told = [("disconnectType", "transfer"), ("heldDurationMs", "3")];
    let only = [joins(0, "a"), fact(et::PARTICIPANT_DISCONNECTED, 9, "", None, &told), joins(9, "b")];
    let only = after(&only);
    assert_eq!((only.handled_ms, only.blind_transfers, only.connected_agents), (Some(3), Some(1), Some(1)));

    let two = after(&[joins(0, "a"), joins(5, "b"), nobody(9)]);
    assert_eq!((two.connected_agents, two.handled_ms), (Some(2), None), "nobody knows which");
    let gone = [start(0, "c"), joins(1, "a"), end(5, "c"), joins(6, "b"), nobody(9)];
    assert_eq!((after(&gone).handled_ms, after(&gone).state.as_str()), (Some(7), "ended"), "one had left");
}

#[test]
fn an_assignee_who_is_told_again_in_the_millisecond_of_another_stays() {
    let assigned = |at, agent| fact(et::PARTICIPANT_CONNECTED, at, "", Some(agent), &[]);
    for (one, other) in [("1", "2"), ("2", "1")] {
        let back = after(&[start(0, ""), assigned(1, one), assigned(4, other), assigned(4, one)]);
        assert_eq!(
            (back.connected_agents, back.handled_ms, back.state.as_str()),
            (Some(1), Some(3), "connected")
        );
        let on = after(&[start(0, ""), assigned(1, one), assigned(4, one), assigned(4, other)]);
        assert_eq!((on.connected_agents, on.handled_ms, on.transfers), (Some(1), Some(3), 1));
    }
}

#[test]
fn an_agent_whom_nobody_names_is_no_transfer() {
    let nobody = |at, session| fact(et::PARTICIPANT_CONNECTED, at, session, None, &[]);
    let summary = after(&[joins(0, "a"), leaves(10, "a", &[]), nobody(20, "b")]);
    assert_eq!((summary.transfers, summary.agents, summary.connected_agents), (0, Some(1), Some(0)));
    assert_eq!(summary.state, "connected");
}
