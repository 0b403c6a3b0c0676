//! Logs that are not what they were.

use trunkline_kafka::LogPosition;
use trunkline_kafka::logs::TopicId;

use super::*;

const OLD: Option<TopicId> = Some(TopicId(1));
const NEW: Option<TopicId> = Some(TopicId(2));

fn partition() -> TopicPartition {
    TopicPartition::new(TOPIC, 0)
}

fn at(topic_id: Option<TopicId>, next: i64) -> LogPosition {
    LogPosition { topic_id, next, last: None }
}

impl Bench {
    /// Of a log whose id is known, and of which nothing was saved before.
    fn of_old_log() -> Self {
        let mut bench = Self::new(0);
        bench.log(LogChange::Opened { position: at(OLD, 0), saved: false, afresh: false });
        bench
    }

    fn log(&mut self, change: LogChange) {
        self.apply(Input::Log(partition(), change));
    }

    /// The progress of a transaction that takes effect.
    fn progress(&mut self) -> PartitionProgress {
        let plan = self.lanes.plan().unwrap();
        self.apply(Input::Committed);
        let [progress] = &plan.progress[..] else { panic!("{plan:?}") };
        progress.clone()
    }
}

#[test]
fn which_log_it_is_is_saved_at_once_and_with_everything_that_moves_the_watermark() {
    let mut bench = Bench::of_old_log();
    let progress = bench.progress();
    assert_eq!((progress.watermark, progress.position), (0, at(OLD, 0)));
    assert!(bench.lanes.plan().is_none(), "it is said once");
    bench.read(0, "a");
    bench.done(0);
    let progress = bench.progress();
    assert_eq!((progress.position.topic_id, progress.position.next), (OLD, 1));
    assert_eq!(progress.position.last.map(|last| last.offset), Some(0));
    // Markers, of which a reader sees nothing.
    bench.log(LogChange::SkipTo(3));
    let progress = bench.progress();
    assert_eq!((progress.watermark, progress.void), (3, false));
    assert_eq!(progress.position.last.map(|last| last.offset), Some(0));
}

#[test]
fn offsets_of_a_log_that_is_gone_are_saved_as_its_own_and_kept_from_the_group() {
    let mut bench = Bench::of_old_log();
    bench.read(0, "a");
    bench.did();
    bench.log(LogChange::Stopped { void: true });
    assert_eq!(bench.did(), ["pause"]);
    assert!(!bench.lanes.is_settled(&partition()));
    bench.done(0);
    assert!(!bench.lanes.is_settled(&partition()), "its result is not committed yet");
    let progress = bench.progress();
    assert_eq!((progress.void, progress.watermark, progress.position.topic_id), (true, 1, OLD));
    assert!(bench.lanes.is_settled(&partition()));
    assert_eq!(bench.did(), [""; 0], "nothing is read until somebody decides");
}

#[test]
fn the_log_in_its_place_is_read_from_its_beginning_and_what_is_saved_of_the_old_one_is_void() {
    let mut bench = Bench::of_old_log();
    for (offset, resource) in [(0, "a"), (1, "b")] {
        bench.read(offset, resource);
    }
    bench.done(1);
    assert_eq!(bench.progress().finished, Some(vec![1]));
    bench.log(LogChange::Stopped { void: true });
    bench.done(0);
    bench.progress();
    bench.did();
    bench.log(LogChange::Replaced { position: at(NEW, 0), end: 1 });
    assert_eq!(bench.did(), ["resume"]);
    let progress = bench.progress();
    assert_eq!((progress.void, progress.watermark, progress.position), (false, 0, at(NEW, 0)));
    assert_eq!(progress.finished, Some(Vec::new()));
    bench.read(0, "a");
    bench.read(1, "b");
    assert_eq!(bench.did(), ["write 1"], "what lay there already may have been tried");
    bench.after(5_000);
    assert_eq!(bench.did(), ["read 0"]);
}

#[test]
fn a_partition_goes_on_behind_what_it_lost() {
    let mut bench = Bench::of_old_log();
    bench.read(0, "a");
    bench.did();
    bench.log(LogChange::Stopped { void: false });
    bench.log(LogChange::SkipTo(9));
    assert_eq!(bench.did(), ["pause", "resume"]);
    let progress = bench.progress();
    assert_eq!((progress.watermark, progress.void), (0, false), "what was read is still carried out");
    bench.done(0);
    assert_eq!(bench.progress().watermark, 9);
}

#[test]
fn what_is_committed_of_a_log_that_is_gone_says_nothing_of_the_records_of_the_one_in_its_place() {
    for took_effect in [false, true] {
        let mut bench = Bench::of_old_log();
        for offset in 0..3 {
            bench.read(offset, "a");
            bench.done(offset);
            bench.progress();
        }
        bench.log(LogChange::Stopped { void: true });
        bench.log(LogChange::Replaced { position: at(NEW, 0), end: 0 });
        bench.read(0, "a");
        bench.done(0);
        bench.did();
        let plan = bench.lanes.plan().unwrap();
        assert_eq!(plan.ended.len(), 1);
        let [progress] = &plan.progress[..] else { panic!("{plan:?}") };
        // Nobody knows whether it took effect, until what is committed is read.
        let position = if took_effect { progress.position } else { at(OLD, 3) };
        let watermark = Some(position.next);
        bench.apply(Input::Recovered {
            partition: partition(),
            watermark,
            finished: Vec::new(),
            position: Some(position),
        });
        assert_eq!(bench.lanes.is_settled(&partition()), took_effect);
        if !took_effect {
            let again = bench.lanes.plan().unwrap();
            assert_eq!(again.ended.len(), 1, "its result is not lost");
            assert_eq!(again.progress, plan.progress);
        }
    }
}

#[test]
fn a_part_after_an_abort_still_says_which_record_lies_below_it() {
    let mut bench = Bench::of_old_log();
    for offset in 0..4 {
        bench.read(offset, &format!("r{offset}"));
        bench.done(offset);
    }
    let whole = bench.lanes.plan().unwrap();
    let last = |plan: &Plan| plan.progress[0].position.last.map(|last| last.offset);
    assert_eq!(last(&whole), Some(3));
    let aborted =
        Input::Recovered { partition: partition(), watermark: Some(0), finished: Vec::new(), position: None };
    bench.apply(aborted);
    let part = bench.lanes.plan_part(|ended| ended.record().offset < 2).unwrap();
    assert_eq!((part.progress[0].watermark, last(&part)), (2, Some(1)));
}
