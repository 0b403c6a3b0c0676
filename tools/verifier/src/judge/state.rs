//! I4: a partition's RocksDB plus tail equals the latest committed value per changelog key.
//!
//! A store says up to which changelog offset it has come. It must hold exactly what the changelog held there:
//! a store that equals the changelog at any other offset would be given a tail that leaves something out, or
//! applies something twice.

use std::collections::{BTreeMap, HashMap};

use crate::evidence::{Changelog, Digest, StateCopy};
use crate::report::{Verdict, counted};

/// How a copy of a partition's state compares to the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Equal to the latest committed values.
    CaughtUp,
    /// Equal to the changelog as it was at the offset that the copy claims, so many records before the end.
    Behind(usize),
    /// So many keys differ from the changelog at the offset claimed.
    Astray(usize),
    /// Claims an offset that the changelog does not have.
    Ahead(i64),
    /// Holds something and claims nothing.
    Unclaimed,
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
            verdict.object("without-changelog", || {
                format!(
                    "{} holds {} keys of partition {}, whose changelog is empty",
                    copy.holder,
                    copy.entries.len(),
                    copy.partition
                )
            });
        }
    }
    let keys: usize = copies.iter().map(|copy| copy.entries.len()).sum();
    let compared = format!(
        "{} in {} of {}",
        counted(keys as u64, "key"),
        match copies.len() {
            1 => "1 copy".to_owned(),
            copies => format!("{copies} copies"),
        },
        counted(changelogs.len() as u64, "changelog partition")
    );
    verdict.having_compared(compared)
}

fn judge_partition(
    partition: i32,
    standings: &[(&str, Standing)],
    stopped_cleanly: bool,
    verdict: &mut Verdict,
) {
    let mut wrong = false;
    for (holder, standing) in standings {
        let object = |verdict: &mut Verdict, what: String| {
            verdict.object("astray", || format!("{holder} partition {partition}: {what}"));
        };
        match standing {
            Standing::CaughtUp => verdict.count("state_copies_equal", 1),
            Standing::Behind(_) => verdict.count("state_copies_behind", 1),
            Standing::Astray(keys) => {
                object(
                    verdict,
                    format!("{keys} keys differ from the changelog at the offset that it claims"),
                );
            }
            Standing::Ahead(offset) => {
                object(verdict, format!("it claims offset {offset}, which the changelog does not have"));
            }
            Standing::Unclaimed => object(verdict, "it does not say how far it has come".to_owned()),
        }
        wrong |= matches!(standing, Standing::Astray(_) | Standing::Ahead(_) | Standing::Unclaimed);
    }
    let caught_up = standings.iter().any(|(_, standing)| *standing == Standing::CaughtUp);
    if stopped_cleanly && !caught_up && !wrong {
        let nearest = standings.iter().filter_map(|(holder, standing)| match standing {
            Standing::Behind(records) => Some((records, holder)),
            _ => None,
        });
        let nearest = nearest.min().map_or("no instance holds it".to_owned(), |(records, holder)| {
            format!("the nearest, {holder}, lacks the last {records} records")
        });
        verdict.object("behind", || {
            format!(
                "partition {partition}: all stopped in order, yet no copy equals the changelog; {nearest}"
            )
        });
    }
}

