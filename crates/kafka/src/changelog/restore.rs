//! The restore itself, over any [`Log`].

use std::collections::HashMap;
use std::time::Duration;

use super::{Anchor, Change, Log, RestoreError, STABLE_WAIT, Start};

/// Reads the partitions from where their state stands to the end of what is committed, handing each change to
/// `apply`. Waits out open transactions for at most `patience`. Returns how many there were.
///
/// # Errors
/// The first [`RestoreError`]; changes applied until then stay applied and may be applied again.
pub fn restore(
    log: &mut dyn Log,
    partitions: &[(i32, Start)],
    patience: Duration,
    mut apply: impl FnMut(Change<'_>) -> Result<(), String>,
) -> Result<u64, RestoreError> {
    let topic = log.topic().to_owned();
    let mut records = 0;
    let mut from = Vec::new();
    let mut anchors = HashMap::new();
    for (partition, start) in partitions {
        let (low, high) = log.ends(*partition)?;
        let another = |anchor: i64, reason| RestoreError::AnotherLog {
            topic: topic.clone(),
            partition: *partition,
            anchor,
            reason,
            low,
            high,
        };
        let first = match *start {
            Start::Beginning => low,
            Start::After(anchor) if anchor.offset < low => {
                return Err(another(anchor.offset, "records that it stems from were deleted"));
            }
            Start::After(anchor) if anchor.offset >= high => {
                return Err(another(anchor.offset, "the log ends before it"));
            }
            Start::After(anchor) => {
                anchors.insert(*partition, (anchor, another(anchor.offset, "another record lies there")));
                anchor.offset
            }
        };
        if first < high {
            await_stable(log, *partition, high, patience)?;
            from.push((*partition, first));
        }
    }
    if from.is_empty() {
        return Ok(records);
    }
    log.read(&from, &mut |change| {
        if let Some((anchor, another)) = anchors.remove(&change.partition) {
            return if anchor == Anchor::of(&change) { Ok(()) } else { Err(another) };
        }
        apply(change).map_err(|reason| RestoreError::Apply {
            topic: topic.clone(),
            partition: change.partition,
            offset: change.offset,
            reason,
        })?;
        records += 1;
        Ok(())
    })?;
    // An anchor that never came is gone, and with it perhaps others.
    match anchors.into_values().next() {
        Some((_, another)) => Err(another),
        None => Ok(records),
    }
}

fn await_stable(
    log: &mut dyn Log,
    partition: i32,
    high: i64,
    patience: Duration,
) -> Result<(), RestoreError> {
    let mut waited = Duration::ZERO;
    loop {
        let stable = log.stable(partition)?;
        if stable >= high {
            return Ok(());
        }
        let topic = log.topic().to_owned();
        if waited >= patience {
            return Err(RestoreError::OpenTransaction {
                topic,
                partition,
                stable,
                high,
                waited_s: waited.as_secs(),
            });
        }
        if !log.wait() {
            return Err(RestoreError::Interrupted { topic });
        }
        waited += STABLE_WAIT;
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::*;

    type Record = (i64, &'static [u8], Option<&'static [u8]>);

    /// One partition; a log that becomes stable after so many looks.
    struct Fixed {
        low: i64,
        records: Vec<Record>,
        high: i64,
        open_for: u32,
    }

    impl Log for Fixed {
        fn topic(&self) -> &'static str {
            "changelog"
        }

        fn ends(&mut self, _: i32) -> Result<(i64, i64), RestoreError> {
            Ok((self.low, self.high))
        }

        fn stable(&mut self, _: i32) -> Result<i64, RestoreError> {
            Ok(if self.open_for == 0 { self.high } else { self.low })
        }

        fn wait(&mut self) -> bool {
            self.open_for -= 1;
            true
        }

        fn read(
            &mut self,
            from: &[(i32, i64)],
            apply: &mut dyn FnMut(Change<'_>) -> Result<(), RestoreError>,
        ) -> Result<(), RestoreError> {
            for (offset, key, value) in &self.records {
                if *offset >= from[0].1 {
                    apply(Change { partition: 0, offset: *offset, timestamp: 0, key, value: *value })?;
                }
            }
            Ok(())
        }
    }

    fn log() -> Fixed {
        Fixed {
            low: 0,
            records: vec![(0, b"a", Some(b"1")), (2, b"b", None), (3, b"a", Some(b"2"))],
            high: 5,
            open_for: 3,
        }
    }

    fn keys(log: &mut Fixed, start: Start) -> Result<Vec<Vec<u8>>, RestoreError> {
        let mut keys = Vec::new();
        let records = restore(log, &[(0, start)], Duration::from_secs(1), |change| {
            keys.push(change.key.to_vec());
            Ok(())
        })?;
        assert_eq!(records, keys.len() as u64);
        Ok(keys)
    }

    #[test]
    fn goes_on_behind_the_record_that_was_applied_last() {
        assert_eq!(keys(&mut log(), Start::Beginning).unwrap(), [b"a", b"b", b"a"]);
        let second = Anchor { offset: 2, digest: digest(0, b"b", None) };
        assert_eq!(keys(&mut log(), Start::After(second)).unwrap(), [b"a"]);
        let last = Anchor { offset: 3, digest: digest(0, b"a", Some(b"2")) };
        assert!(keys(&mut log(), Start::After(last)).unwrap().is_empty());
    }

    #[test]
    fn another_log_is_noticed() {
        for (low, offset, value, reason) in [
            (0, 3, &b"9"[..], "another record lies there"),
            (0, 1, b"2", "another record lies there"),
            (0, 4, b"2", "another record lies there"),
            (0, 5, b"2", "the log ends before it"),
            (3, 2, b"2", "records that it stems from were deleted"),
        ] {
            let anchor = Anchor { offset, digest: digest(0, b"a", Some(value)) };
            let error = keys(&mut Fixed { low, ..log() }, Start::After(anchor)).unwrap_err();
            assert!(
                matches!(&error, RestoreError::AnotherLog { reason: found, .. } if *found == reason),
                "{offset}: {error}"
            );
        }
    }

    #[test]
    fn an_open_transaction_is_waited_out_but_not_for_ever() {
        let error = keys(&mut Fixed { open_for: 1_000, ..log() }, Start::Beginning).unwrap_err();
        assert!(matches!(error, RestoreError::OpenTransaction { stable: 0, high: 5, .. }), "{error}");
    }
}
