//! I4: a partition's RocksDB plus tail equals the latest committed value per changelog key.

use std::collections::{BTreeMap, HashMap};

use crate::evidence::{Changelog, Digest, StateCopy};
use crate::report::Verdict;

/// How a copy of a partition's state compares to the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Equal to the latest committed values.
    CaughtUp,
    /// Equal to the changelog as it was this many records before its end: the tail brings it up.
    Behind(usize),
    /// Equal to no state that the changelog ever had; this many keys differ from the latest.
    Astray(usize),
}

/// Judges I4. `stopped_cleanly` says that every holder flushed and stopped in order, so that the last owner of each
/// partition must be caught up; without it, a copy that lacks a tail is as it should be.
pub fn judge(changelogs: &BTreeMap<i32, Changelog>, copies: &[StateCopy], stopped_cleanly: bool) -> Verdict {
    let mut verdict = Verdict::new("I4");
    for (partition, changelog) in changelogs.iter().filter(|(_, changelog)| !changelog.records.is_empty()) {
        verdict.count("state_partitions", 1);
        let standings: Vec<(&str, Standing)> = copies
            .iter()
            .filter(|copy| copy.partition == *partition)
            .map(|copy| (copy.holder.as_str(), standing(changelog, copy)))
            .collect();
        judge_partition(*partition, &standings, stopped_cleanly, &mut verdict);
    }
    for copy in copies {
        let unknown = changelogs.get(&copy.partition).is_none_or(|changelog| changelog.records.is_empty());
        if unknown && !copy.entries.is_empty() {
            verdict.object(|| {
                format!(
                    "{} holds {} keys of partition {}, whose changelog is empty",
                    copy.holder,
                    copy.entries.len(),
                    copy.partition
                )
            });
        }
    }
    verdict
}

fn judge_partition(
    partition: i32,
    standings: &[(&str, Standing)],
    stopped_cleanly: bool,
    verdict: &mut Verdict,
) {
    for (holder, standing) in standings {
        match standing {
            Standing::CaughtUp => verdict.count("state_copies_equal", 1),
            Standing::Behind(_) => verdict.count("state_copies_behind", 1),
            Standing::Astray(keys) => verdict.object(|| {
                format!("{holder} partition {partition}: {keys} keys differ from the changelog, and no tail explains it")
            }),
        }
    }
    let caught_up = standings.iter().any(|(_, standing)| *standing == Standing::CaughtUp);
    let astray = standings.iter().any(|(_, standing)| matches!(standing, Standing::Astray(_)));
    if stopped_cleanly && !caught_up && !astray {
        let nearest = standings.iter().filter_map(|(holder, standing)| match standing {
            Standing::Behind(records) => Some((records, holder)),
            _ => None,
        });
        let nearest = nearest.min().map_or("no instance holds it".to_owned(), |(records, holder)| {
            format!("the nearest, {holder}, lacks the last {records} records")
        });
        verdict.object(|| {
            format!(
                "partition {partition}: all stopped in order, yet no copy equals the changelog; {nearest}"
            )
        });
    }
}

/// Replays the changelog and watches how many keys differ from the copy. A copy that was equal to the changelog at some
/// point is that state plus a tail, whatever offset it claims to have reached.
fn standing(changelog: &Changelog, copy: &StateCopy) -> Standing {
    let mut replayed: HashMap<&[u8], Digest> = HashMap::new();
    let mut different = copy.entries.len();
    let mut equal_at = (different == 0).then_some(0);
    for (index, (key, value)) in changelog.records.iter().enumerate() {
        let wanted = copy.entries.get(key.as_slice());
        let before = replayed.get(key.as_slice());
        let differed = before != wanted;
        let differs = value.as_ref() != wanted;
        different = different + usize::from(differs) - usize::from(differed);
        match value {
            Some(value) => replayed.insert(key, *value),
            None => replayed.remove(key.as_slice()),
        };
        if different == 0 {
            equal_at = Some(index + 1);
        }
    }
    match equal_at {
        _ if different == 0 => Standing::CaughtUp,
        Some(records) => Standing::Behind(changelog.records.len() - records),
        None => Standing::Astray(different),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changelog(records: &[(&str, Option<u8>)]) -> BTreeMap<i32, Changelog> {
        let records = records
            .iter()
            .map(|(key, value)| (key.as_bytes().to_vec(), value.map(|value| [value; 16])))
            .collect();
        BTreeMap::from([(0, Changelog { records })])
    }

    fn copy(entries: &[(&str, u8)]) -> StateCopy {
        let entries = entries.iter().map(|(key, value)| (key.as_bytes().to_vec(), [*value; 16])).collect();
        StateCopy { holder: "processor-0".into(), partition: 0, entries }
    }

    #[track_caller]
    fn check(
        records: &[(&str, Option<u8>)],
        copies: &[StateCopy],
        stopped_cleanly: bool,
        violations: u64,
    ) -> Verdict {
        let verdict = judge(&changelog(records), copies, stopped_cleanly);
        assert_eq!(verdict.violations, violations, "{:?}", verdict.examples);
        verdict
    }

    const RECORDS: &[(&str, Option<u8>)] =
        &[("a", Some(1)), ("b", Some(1)), ("a", Some(2)), ("b", None), ("c", Some(3))];

    #[test]
    fn equal_to_the_latest_values() {
        check(RECORDS, &[copy(&[("a", 2), ("c", 3)])], true, 0);
    }

    #[test]
    fn a_copy_without_the_tail_is_right_only_after_a_crash() {
        let behind = copy(&[("a", 2), ("b", 1)]);
        assert_eq!(check(RECORDS, std::slice::from_ref(&behind), false, 0).counts["state_copies_behind"], 1);
        check(RECORDS, &[behind], true, 1);
        check(RECORDS, &[copy(&[])], false, 0);
    }

    #[test]
    fn an_old_owner_may_lack_a_tail_when_the_last_one_is_caught_up() {
        check(RECORDS, &[copy(&[("a", 1)]), copy(&[("a", 2), ("c", 3)])], true, 0);
    }

    #[test]
    fn lost_changed_invented_and_undeleted_keys_are_seen() {
        check(RECORDS, &[copy(&[("c", 3)])], false, 1);
        check(RECORDS, &[copy(&[("a", 9), ("c", 3)])], false, 1);
        check(RECORDS, &[copy(&[("a", 2), ("c", 3), ("x", 1)])], false, 1);
        check(RECORDS, &[copy(&[("a", 2), ("b", 1), ("c", 3)])], false, 1);
    }

    #[test]
    fn a_partition_that_nobody_holds_is_seen() {
        check(RECORDS, &[], true, 1);
    }

    #[test]
    fn state_ahead_of_an_empty_changelog_is_seen() {
        check(&[], &[copy(&[("a", 1)])], false, 1);
        check(&[], &[copy(&[])], true, 0);
    }
}
