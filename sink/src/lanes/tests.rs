//! What the lanes do, case by case.

use std::collections::BTreeMap;

use super::*;
use crate::answer::{Failure, FailureKind};
use crate::command::Poison;
use crate::decision::{Step, Terms};
use crate::testing::{TOPIC, command, failure, record, terms};

mod logs;

const T0: i64 = 1_000_000;

/// Lanes of one target with partition 0 assigned, whose `end` is given, resumed.
struct Bench {
    lanes: Lanes,
    now_ms: i64,
    actions: Vec<String>,
    calls: BTreeMap<i64, Serial>,
}

type Committed = (Vec<i64>, Vec<(i64, Option<Vec<i64>>)>);

impl Bench {
    fn new(end: i64) -> Self {
        Self::bounded(end, 10, 100, 100)
    }

    fn bounded(end: i64, max_in_flight: usize, max_buffered: usize, max_finished: usize) -> Self {
        let lanes = Lanes::new(Settings {
            targets: 1,
            topics: BTreeMap::from([(TOPIC.to_owned(), vec![0])]),
            max_in_flight,
            max_buffered,
            max_finished,
        });
        let mut bench = Self { lanes, now_ms: T0, actions: Vec::new(), calls: BTreeMap::new() };
        let partition = TopicPartition::new(TOPIC, 0);
        bench.apply(Input::Assigned { partition, watermark: Some(0), finished: Vec::new(), end });
        assert_eq!(bench.did(), ["resume"]);
        bench
    }

    fn apply(&mut self, input: Input) {
        let mut actions = Vec::new();
        self.lanes.apply(input, self.now_ms, &mut actions);
        for action in actions {
            self.actions.push(match action {
                Action::Call { serial, command, step } => {
                    let offset = command.issued.record.offset;
                    self.calls.insert(offset, serial);
                    format!("{} {offset}", if step == Step::Write { "write" } else { "read" })
                }
                Action::Cancel { .. } => "cancel".to_owned(),
                Action::Pause(_) => "pause".to_owned(),
                Action::Resume(_) => "resume".to_owned(),
            });
        }
    }

    fn read(&mut self, offset: i64, resource: &str) {
        self.read_with(offset, resource, terms());
    }

    fn read_with(&mut self, offset: i64, resource: &str, terms: Terms) {
        self.apply(Input::Read(Parsed::Command(command(0, offset, resource, terms))));
    }

    fn answer(&mut self, offset: i64, answer: Answer, health: Health) {
        let serial = self.calls.remove(&offset).unwrap();
        self.apply(Input::Answered { serial, answer, health, attempts: 1 });
    }

    fn done(&mut self, offset: i64) {
        self.answer(offset, Answer::Written { status: 204 }, Health::Well);
    }

    /// Offsets that ended, and watermarks with what is saved above them.
    fn commit(&mut self) -> Committed {
        let plan = self.lanes.plan().unwrap();
        self.apply(Input::Committed);
        (
            plan.ended.iter().map(|ended| ended.record().offset).collect(),
            plan.progress.into_iter().map(|progress| (progress.watermark, progress.finished)).collect(),
        )
    }

    fn after(&mut self, ms: i64) {
        self.now_ms += ms;
        self.apply(Input::Tick);
    }

    fn did(&mut self) -> Vec<String> {
        std::mem::take(&mut self.actions)
    }
}

#[test]
fn one_resource_in_order_others_beside_it() {
    let mut bench = Bench::new(0);
    for (offset, resource) in [(0, "a"), (1, "a"), (2, "b")] {
        bench.read(offset, resource);
    }
    assert_eq!(bench.did(), ["write 0", "write 2"]);
    bench.done(0);
    assert_eq!(bench.did(), [""; 0], "the next one of a resource waits for the commit");
    assert_eq!(bench.commit(), (vec![0], vec![(1, None)]));
    assert_eq!(bench.did(), ["write 1"]);
}

#[test]
fn what_ends_out_of_order_is_saved_above_the_watermark() {
    let mut bench = Bench::new(0);
    for (offset, resource) in [(0, "a"), (1, "b"), (2, "c")] {
        bench.read(offset, resource);
    }
    bench.done(2);
    assert_eq!(bench.commit(), (vec![2], vec![(0, Some(vec![2]))]));
    bench.done(0);
    assert_eq!(bench.commit(), (vec![0], vec![(1, None)]));
    bench.done(1);
    assert_eq!(bench.commit(), (vec![1], vec![(3, Some(vec![]))]));
    assert!(bench.lanes.plan().is_none());
}

