use std::collections::BTreeMap;

use serde::Serialize;

use super::legacy::{LegacyContents, LegacyOrder};
use super::*;
use trunkline_schemas::event_type as et;

use crate::conversation::{LegacyConversation, LegacyPhase};
use crate::events::{encoded, event};
use crate::state::MemoryState;

mod call;
mod formats;
mod size;

const KEY: &str = "g/o/c";

const RETENTION: Retention =
    Retention { ids_ms: 5 * 24 * HOUR_MS, ended_ms: 10 * 24 * HOUR_MS, silent_ms: 30 * 24 * HOUR_MS };

fn emit(entity: &mut Entity, n: u128, taken_in: i64, event_type: &str) {
    let (event, order) = (encoded(&event("c", event_type, 0)), ChannelOrder::default());
    entity.emit(KEY, &event, n, taken_in, order, &Callers::default());
}

fn commit(entity: &mut Entity, state: &mut MemoryState) -> usize {
    let mut changes = Vec::new();
    entity.take_changes(KEY, &mut changes).unwrap();
    state.apply(&changes);
    changes.len()
}

#[test]
fn an_entity_survives_its_way_through_state() {
    let mut state = MemoryState::default();
    let mut entity = Entity::load(KEY, &state).unwrap();
    emit(&mut entity, 1, 0, "conversation.started");
    emit(&mut entity, 2, HOUR_MS, "message.received");
    assert_eq!(commit(&mut entity, &mut state), 2, "a chunk of the first hour, and the entity");

    let mut again = Entity::load(KEY, &state).unwrap();
    assert!(again.has_seen(1) && again.has_seen(2) && !again.has_seen(3));
    emit(&mut again, 3, HOUR_MS, "message.received");
    assert_eq!(again.stored.position, 3);
    assert_eq!(commit(&mut again, &mut state), 1, "one value an event");

    again.forget_before(KEY, HOUR_MS);
    commit(&mut again, &mut state);
    let last = Entity::load(KEY, &state).unwrap();
    assert!(!last.has_seen(1) && last.has_seen(2) && last.has_seen(3));
    assert!(state.get(&keys::chunk(KEY, 0, 0)).unwrap().is_none());
}

#[test]
fn a_busy_entity_rewrites_no_more_than_a_chunk() {
    let mut state = MemoryState::default();
    let mut entity = Entity::default();
    for n in 0..10 * CHUNK_IDS as u128 {
        emit(&mut entity, n, 5, "agent.state_changed");
        let mut changes = Vec::new();
        entity.take_changes(KEY, &mut changes).unwrap();
        let bytes: usize = changes.iter().filter_map(|c| c.value.as_ref()).map(Vec::len).sum();
        assert!(bytes < 2 * 16 * CHUNK_IDS + 200, "{bytes} bytes for event {n}");
        state.apply(&changes);
    }
    let again = Entity::load(KEY, &state).unwrap();
    assert!((0..10 * CHUNK_IDS as u128).all(|n| again.has_seen(n)));
}

#[test]
fn what_is_too_old_is_forgotten_step_by_step() {
    for (last_event, kept_days) in [("conversation.ended", 10), ("message.received", 30)] {
        let mut state = MemoryState::default();
        let mut entity = Entity::default();
        emit(&mut entity, 1, 0, "conversation.started");
        entity.set_timer(KEY, 24 * 5);
        emit(&mut entity, 2, HOUR_MS, last_event);
        commit(&mut entity, &mut state);

        // The ids' time: they go, position and conversation stay.
        entity.expire(KEY, 6 * 24 * HOUR_MS, &RETENTION);
        commit(&mut entity, &mut state);
        let mut entity = Entity::load(KEY, &state).unwrap();
        assert!(entity.exists() && !entity.has_seen(1) && !entity.has_seen(2));
        let due = entity.stored.timer_hour.unwrap();
        assert_eq!(due, kept_days * 24 + 3, "when it is looked at again");
        assert!(state.get(&keys::timer(due, &keys::entity(KEY))).unwrap().is_some());

        // Its own time: nothing stays but what expiry takes away itself, the timers that were due.
        entity.expire(KEY, due * HOUR_MS, &RETENTION);
        assert!(!entity.exists());
        commit(&mut entity, &mut state);
        assert!(state.entries().keys().all(|key| keys::target_of(key).is_some()), "{state:?}");
    }
}

