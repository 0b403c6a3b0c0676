//! Logs, and what happens to a partition while it reads them.

use proptest::prelude::*;
use trunkline_schemas::PlatformEvent;
use trunkline_schemas::event_type as et;

use super::HOLD;
use crate::events::event;

/// Events of a few conversations, numbered and timed in order, displaced by less than the hold.
pub(super) fn displaced_log() -> impl Strategy<Value = Vec<PlatformEvent>> {
    proptest::collection::vec((0usize..4, 0..HOLD, 1i64..150), 1..60).prop_map(|steps| {
        let mut at = 1_000;
        let mut sequences = [0i64; 4];
        let mut log: Vec<PlatformEvent> = steps
            .into_iter()
            .map(|(conversation, delay, step)| {
                at += step;
                sequences[conversation] += 1;
                let mut event = event(&format!("c{conversation}"), et::MESSAGE_RECEIVED, at);
                event.sequence = Some(sequences[conversation]);
                event.ingest_time = at + delay;
                event
            })
            .collect();
        log.sort_by_key(|e| e.ingest_time);
        log
    })
}

/// Positions in the log at which an earlier event comes again.
pub(super) fn duplicates() -> impl Strategy<Value = Vec<(prop::sample::Index, prop::sample::Index)>> {
    proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20)
}

pub(super) fn with_duplicates(
    mut log: Vec<PlatformEvent>,
    duplicates: &[(prop::sample::Index, prop::sample::Index)],
) -> Vec<PlatformEvent> {
    for (what, after) in duplicates {
        let what = what.index(log.len());
        let at = what + 1 + after.index(log.len() - what);
        let mut copy = log[what].clone();
        copy.ingest_time = log[at - 1].ingest_time;
        log.insert(at, copy);
    }
    log
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Read,
    Pass(i64),
    Commit,
    Crash,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Read),
        2 => (1i64..300).prop_map(Step::Pass),
        2 => Just(Step::Commit),
        1 => Just(Step::Crash),
    ];
    proptest::collection::vec(step, 0..200)
}