#[test]
fn a_command_that_may_have_been_tried_is_read_back_after_the_lifetime_of_a_request() {
    let mut bench = Bench::new(2);
    for (offset, resource) in [(0, "a"), (1, "a"), (2, "b")] {
        bench.read(offset, resource);
    }
    assert_eq!(bench.did(), ["write 2"], "2 was never read before");
    bench.after(4_999);
    assert_eq!(bench.did(), [""; 0]);
    bench.after(1);
    assert_eq!(bench.did(), ["read 0"]);
    bench.answer(0, Answer::Same, Health::Well);
    bench.commit();
    assert_eq!(bench.did(), ["write 1"], "only the first of a resource can have been tried");
}

#[test]
fn what_is_read_back_and_not_in_effect_is_written_at_once() {
    let mut bench = Bench::new(1);
    bench.read(0, "a");
    bench.after(5_000);
    bench.answer(0, Answer::Different { difference: "{}".to_owned() }, Health::Well);
    assert_eq!(bench.did(), ["read 0", "write 0"]);
}

#[test]
fn calls_under_way_are_bounded() {
    let mut bench = Bench::bounded(0, 2, 100, 100);
    for (offset, resource) in [(0, "a"), (1, "b"), (2, "c")] {
        bench.read(offset, resource);
    }
    assert_eq!(bench.did(), ["write 0", "write 1"]);
    bench.done(1);
    assert_eq!(bench.did(), ["write 2"]);
}

#[test]
fn an_open_breaker_pauses_the_partition_and_one_call_finds_out() {
    let mut bench = Bench::new(0);
    for (offset, resource) in [(0, "a"), (1, "b"), (2, "c")] {
        bench.read(offset, resource);
    }
    bench.did();
    let open = Failure { retry_after_ms: Some(30_000), ..failure(FailureKind::BreakerOpen, false) };
    bench.answer(0, Answer::Failed(open), Health::Open { for_ms: 30_000 });
    assert_eq!(bench.did(), ["pause"]);
    bench.done(1);
    bench.done(2);
    bench.after(29_499);
    assert_eq!(bench.did(), [""; 0], "what was under way may end, nothing starts");
    bench.read(3, "d");
    bench.after(1);
    assert_eq!(bench.did(), ["resume"], "records are fetched ahead");
    bench.after(500);
    assert_eq!(bench.did(), ["write 0"], "one call, the one that was refused");
    bench.done(0);
    assert_eq!(bench.did(), ["write 3"]);
}

#[test]
fn a_full_partition_pauses_until_half_of_it_is_done() {
    let mut bench = Bench::bounded(0, 10, 4, 100);
    for offset in 0..4 {
        bench.read(offset, &format!("r{offset}"));
    }
    assert_eq!(bench.did(), ["write 0", "write 1", "write 2", "write 3", "pause"]);
    bench.done(0);
    bench.done(1);
    assert_eq!(bench.did(), [""; 0]);
    bench.done(2);
    assert_eq!(bench.did(), ["resume"]);
}

#[test]
fn too_many_done_above_the_watermark_pause_the_partition_until_it_moves() {
    let mut bench = Bench::bounded(0, 10, 100, 4);
    for offset in 0..5 {
        bench.read(offset, &format!("r{offset}"));
    }
    bench.did();
    (1..5).for_each(|offset| bench.done(offset));
    assert_eq!(bench.did(), ["pause"]);
    bench.done(0);
    assert_eq!(bench.did(), ["resume"]);
    assert_eq!(bench.commit(), (vec![1, 2, 3, 4, 0], vec![(5, None)]));
}

#[test]
fn a_partition_restored_with_as_much_done_as_it_may_hold_reads_what_holds_its_watermark() {
    let mut bench = Bench::bounded(0, 10, 100, 4);
    let partition = TopicPartition::new(TOPIC, 1);
    let finished = vec![1, 2, 3, 4, 5];
    bench.apply(Input::Assigned { partition, watermark: Some(0), finished, end: 0 });
    assert_eq!(bench.did(), ["resume"]);
    bench.apply(Input::Read(Parsed::Command(command(1, 0, "a", terms()))));
    assert_eq!(bench.did(), ["write 0", "pause"]);
    bench.done(0);
    assert_eq!(bench.did(), ["resume"]);
    assert_eq!(bench.commit(), (vec![0], vec![(1, None)]), "1 to 5 were not read again yet");
}