/// A conversation as formats 1 and 2 kept it, in the bytes that their builds wrote: queued for three seconds, with its
/// second agent, known by its customer.
fn legacy_conversation() -> (Vec<u8>, Conversation) {
    let legacy = LegacyConversation {
        phase: LegacyPhase::Connected,
        started_at: Some(1_000),
        queued_ms: Some(3_000),
        connected_since: Some(5_000),
        transfers: 1,
        last_agent: Some("agent-2".to_owned()),
        customer_id: Some("c-1".to_owned()),
        ..LegacyConversation::default()
    };
    let bytes = postcard::to_allocvec(&legacy).unwrap();
    let recorded = b"\x04\x01\xd0\x0f\x00\x01\xf0\x2e\x01\x90\x4e\x00\x02\x01\x07agent-2\x01\x03c-1";
    assert_eq!(bytes, recorded, "as builds of format 2 wrote it");
    (bytes, legacy.into())
}

#[test]
fn state_of_the_second_format_is_read_and_rewritten() {
    let (conversation, expected) = legacy_conversation();
    let order = LegacyOrder { furthest: Some((7_000, 9)), next_sequence: Some(4) };
    // Position 3, the conversation, a channel, a chunk of hour 7, the last hour 9, no timer, and the ids 2 and 3.
    let body = [
        vec![2, 6],
        conversation,
        postcard::to_allocvec(&vec![("channel".to_owned(), order)]).unwrap(),
        vec![1, 14, 1, 18, 0],
        2_u128.to_be_bytes().to_vec(),
        3_u128.to_be_bytes().to_vec(),
    ]
    .concat();
    let mut state = MemoryState::default();
    state.apply(&[
        Change::put(keys::entity(KEY), body),
        Change::put(keys::chunk(KEY, 7, 0), [vec![2], 1_u128.to_be_bytes().to_vec()].concat()),
    ]);
    let mut entity = Entity::load(KEY, &state).unwrap();
    assert!(entity.is_dirty(), "it is written anew");
    commit(&mut entity, &mut state);
    let again = Entity::load(KEY, &state).unwrap();
    assert!(!again.is_dirty() && again.stored == entity.stored);
    assert_eq!((again.stored.position, again.stored.hour, again.conversation()), (3, 9, &expected));
    assert_eq!(again.channel("channel"), ChannelOrder::kept(Some(7_000), Some(4)));
    assert!((1..=3).all(|id| again.has_seen(id)));
}

#[test]
fn state_of_the_third_format_is_read_and_what_it_said_last_may_be_repeated() {
    let legacy = LegacyContents { topics: vec![(1, vec![(7, 1_000), (8, 2_000)]), (2, vec![(9, 1_500)])] };
    let recorded = b"\x02\x01\x02\x07\xd0\x0f\x08\xa0\x1f\x02\x01\x09\xb8\x17";
    assert_eq!(postcard::to_allocvec(&legacy).unwrap(), recorded, "as builds of format 3 wrote it");
    // Position 3, no conversation, no channel, the contents, no chunk, the last hour 9, no timer, and the id 2.
    let body =
        [vec![3, 6], vec![0; 7], vec![0], recorded.to_vec(), vec![0, 18, 0], 2_u128.to_be_bytes().to_vec()]
            .concat();
    let mut state = MemoryState::default();
    state.apply(&[Change::put(keys::entity(KEY), body)]);
    let mut entity = Entity::load(KEY, &state).unwrap();
    assert!(entity.is_dirty() && entity.has_seen(2));
    commit(&mut entity, &mut state);
    let again = Entity::load(KEY, &state).unwrap();
    assert!(!again.is_dirty() && again.stored == entity.stored);
    let mut told = event("c", "agent.state_changed", 0);
    told.content_id = Some("content".to_owned());
    let statement = again.statement(&encoded(&told)).unwrap();
    assert_eq!(again.novelty(&statement, 2_500, 500), Novelty::PossibleRepeat);
    assert_eq!(again.novelty(&statement, 2_501, 500), Novelty::New);
}