/// Replays the changelog to the offset that the copy claims, and counts the keys that differ there.
fn standing(changelog: &Changelog, copy: &StateCopy) -> Standing {
    let Some(reached) = copy.reached else {
        return if copy.entries.is_empty() {
            Standing::Behind(changelog.records.len())
        } else {
            Standing::Unclaimed
        };
    };
    let last = changelog.records.last().map_or(-1, |record| record.offset);
    if reached > last {
        return Standing::Ahead(reached);
    }
    let mut replayed: HashMap<&[u8], Digest> = HashMap::new();
    let contained = changelog.records.partition_point(|record| record.offset <= reached);
    for record in &changelog.records[..contained] {
        match record.value {
            Some(value) => replayed.insert(&record.key, value),
            None => replayed.remove(record.key.as_slice()),
        };
    }
    let wrong =
        copy.entries.iter().filter(|(key, value)| replayed.get(key.as_slice()) != Some(*value)).count();
    let lacking = replayed.keys().filter(|key| !copy.entries.contains_key(**key)).count();
    match (wrong + lacking, changelog.records.len() - contained) {
        (0, 0) => Standing::CaughtUp,
        (0, tail) => Standing::Behind(tail),
        (different, _) => Standing::Astray(different),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::state::Change;

    fn changelog(records: &[(&str, Option<u8>)]) -> BTreeMap<i32, Changelog> {
        let change = |(at, (key, value)): (usize, &(&str, Option<u8>))| Change {
            // Markers of transactions take offsets too.
            offset: at as i64 * 2,
            key: key.as_bytes().to_vec(),
            value: value.map(|value| [value; 16]),
        };
        let records = records.iter().enumerate().map(change).collect();
        BTreeMap::from([(0, Changelog { records })])
    }

    /// A copy that claims to contain so many records of [`RECORDS`].
    fn copy(contained: i64, entries: &[(&str, u8)]) -> StateCopy {
        let entries = entries.iter().map(|(key, value)| (key.as_bytes().to_vec(), [*value; 16])).collect();
        let reached = (contained > 0).then_some((contained - 1) * 2);
        StateCopy { holder: "processor-0".into(), partition: 0, reached, entries }
    }

    #[track_caller]
    fn check(
        records: &[(&str, Option<u8>)],
        copies: &[StateCopy],
        stopped_cleanly: bool,
        violations: u64,
    ) -> Verdict {
        let verdict = judge(&changelog(records), copies, stopped_cleanly);
        assert_eq!(verdict.violations(), violations, "{:?}", verdict.examples());
        verdict
    }

    const RECORDS: &[(&str, Option<u8>)] =
        &[("a", Some(1)), ("b", Some(1)), ("a", Some(2)), ("b", None), ("c", Some(3))];

    #[test]
    fn equal_to_the_latest_values() {
        let verdict = check(RECORDS, &[copy(5, &[("a", 2), ("c", 3)])], true, 0);
        assert_eq!(verdict.compared, "2 keys in 1 copy of 1 changelog partition");
    }

    #[test]
    fn a_copy_without_the_tail_is_right_only_after_a_crash() {
        let behind = copy(3, &[("a", 2), ("b", 1)]);
        assert_eq!(check(RECORDS, std::slice::from_ref(&behind), false, 0).counts["state_copies_behind"], 1);
        check(RECORDS, &[behind], true, 1);
        check(RECORDS, &[copy(0, &[])], false, 0);
    }

    #[test]
    fn a_copy_is_compared_at_the_offset_that_it_claims() {
        // What the changelog held after three records is wrong for a store that claims two, or four.
        for claimed in [2, 4] {
            check(RECORDS, &[copy(claimed, &[("a", 2), ("b", 1)])], false, 1);
        }
        check(RECORDS, &[copy(6, &[("a", 2), ("c", 3)])], false, 1);
        check(RECORDS, &[copy(0, &[("a", 2)])], false, 1);
        // A claim may point at the marker behind a record.
        let marker = StateCopy { reached: Some(5), ..copy(3, &[("a", 2), ("b", 1)]) };
        check(RECORDS, &[marker], false, 0);
    }

    #[test]
    fn an_old_owner_may_lack_a_tail_when_the_last_one_is_caught_up() {
        check(RECORDS, &[copy(1, &[("a", 1)]), copy(5, &[("a", 2), ("c", 3)])], true, 0);
    }

    #[test]
    fn lost_changed_invented_and_undeleted_keys_are_seen() {
        check(RECORDS, &[copy(5, &[("c", 3)])], false, 1);
        check(RECORDS, &[copy(5, &[("a", 9), ("c", 3)])], false, 1);
        check(RECORDS, &[copy(5, &[("a", 2), ("c", 3), ("x", 1)])], false, 1);
        check(RECORDS, &[copy(5, &[("a", 2), ("b", 1), ("c", 3)])], false, 1);
    }

    #[test]
    fn a_partition_that_nobody_holds_is_seen() {
        check(RECORDS, &[], true, 1);
    }

    #[test]
    fn state_ahead_of_an_empty_changelog_is_seen() {
        check(&[], &[copy(1, &[("a", 1)])], false, 1);
        check(&[], &[copy(0, &[])], true, 0);
    }
}
