//! Who answered: told by a snapshot, a queue's end, or the end of the agent's own session.

use super::*;

/// Genesys' start of an agent's session, which is the same for an agent who is alerted and one who speaks.
fn alerted(at: i64, agent: &str) -> PlatformEvent {
    PlatformEvent {
        source_type: "v2.detail.events.conversation.{id}.user.start".to_owned(),
        ..joins(at, agent)
    }
}

/// A snapshot that tells of the sessions of agents.
fn snapshot(told: &[(&str, &str)]) -> PlatformEvent {
    fact(et::CONVERSATION_UPDATED, 0, "", None, told)
}

fn session(agent: &str) -> String {
    format!("participant of {agent}/{agent}")
}

fn connected(agent: &str) -> PlatformEvent {
    snapshot(&[("connectedSessions", &session(agent))])
}

fn alerting(agent: &str) -> PlatformEvent {
    snapshot(&[("alertingSessions", &session(agent))])
}

fn queued(at: i64) -> PlatformEvent {
    fact(et::QUEUE_ENTERED, at, "q", None, &[])
}

/// State, and agents who are connected and who ever were.
fn seen(events: &[PlatformEvent]) -> (String, Option<i32>, Option<i32>) {
    let summary = after(events);
    (summary.state, summary.connected_agents, summary.agents)
}

fn state(state: &str, connected: Option<i32>, agents: Option<i32>) -> (String, Option<i32>, Option<i32>) {
    (state.to_owned(), connected, agents)
}

const RONA: [(&str, &str); 2] = [("alertingDurationMs", "15000"), ("interactingDurationMs", "0")];

#[test]
fn an_agent_of_whom_nothing_tells_whether_they_answered_is_unknown() {
    let mut call = vec![start(0, "c"), queued(5), alerted(10, "a")];
    assert_eq!(seen(&call), state("queued", None, None));
    assert_eq!((after(&call).handled_ms, after(&call).queued_ms), (None, None), "the queue was not left");
    let direct = [start(0, "c"), alerted(10, "a")];
    assert_eq!(seen(&direct), state("connected", None, None), "whoever is there may speak");
    call.push(end(50, "c"));
    assert_eq!(seen(&call), state("ended", Some(0), None));
    assert_eq!(after(&call).handled_ms, None, "nothing tells that they spoke");
    call.push(leaves(50, "a", &[("interactingDurationMs", "30"), ("alertingDurationMs", "10")]));
    assert_eq!((seen(&call), after(&call).handled_ms), (state("ended", Some(0), Some(1)), Some(30)));
}

#[test]
fn of_two_agents_who_are_alerted_in_turn_the_one_who_answers_counts() {
    let mut call = vec![start(0, "c"), queued(5), alerted(10, "a"), alerting("a")];
    assert_eq!(seen(&call), state("queued", Some(0), Some(0)));
    call.extend([leaves(15_010, "a", &RONA), alerted(16_000, "b"), alerting("b")]);
    assert_eq!(seen(&call), state("queued", Some(0), Some(0)));
    assert_eq!((after(&call).unanswered, after(&call).handled_ms), (Some(1), Some(0)));
    call.push(connected("b"));
    assert_eq!(seen(&call), state("connected", Some(1), Some(1)));
    assert_eq!((after(&call).transfers, after(&call).unanswered), (0, Some(1)), "nobody handed it over");
    call.push(leaves(20_000, "b", &[]));
    assert_eq!((seen(&call), after(&call).handled_ms), (state("wrapup", Some(0), Some(1)), Some(4_000)));
}

#[test]
fn who_was_alerted_and_called_and_nothing_more_did_not_answer() {
    let rang =
        [("alertingDurationMs", "15000"), ("contactingDurationMs", "180"), ("interactingDurationMs", "0")];
    let none = [("interactingDurationMs", "0"), ("heldDurationMs", "0")];
    for told in [&rang[..], &rang[1..], &none] {
        let call =
            [start(0, "c"), alerted(10, "a"), alerting("a"), leaves(15_190, "a", told), alerted(16_000, "b")];
        let after = after(&call);
        assert_eq!((after.unanswered, after.transfers), (Some(1), 0), "{told:?}");
        assert_eq!(after.blind_transfers, Some(0), "{told:?}");
    }
    // An agent's own call rings at somebody else's.
    let dialled =
        [("dialingDurationMs", "5000"), ("contactingDurationMs", "180"), ("interactingDurationMs", "0")];
    let call = [start(0, "c"), alerted(10, "a"), leaves(5_190, "a", &dialled)];
    assert_eq!((after(&call).unanswered, after(&call).agents), (Some(0), Some(1)));
}

#[test]
fn a_snapshot_that_comes_late_takes_nothing_back() {
    let call = [start(0, "c"), alerted(10, "a"), connected("a"), alerting("a")];
    assert_eq!(seen(&call), state("connected", Some(1), Some(1)));
    let before_its_session =
        [start(0, "c"), connected("a"), alerting("b"), alerted(10, "a"), alerted(11, "b")];
    assert_eq!(seen(&before_its_session), state("connected", Some(1), Some(1)));
}

