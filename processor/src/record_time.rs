//! Which time the record of an enriched event has.

/// How far the clock of an ingest may be from that of the broker it writes to; milliseconds, 10 minutes. An event is
/// appended within 30 s of its receipt or not at all (`message.timeout.ms`); the rest is for clocks that are slightly
/// wrong, whose times consumers' windows shall have all the same. Brokers refuse what is ahead of them by an hour
/// (`message.timestamp.after.max.ms`, KIP-937).
const LARGEST_DIFFERENCE_MS: u64 = 10 * 60_000;

/// The time that ingest received the event at, as long as the broker's clock agrees that it may be so; else when the
/// broker appended it. An ingest whose clock is days behind would otherwise have its events deleted by retention as
/// soon as they are published, and one that is hours ahead would have them refused. Both are UTC milliseconds. The
/// event's own `ingestTime` stays as ingest wrote it. Where the broker says no time (0 or less) there is only ingest's.
pub fn of(ingest_time: i64, appended: i64) -> i64 {
    let believable = appended <= 0 || ingest_time.abs_diff(appended) <= LARGEST_DIFFERENCE_MS;
    if believable { ingest_time } else { appended }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_that_the_broker_cannot_believe_is_timed_by_the_broker() {
        const NOW: i64 = 1_775_000_000_000;
        const DAY: i64 = 24 * 3_600_000;
        for believable in [NOW, NOW - 30_000, NOW - 600_000, NOW + 600_000] {
            assert_eq!(of(believable, NOW), believable);
        }
        for unbelievable in
            [NOW - 600_001, NOW + 600_001, NOW - 9 * DAY, NOW + 2 * DAY, 0, i64::MIN, i64::MAX]
        {
            assert_eq!(of(unbelievable, NOW), NOW);
            assert_eq!(of(unbelievable, 0), unbelievable);
        }
    }
}
