//! A conversation in state: what it takes, what is folded, and what older formats kept.

use super::*;

#[test]
fn a_conversation_survives_its_way_through_state() {
    let mut conversation = Conversation::default();
    for event in [start(1_790_000_000_000, "c"), joins(1_790_000_010_000, "a")] {
        conversation.apply(&encoded(&event), &Callers::default());
    }
    let bytes = conversation.to_bytes().unwrap();
    let again = Conversation::from_bytes(&bytes).unwrap();
    assert_eq!(again, conversation);
    assert_eq!(again.summary(2), conversation.summary(2));
    assert!(bytes.len() < 100, "{} bytes", bytes.len());
}

#[test]
fn a_conversation_of_many_sessions_stays_small_and_keeps_its_sums() {
    let mut conversation = Conversation::default();
    conversation.apply(&encoded(&start(0, "c")), &Callers::default());
    for n in 0..1_000 {
        let (at, agent) = (n * 100, format!("agent {}", n % 7));
        let session = format!("session {n}");
        let told = [("interactingDurationMs", "30"), ("alertingDurationMs", "5")];
        conversation.apply(
            &encoded(&fact(et::PARTICIPANT_CONNECTED, at, &session, Some(&agent), &[])),
            &Callers::default(),
        );
        conversation.apply(
            &encoded(&fact(et::PARTICIPANT_DISCONNECTED, at + 40, &session, Some(&agent), &told)),
            &Callers::default(),
        );
    }
    let summary = conversation.summary(2_001);
    assert_eq!((summary.handled_ms, summary.alerted_ms, summary.transfers), (Some(30_000), Some(5_000), 999));
    assert_eq!((summary.state.as_str(), summary.reopened), ("wrapup", Some(0)));
    let bytes = conversation.to_bytes().unwrap().len();
    assert!(bytes < 5_000, "{bytes} bytes");
    conversation.apply(&encoded(&end(200_000, "c")), &Callers::default());
    assert_eq!(conversation.summary(2_002).state, "ended");
}

fn legacy(phase: LegacyPhase) -> LegacyConversation {
    LegacyConversation {
        phase,
        started_at: Some(1_000),
        queued_since: None,
        queued_ms: Some(3_000),
        connected_since: None,
        handled_ms: None,
        transfers: 0,
        last_agent: None,
        customer_id: Some("C-1".to_owned()),
    }
}

#[test]
fn what_an_older_format_kept_goes_on() {
    let mut conversation = Conversation::from(LegacyConversation {
        connected_since: Some(5_000),
        handled_ms: Some(700),
        transfers: 1,
        last_agent: Some("a".to_owned()),
        ..legacy(LegacyPhase::Connected)
    });
    let before = conversation.summary(3);
    assert_eq!((before.state.as_str(), before.started_at), ("connected", Some(1_000)));
    assert_eq!((before.queued_ms, before.handled_ms, before.transfers), (Some(3_000), Some(700), 1));
    assert_eq!((before.agents, before.reopened, before.held_ms), (None, None, None), "not known of it");
    let told = [("interactingDurationMs", "2000"), ("heldDurationMs", "5")];
    for event in [leaves(8_000, "a", &told), joins(9_000, "b"), leaves(9_500, "b", &[]), end(9_600, "c")] {
        conversation.apply(&encoded(&event), &Callers::default());
    }
    let summary = conversation.summary(7);
    assert_eq!((summary.state.as_str(), summary.transfers), ("ended", 2));
    assert_eq!((summary.handled_ms, summary.agents, summary.held_ms), (Some(3_205), None, None));
    let bytes = conversation.to_bytes().unwrap();
    assert_eq!(Conversation::from_bytes(&bytes).unwrap().summary(7), summary);
}

#[test]
fn an_older_conversation_stands_where_it_stood() {
    for (phase, state) in
        [(LegacyPhase::Started, "started"), (LegacyPhase::Flow, "ivr"), (LegacyPhase::Ended, "ended")]
    {
        assert_eq!(Conversation::from(legacy(phase)).summary(1).state, state);
    }
    let queued = LegacyConversation { queued_since: Some(2_000), ..legacy(LegacyPhase::Queued) };
    assert_eq!(Conversation::from(queued).summary(1).state, "queued");
    let left = LegacyConversation {
        handled_ms: Some(9),
        last_agent: Some("a".to_owned()),
        ..legacy(LegacyPhase::Wrapup)
    };
    let wrapup = Conversation::from(left).summary(1);
    assert_eq!((wrapup.state.as_str(), wrapup.handled_ms), ("wrapup", Some(9)));
    let unseen = LegacyConversation {
        started_at: None,
        queued_ms: None,
        customer_id: None,
        ..legacy(LegacyPhase::New)
    };
    assert!(Conversation::from(unseen).causes().are_none());
}
