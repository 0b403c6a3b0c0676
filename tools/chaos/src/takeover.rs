//! How long partitions lay idle when their processor stayed away: from the processors' own logs.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde::Serialize;
use serde_json::Value;

use crate::fault::SESSION_TIMEOUT;
use crate::journal::Absence;

/// A processor has partitions that it did not have before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which processor.
    pub instance: String,
    /// When it had them; UTC milliseconds.
    pub at_ms: i64,
    /// How long it waited for old transactions to be settled.
    pub settlement_ms: i64,
    /// How long it took to restore the state.
    pub restore_ms: i64,
    /// Whether it had nothing of the state of one of them at least.
    pub in_full: bool,
}

/// How takeovers went. Times are milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Takeover {
    /// Times that a processor stayed away for longer than the session timeout.
    pub absences: usize,
    /// Those after which others took its partitions.
    pub taken_over: usize,
    /// From the last sign of life to the assignment: the session timeout, and the rebalance.
    pub detection_ms: Times,
    /// Until old transactions were settled.
    pub settlement_ms: Times,
    /// Until state was restored and the first record could be read, by a processor that had a copy on its disk, from an
    /// earlier time …
    pub restore_from_copy_ms: Times,
    /// … and by one that had to read all of the changelog.
    pub restore_in_full_ms: Times,
    /// All three together.
    pub total_ms: Times,
}

/// A distribution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Half took at most this long.
    pub p50: i64,
    /// The longest.
    pub max: i64,
}

/// What the log says when a processor begins a new life …
const STARTING: &str = "processor starting";
/// … when everything that it was given is restored, with all that it has now …
const TAKEN: &str = "partitions taken";
/// … and when it gave some back.
const GIVEN_BACK: &str = "partitions given back";
/// A takeover later than this has another reason.
const PATIENCE_MS: i64 = 60_000;

/// Finds in a log of JSON lines when partitions were taken.
pub fn taken(instance: &str, log: &str) -> Vec<Taken> {
    let mut owned = BTreeSet::new();
    let mut found = Vec::new();
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        match line["message"].as_str() {
            Some(STARTING) => owned.clear(),
            Some(GIVEN_BACK) => owned.retain(|partition| !partitions(&line).contains(partition)),
            Some(TAKEN) => {
                let now = partitions(&line);
                // After an aborted transaction the same partitions are restored again.
                if !now.is_subset(&owned) {
                    found.extend(parse(instance, &line));
                }
                owned = now;
            }
            _ => {}
        }
    }
    found
}

fn parse(instance: &str, line: &Value) -> Option<Taken> {
    let at = DateTime::parse_from_rfc3339(line["timestamp"].as_str()?).ok()?;
    Some(Taken {
        instance: instance.to_owned(),
        at_ms: at.timestamp_millis(),
        settlement_ms: line["settlement_ms"].as_i64()?,
        restore_ms: line["restore_ms"].as_i64()?,
        in_full: line["in_full"].as_i64()? > 0,
    })
}

/// The numbers of the partitions that a line speaks of.
fn partitions(line: &Value) -> BTreeSet<i32> {
    let list = line["partitions"].as_str().unwrap_or_default();
    list.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// Finds for each absence when another processor first had its partitions.
pub fn summarise(absences: &[Absence], taken: &[Taken]) -> Takeover {
    let session = i64::try_from(SESSION_TIMEOUT.as_millis()).unwrap_or(i64::MAX);
    let (mut detection, mut settlement, mut total) = (vec![], vec![], vec![]);
    let (mut from_copy, mut in_full) = (vec![], vec![]);
    for absence in absences {
        // Heartbeats come every 3 s: the session may have begun to run out that much before the processor went away.
        let from = absence.from_ms + session * 2 / 3;
        let by_another = taken.iter().filter(|taken| {
            taken.instance != absence.instance
                && taken.at_ms >= from
                && taken.at_ms <= absence.from_ms + PATIENCE_MS
        });
        if let Some(first) = by_another.min_by_key(|taken| taken.at_ms) {
            let after = first.at_ms - absence.from_ms;
            total.push(after);
            settlement.push(first.settlement_ms);
            if first.in_full { &mut in_full } else { &mut from_copy }.push(first.restore_ms);
            detection.push((after - first.settlement_ms - first.restore_ms).max(0));
        }
    }
    Takeover {
        absences: absences.len(),
        taken_over: total.len(),
        detection_ms: times(detection),
        settlement_ms: times(settlement),
        restore_from_copy_ms: times(from_copy),
        restore_in_full_ms: times(in_full),
        total_ms: times(total),
    }
}

fn times(mut all: Vec<i64>) -> Times {
    all.sort_unstable();
    match all.last() {
        Some(&max) => Times { p50: all[(all.len() - 1) / 2], max },
        None => Times::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"timestamp":"2026-04-06T09:30:45.100Z","message":"partitions taken","partitions":"[1, 2]","settlement_ms":3,"restore_ms":40,"in_full":0}
{"timestamp":"2026-04-06T09:30:46.000Z","message":"partitions taken","partitions":"[1, 2]","settlement_ms":0,"restore_ms":2,"in_full":0}
{"timestamp":"2026-04-06T09:30:47.000Z","message":"partitions given back","partitions":"[1]","lost":false}
not JSON, though partitions taken
{"timestamp":"2026-04-06T09:30:48.000Z","message":"partitions taken","partitions":"[2]","settlement_ms":0,"restore_ms":0,"in_full":0}
{"timestamp":"2026-04-06T09:30:49.000Z","message":"partitions taken","partitions":"[1, 2]","settlement_ms":0,"restore_ms":7,"in_full":0}
{"timestamp":"2026-04-06T09:30:50.000Z","message":"processor starting"}
{"timestamp":"2026-04-06T09:30:51.000Z","message":"partitions taken","partitions":"[2]","settlement_ms":0,"restore_ms":9,"in_full":0}
"#;

    #[test]
    fn only_new_partitions_are_takeovers() {
        let restores: Vec<i64> = taken("processor-1", LOG).iter().map(|taken| taken.restore_ms).collect();
        assert_eq!(restores, [40, 7, 9]);
        assert_eq!(taken("processor-1", LOG)[0].at_ms % 100_000, 45_100);
    }

    #[test]
    fn the_first_other_processor_to_have_the_partitions_counts() {
        let taken = |instance: &str, at_ms, settlement_ms, restore_ms| Taken {
            instance: instance.into(),
            at_ms,
            settlement_ms,
            restore_ms,
            in_full: restore_ms > 50,
        };
        let absence = |from_ms| Absence { instance: "processor-0".into(), from_ms, to_ms: from_ms + 12_000 };
        let found = summarise(
            &[absence(0), absence(100_000), absence(200_000)],
            &[
                taken("processor-1", 5_000, 0, 1),
                taken("processor-0", 10_100, 0, 1),
                taken("processor-2", 10_400, 200, 100),
                taken("processor-1", 11_000, 0, 50),
                taken("processor-1", 112_000, 0, 100),
            ],
        );
        let times = |p50, max| Times { p50, max };
        let expected = Takeover {
            absences: 3,
            taken_over: 2,
            detection_ms: times(10_100, 11_900),
            settlement_ms: times(0, 200),
            restore_from_copy_ms: Times::default(),
            restore_in_full_ms: times(100, 100),
            total_ms: times(10_400, 12_000),
        };
        assert_eq!(found, expected);
    }
}