#[test]
fn an_agent_who_is_alerted_on_a_second_medium_is_connected_on_the_first_alone() {
    let second = |agent: &str| PlatformEvent {
        participant_id: Some("participant of a".to_owned()),
        media_type: Some("chat".to_owned()),
        agent_id: Some(agent.to_owned()),
        ..alerted(30, "chat")
    };
    let call = vec![start(0, "c"), alerted(10, "a"), second("b")];
    let told =
        [("connectedSessions", session("a")), ("alertingSessions", "participant of a/chat".to_owned())];
    let by_session = snapshot(&told.each_ref().map(|(name, told)| (*name, told.as_str())));
    assert_eq!(seen(&[call.clone(), vec![by_session]].concat()), state("connected", Some(1), Some(1)));
    // Snapshots of one medium name no session, and the medium is the event's.
    let of = |medium: &str, told: &str| PlatformEvent {
        media_type: Some(medium.to_owned()),
        ..snapshot(&[(told, "participant of a")])
    };
    let by_medium = vec![of("voice", "connectedSessions"), of("chat", "alertingSessions")];
    assert_eq!(seen(&[call.clone(), by_medium].concat()), state("connected", Some(1), Some(1)));
    let first_alone = vec![of("voice", "connectedSessions")];
    assert_eq!(
        seen(&[call, first_alone].concat()),
        state("connected", None, None),
        "nothing told of the chat"
    );
}

#[test]
fn the_end_of_a_queue_names_the_agent_who_answered() {
    let left = |at| fact(et::QUEUE_LEFT, at, "q", None, &[("answeredUserId", "b")]);
    let mut call = vec![start(0, "c"), queued(5), alerted(10, "b"), leaves(15_010, "b", &RONA)];
    call.extend([alerted(16_000, "a"), alerting("a"), leaves(17_000, "a", &[]), alerted(18_000, "b")]);
    assert_eq!(seen(&call), state("queued", None, None));
    call.push(left(18_500));
    assert_eq!(seen(&call), state("connected", Some(1), Some(1)));
    assert_eq!((after(&call).unanswered, after(&call).handled_ms), (Some(2), Some(0)));
    let other_time = [start(0, "c"), alerted(10, "b"), left(9)];
    assert_eq!(seen(&other_time), state("connected", None, None), "the agent was not there yet");
}

#[test]
fn one_who_was_alerted_and_never_connected_handled_nothing() {
    let mut call = vec![start(0, "c"), alerted(10, "a"), alerting("a"), end(5_000, "c")];
    assert_eq!(seen(&call), state("ended", Some(0), Some(0)));
    assert_eq!((after(&call).handled_ms, after(&call).unanswered), (Some(0), Some(1)));
    call.push(leaves(5_001, "a", &[]));
    assert_eq!((after(&call).handled_ms, after(&call).agents), (Some(0), Some(0)));
    call.push(leaves(5_001, "a", &[("interactingDurationMs", "700")]));
    assert_eq!(
        (after(&call).handled_ms, after(&call).agents),
        (Some(700), Some(1)),
        "its end says otherwise"
    );
}

#[test]
fn a_start_of_a_platform_that_tells_of_answers_alone_is_an_answer() {
    assert_eq!(seen(&[start(0, "c"), joins(10, "a")]), state("connected", Some(1), Some(1)));
    let ringing = [start(0, "c"), joins(10, "a"), alerting("a")];
    assert_eq!(seen(&ringing), state("started", Some(0), Some(0)), "unless a snapshot says more");
}

#[test]
fn an_agent_who_counts_already_is_not_unknown_by_a_second_session() {
    let again = PlatformEvent { agent_id: Some("a".to_owned()), ..alerted(30, "a again") };
    assert_eq!(seen(&[joins(10, "a"), again.clone()]), state("connected", Some(1), Some(1)));
    let left = [joins(10, "a"), leaves(20, "a", &[]), again];
    assert_eq!(seen(&left), state("connected", None, Some(1)));
}

#[test]
fn what_is_told_of_answers_survives_its_way_through_state_and_stays_small() {
    let mut conversation = Conversation::default();
    for n in 0..1_000 {
        let agent = format!("agent {n}");
        conversation.apply(&encoded(&alerted(n * 100, &agent)), &Callers::default());
        conversation.apply(&encoded(&connected(&agent)), &Callers::default());
        conversation.apply(
            &encoded(&leaves(n * 100 + 40, &agent, &[("interactingDurationMs", "30")])),
            &Callers::default(),
        );
    }
    let bytes = conversation.to_bytes().unwrap();
    assert!(bytes.len() < 6_000, "{} bytes", bytes.len());
    let again = Conversation::from_bytes(&bytes).unwrap();
    assert_eq!((again.summary(1), again.summary(1).agents), (conversation.summary(1), Some(1_000)));
}
