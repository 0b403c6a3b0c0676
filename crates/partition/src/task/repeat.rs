//! The head of a lane says again what its entity said last: it is not published.

use std::sync::Arc;

use super::Task;
use super::lane::Lane;
use crate::entity::{HOUR_MS, Novelty, id_bits};

// === impl Task ===

impl Task {
    /// Drops the head of a lane if it only repeats what was published last; true when it did. What is ahead of
    /// it in its lane has been published by now, so events that came together are judged as if they had come
    /// one by one.
    pub(super) fn drop_repeat(&mut self, key: &Arc<str>, lane: &mut Lane) -> bool {
        let Some((_, head)) = lane.ready.front() else { return false };
        let Some(cached) = self.entities.known(key) else { return false };
        let event = &head.item.event;
        let statement = *lane.statement.get_or_insert_with(|| cached.entity.statement(event));
        let taken_in = head.item.arrival().taken_in();
        let window_ms = self.settings.repeat_window_ms;
        let novelty = statement.map(|statement| cached.entity.novelty(&statement, taken_in, window_ms));
        if novelty != Some(Novelty::Repeat) {
            return false;
        }
        lane.statement = None;
        let Some((_, repeat)) = lane.ready.pop_front() else { return false };
        let event = &repeat.item.event;
        let id = id_bits(event.event_id());
        lane.pending.remove(&id);
        self.held_bytes -= event.held_bytes();
        if let Some(cached) = self.entities.changing(key) {
            // Delivered again, it is a duplicate, whatever was said in between.
            let ids_ms = self.settings.retention.ids_ms;
            cached.entity.note(key, event, id, taken_in, repeat.order);
            cached.entity.forget_before(key, self.clock.time() - ids_ms);
            cached.entity.set_timer(key, (taken_in + ids_ms).div_euclid(HOUR_MS) + 1);
        }
        self.counters.repeats += 1;
        self.finished.push(repeat.item.record.offset);
        true
    }
}
