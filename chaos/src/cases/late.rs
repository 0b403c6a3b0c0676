//! Events that came in time and are marked late.
//!
//! Only an event whose place was given away is late: one of its conversation that happened after it had been held for
//! as long as the source's `hold` allows when it came. Both times are those of ingest, as they stand in
//! `events.normalized`.

use std::collections::BTreeMap;

use super::evidence::Event;
use super::expectation::Finding;

/// The hold of a source that is put in order, in milliseconds: the default, which cases run with.
pub const HOLD_MS: i64 = 500;

/// The kind of such a finding.
pub const LATE_IN_TIME: &str = "late-in-time";

/// What there is to object to; `normalized` in the order of each partition.
pub fn judge(normalized: &[Event], enriched: &[Event]) -> Option<Finding> {
    let wrongly = late_in_time(normalized, enriched);
    let late = enriched.iter().filter(|event| event.late).count();
    let seen = format!(
        "{wrongly} of {} events are marked late although they came within the hold of {HOLD_MS} ms; marked late are {late}",
        enriched.len()
    );
    (wrongly > 0).then(|| Finding::new("I3", LATE_IN_TIME, wrongly, seen))
}

/// How many are marked late although no later one of their conversation had been held for the whole of its time.
fn late_in_time(normalized: &[Event], enriched: &[Event]) -> usize {
    let mut conversations: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in normalized {
        conversations.entry(&event.key).or_default().push(event);
    }
    let in_time = |late: &Event| {
        let empty = Vec::new();
        let conversation = conversations.get(late.key.as_str()).unwrap_or(&empty);
        let Some(own) = conversation.iter().position(|event| event.id == late.id) else { return false };
        let came = conversation[own].ingest_time;
        let mut overtook = conversation[..own].iter().filter(|before| before.event_time > late.event_time);
        overtook.all(|before| came <= before.ingest_time + HOLD_MS)
    };
    enriched.iter().filter(|event| event.late && in_time(event)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, event_time: i64, ingest_time: i64, late: bool) -> Event {
        Event { key: "c".into(), id: id.into(), event_time, ingest_time, late, ..Event::default() }
    }

    #[test]
    fn late_is_what_came_after_the_hold_of_a_later_one() {
        let normalized =
            [event("b", 20, 1_000, false), event("a", 10, 1_500, false), event("0", 5, 1_501, false)];
        let marked = |id, time| [event(id, time, 0, true)];
        assert_eq!(late_in_time(&normalized, &marked("a", 10)), 1, "it came within the hold of b");
        assert_eq!(late_in_time(&normalized, &marked("0", 5)), 0, "b's time was over");
        assert_eq!(late_in_time(&normalized, &[event("a", 10, 0, false)]), 0);
        assert!(judge(&normalized, &marked("0", 5)).is_none());
        assert_eq!(judge(&normalized, &marked("a", 10)).unwrap().count, 1);
    }
}
