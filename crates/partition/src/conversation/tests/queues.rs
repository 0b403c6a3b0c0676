//! Agents who came and went while a queue had the conversation all along.

use super::*;

fn alerted(at: i64, agent: &str, session: &str) -> PlatformEvent {
    PlatformEvent {
        source_type: "v2.detail.events.conversation.{id}.user.start".to_owned(),
        ..fact(et::PARTICIPANT_CONNECTED, at, session, Some(agent), &[])
    }
}

fn gone(at: i64, agent: &str, session: &str, told: &[(&str, &str)]) -> PlatformEvent {
    fact(et::PARTICIPANT_DISCONNECTED, at, session, Some(agent), told)
}

/// A is alerted and does not answer; B answers.
fn call(told: &[(&str, &str)]) -> Vec<PlatformEvent> {
    vec![
        start(0, "customer"),
        fact(et::QUEUE_ENTERED, 10, "q", None, &[]),
        alerted(1_000, "a", "1"),
        gone(16_000, "a", "1", told),
        alerted(17_000, "b", "2"),
        fact(et::QUEUE_LEFT, 20_000, "q", None, &[("answeredUserId", "b")]),
        gone(50_000, "b", "2", &[("interactingDurationMs", "30000"), ("alertingDurationMs", "3000")]),
        end(50_000, "customer"),
    ]
}

const ZERO: [(&str, &str); 2] = [("interactingDurationMs", "0"), ("heldDurationMs", "0")];

fn seen(events: &[PlatformEvent]) -> (Option<i32>, i32, Option<i32>, Option<i64>) {
    let summary = after(events);
    (summary.agents, summary.transfers, summary.unanswered, summary.handled_ms)
}

#[test]
fn who_did_not_answer_handled_nothing_whatever_the_end_tells() {
    for told in [&ZERO[..], &ZERO[..1], &ZERO[1..], &[], &[("disconnectType", "system")]] {
        let mut call = call(told);
        assert_eq!(seen(&call), (Some(1), 0, Some(1), Some(30_000)), "{told:?}");
        call.reverse();
        assert_eq!(seen(&call), (Some(1), 0, Some(1), Some(30_000)), "{told:?}, backwards");
    }
}

#[test]
fn until_the_queue_is_left_nobody_knows_of_one_of_whom_nothing_is_told() {
    let call = call(&[]);
    assert_eq!(seen(&call[..4]), (None, 0, Some(0), None));
    assert_eq!(after(&call[..4]).state, "queued");
    assert_eq!(seen(&call[..5]), (None, 0, Some(0), None));
    assert_eq!(seen(&call[..6]), (Some(1), 0, Some(1), Some(0)));
}

#[test]
fn who_is_alerted_again_and_answers_then_answered_once() {
    for (second, same_session) in [("2", "another session"), ("1", "the same")] {
        let again = [
            &call(&[])[..4],
            &[
                alerted(17_000, "a", second),
                fact(et::QUEUE_LEFT, 20_000, "q", None, &[("answeredUserId", "a")]),
                gone(50_000, "a", second, &[("interactingDurationMs", "30000")]),
            ],
        ]
        .concat();
        assert_eq!(seen(&again), (Some(1), 0, Some(1), Some(30_000)), "{same_session}");
    }
}

#[test]
fn a_queue_that_was_left_meanwhile_or_is_another_says_nothing() {
    let answered = |left: i64, media: &str| {
        let mut call = vec![
            start(0, "customer"),
            fact(et::QUEUE_ENTERED, 10, "q", None, &[]),
            alerted(1_000, "a", "1"),
            fact(et::QUEUE_LEFT, left, "q", None, &[]),
            gone(16_000, "a", "1", &[]),
        ];
        for queue in [1, 3] {
            call[queue].media_type = Some(media.to_owned());
        }
        seen(&call)
    };
    let by_the_clock = (Some(1), 0, Some(0), Some(15_000));
    for left in [1_000, 1_001, 4_000, 16_000] {
        assert_eq!(answered(left, "voice"), by_the_clock, "left at {left}");
    }
    assert_eq!(answered(16_001, "voice"), (Some(0), 0, Some(1), Some(0)));
    assert_eq!(answered(16_001, "chat"), by_the_clock);
    let entered_later = [
        start(0, "customer"),
        alerted(1_000, "a", "1"),
        fact(et::QUEUE_ENTERED, 2_000, "q", None, &[]),
        gone(16_000, "a", "1", &[]),
        fact(et::QUEUE_LEFT, 20_000, "q", None, &[]),
    ];
    assert_eq!(seen(&entered_later), by_the_clock, "an agent who asks a queue");
}

#[test]
fn a_platform_that_keeps_its_queue_while_agents_have_the_case_is_believed_in_what_it_says() {
    let case = [
        fact(et::CONVERSATION_STARTED, 0, "", None, &[]),
        fact(et::QUEUE_ENTERED, 10, "", None, &[]),
        fact(et::PARTICIPANT_CONNECTED, 20, "", Some("a"), &[]),
        fact(et::PARTICIPANT_DISCONNECTED, 50, "", Some("a"), &[]),
        fact(et::QUEUE_LEFT, 90, "", None, &[]),
    ];
    assert_eq!(seen(&case), (Some(1), 0, Some(0), Some(30)));
}