#[test]
fn commands_that_expire_end_while_the_target_is_away() {
    let mut bench = Bench::new(0);
    bench.read(0, "a");
    let open = Failure { retry_after_ms: Some(30_000), ..failure(FailureKind::BreakerOpen, false) };
    bench.answer(0, Answer::Failed(open), Health::Open { for_ms: 30_000 });
    bench.read_with(1, "b", Terms { expires_at_ms: Some(T0 + 1_000), ..terms() });
    bench.after(999);
    assert_eq!(bench.lanes.ended_count(), 0);
    bench.after(1);
    assert_eq!(bench.lanes.ended_count(), 1);
    assert_eq!(bench.commit().0, [1]);
}

#[test]
fn nothing_starts_for_a_partition_that_is_taken_away_and_its_calls_are_cancelled() {
    let mut bench = Bench::new(0);
    bench.read(0, "a");
    bench.read(1, "b");
    let partition = vec![TopicPartition::new(TOPIC, 0)];
    bench.did();
    bench.apply(Input::Revoking(partition.clone()));
    bench.read(2, "c");
    bench.done(0);
    assert_eq!(bench.did(), ["pause"]);
    assert_eq!(bench.lanes.calls_under_way(&partition), 1);
    assert_eq!(bench.commit().0, [0]);
    bench.apply(Input::Released(partition.clone()));
    assert_eq!(bench.did(), ["cancel"]);
    assert_eq!((bench.lanes.calls_under_way(&partition), bench.lanes.partition_count()), (0, 0));
    bench.done(1); // An answer that comes too late changes nothing.
    assert!(bench.lanes.plan().is_none());
}

#[test]
fn a_transaction_that_came_to_nothing_is_planned_again_and_one_that_did_not_is_not() {
    for committed in [false, true] {
        let mut bench = Bench::new(0);
        for (offset, resource) in [(0, "a"), (1, "a"), (2, "b")] {
            bench.read(offset, resource);
        }
        bench.done(0);
        bench.did();
        assert!(bench.lanes.plan().is_some());
        let watermark = Some(if committed { 1 } else { 0 });
        let partition = TopicPartition::new(TOPIC, 0);
        bench.apply(Input::Recovered { partition, watermark, finished: Vec::new() });
        if committed {
            assert_eq!(bench.did(), ["write 1"]);
            assert!(bench.lanes.plan().is_none());
        } else {
            assert_eq!(bench.did(), [""; 0]);
            assert_eq!(bench.commit(), (vec![0], vec![(1, None)]));
            assert_eq!(bench.did(), ["write 1"]);
        }
    }
}

#[test]
fn poison_and_refused_commands_end_at_once_and_hold_up_their_own_resource_until_that_is_committed() {
    let mut bench = Bench::new(0);
    let poison = Poison { record: record(0, 0, "a"), code: "TL-3001", message: "no".to_owned(), at_ms: 0 };
    bench.apply(Input::Read(Parsed::Poison(poison)));
    let refused = command(0, 1, "a", terms()).issued.clone();
    let ending = Ending::dead(trunkline_schemas::error_codes::UNKNOWN_OPERATION, "no".to_owned(), None);
    bench.apply(Input::Read(Parsed::Refused(refused, ending)));
    bench.read(2, "a");
    bench.read(3, "b");
    assert_eq!(bench.did(), ["write 3"], "read again, the records of a might be understood");
    assert_eq!(bench.commit(), (vec![0, 1], vec![(2, None)]));
    assert_eq!(bench.did(), ["write 2"]);
}

#[test]
fn a_record_that_waits_for_its_schema_holds_the_watermark_and_pauses_its_partition() {
    let mut bench = Bench::new(0);
    bench.apply(Input::Undecided(record(0, 0, "a")));
    bench.apply(Input::Undecided(record(0, 1, "b")));
    assert_eq!(bench.did(), ["pause"]);
    assert!(bench.lanes.plan().is_none(), "nothing to commit");
    bench.read(0, "a");
    assert_eq!(bench.did(), ["write 0"]);
    bench.read(1, "b");
    assert_eq!(bench.did(), ["write 1", "resume"]);
}