#[test]
fn state_of_the_first_format_is_read_and_rewritten() {
    #[derive(Serialize)]
    struct FirstFormat {
        position: i64,
        conversation: LegacyConversation,
        channels: BTreeMap<String, LegacyOrder>,
        hours: Vec<i64>,
    }
    let value = |body: Vec<u8>| [vec![1], body].concat();
    let stored = FirstFormat {
        position: 3,
        conversation: LegacyConversation::default(),
        channels: BTreeMap::from([(
            "channel".to_owned(),
            LegacyOrder { furthest: Some((5, 1)), next_sequence: None },
        )]),
        hours: vec![7, 9],
    };
    let mut state = MemoryState::default();
    state.apply(&[
        Change::put(keys::entity(KEY), value(postcard::to_allocvec(&stored).unwrap())),
        Change::put(keys::bucket(KEY, 7), value(postcard::to_allocvec(&vec![1_u128, 2]).unwrap())),
        Change::put(keys::bucket(KEY, 9), value(postcard::to_allocvec(&vec![3_u128]).unwrap())),
    ]);
    let mut entity = Entity::load(KEY, &state).unwrap();
    assert!(entity.is_dirty());
    commit(&mut entity, &mut state);
    assert!(state.get(&keys::bucket(KEY, 7)).unwrap().is_none());
    let again = Entity::load(KEY, &state).unwrap();
    assert!(!again.is_dirty() && again.stored.position == 3);
    assert_eq!(again.channel("channel"), ChannelOrder::kept(Some(5), None));
    assert!((1..=3).all(|id| again.has_seen(id)));
}

#[test]
fn state_of_the_fourth_format_is_read_and_rewritten() {
    // As in format 3, but what came before is kept by participant (nobody's here), and a time has a place in its
    // millisecond.
    let conversation = [
        &[4, 0, 1, 2, 1, 3][..],
        b"c-1",
        &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0],
        &[1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 9, 1, 10, 1, 0, 0, 0],
        &[0, 0, 0],
    ]
    .concat();
    let body = [&[4, 4][..], &conversation, &[0, 0, 0, 0, 18, 0], &3_u128.to_be_bytes()].concat();
    let mut state = MemoryState::default();
    state.apply(&[Change::put(keys::entity(KEY), body)]);
    let mut entity = Entity::load(KEY, &state).unwrap();
    assert!(entity.is_dirty(), "it is written anew");
    let summary = entity.conversation().summary(2);
    assert_eq!((summary.state.as_str(), summary.started_at), ("connected", Some(1)));
    assert_eq!((summary.agents, summary.connected_agents), (Some(1), Some(1)), "as that format counted");
    commit(&mut entity, &mut state);
    let again = Entity::load(KEY, &state).unwrap();
    assert!(!again.is_dirty() && again.stored == entity.stored && again.has_seen(3));
}

#[test]
fn state_of_the_third_format_is_read_and_rewritten() {
    // Position 2; an agent of participant "a" connected since 5 in a conversation that began at 1, of customer "c-1";
    // no work, observers and sums; no channels, contents and chunks; hour 9, no timer, and the id 3.
    let conversation = [
        &[4, 1, 2, 1, 3][..],
        b"c-1",
        &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0],
        &[1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 9, 1, 10, 0, 0, 0],
        &[0, 0, 0],
    ]
    .concat();
    let body = [&[3, 4][..], &conversation, &[0, 0, 0, 18, 0], &3_u128.to_be_bytes()].concat();
    let mut state = MemoryState::default();
    state.apply(&[Change::put(keys::entity(KEY), body)]);
    let mut entity = Entity::load(KEY, &state).unwrap();
    assert!(entity.is_dirty(), "it is written anew");
    let summary = entity.conversation().summary(2);
    assert_eq!((summary.state.as_str(), summary.started_at, summary.agents), ("connected", Some(1), Some(1)));
    assert_eq!(entity.conversation().customer_id(), Some("c-1"));
    commit(&mut entity, &mut state);
    let again = Entity::load(KEY, &state).unwrap();
    assert!(!again.is_dirty() && again.stored == entity.stored && again.has_seen(3));
}
