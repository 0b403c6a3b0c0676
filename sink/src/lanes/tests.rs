//! What the lanes do, case by case.

use std::collections::BTreeMap;

use super::*;
use crate::answer::{Answer, Failure, FailureKind, Health};
use crate::command::{Command, Poison};
use crate::decision::{Expiry, Step, Terms};
use crate::ending::Ending;
use crate::testing::{TOPIC, command, failure, record, terms};

mod logs;

const T0: i64 = 1_000_000;
const DAY_MS: i64 = 86_400_000;

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
            targets: vec!["crm".to_owned()],
            topics: BTreeMap::from([(TOPIC.to_owned(), vec![0])]),
            max_in_flight,
            max_buffered,
            max_bytes: 1 << 30,
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
    bench.read_with(1, "b", Terms { expiry: Expiry::of(Some(T0 + 1_000), T0, DAY_MS), ..terms() });
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
        bench.apply(Input::Recovered { partition, watermark, finished: Vec::new(), position: None });
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

#[test]
fn a_part_of_what_has_ended_is_committed_with_its_own_offsets_and_the_rest_later() {
    let places = |left_out: &[i64]| -> (Committed, Committed) {
        let mut bench = Bench::new(0);
        for offset in 0..4 {
            bench.read(offset, &format!("r{offset}"));
        }
        (0..4).for_each(|offset| bench.done(offset));
        let plan = bench.lanes.plan_part(|ended| !left_out.contains(&ended.record().offset)).unwrap();
        bench.apply(Input::Committed);
        let first = (
            plan.ended.iter().map(|ended| ended.record().offset).collect(),
            plan.progress.into_iter().map(|progress| (progress.watermark, progress.finished)).collect(),
        );
        (first, bench.commit())
    };
    let first = places(&[0]);
    assert_eq!(first.0, (vec![1, 2, 3], vec![(0, Some(vec![1, 2, 3]))]));
    assert_eq!(first.1, (vec![0], vec![(4, Some(vec![]))]));
    let middle = places(&[1, 2]);
    assert_eq!(middle.0, (vec![0, 3], vec![(1, Some(vec![3]))]));
    assert_eq!(middle.1, (vec![1, 2], vec![(4, Some(vec![]))]));
    let last = places(&[3]);
    assert_eq!(last.0, (vec![0, 1, 2], vec![(3, Some(vec![]))]));
    assert_eq!(last.1, (vec![3], vec![(4, None)]));
}

#[test]
fn a_part_that_was_aborted_is_planned_again_with_the_rest() {
    let mut bench = Bench::new(0);
    for offset in 0..3 {
        bench.read(offset, &format!("r{offset}"));
    }
    (0..3).for_each(|offset| bench.done(offset));
    assert!(bench.lanes.plan_part(|ended| ended.record().offset == 1).is_some());
    let partition = TopicPartition::new(TOPIC, 0);
    bench.apply(Input::Recovered { partition, watermark: Some(0), finished: Vec::new(), position: None });
    let (mut ended, progress) = bench.commit();
    ended.sort_unstable();
    assert_eq!((ended, progress), (vec![0, 1, 2], vec![(3, None)]));
}

#[test]
fn large_commands_pause_their_partition_at_its_share_of_the_bytes_and_all_of_them_end() {
    const BYTES: usize = 1 << 20;
    let mut bench = Bench::bounded(0, 10, 10_000, 10_000);
    bench.lanes.settings.max_bytes = 64 * BYTES;
    let (mut paused, mut peak, mut committed, mut next) = (false, 0, 0, 0);
    while committed < 1_200 {
        while !paused && next < 1_200 {
            let mut made = Command::clone(&command(0, next, &format!("r{next}"), terms()));
            let mut issued = (*made.issued).clone();
            issued.record.value = Some(vec![b'x'; BYTES]);
            made.issued = Arc::new(issued);
            bench.apply(Input::Read(Parsed::Command(Arc::new(made))));
            next += 1;
            paused = bench.did().contains(&"pause".to_owned());
        }
        peak = peak.max(bench.lanes.held_bytes());
        for offset in bench.calls.keys().copied().collect::<Vec<_>>() {
            bench.done(offset);
        }
        committed += bench.commit().0.len();
        paused &= !bench.did().contains(&"resume".to_owned());
    }
    assert!(peak > 32 * BYTES && peak <= 66 * BYTES, "{peak} bytes");
    assert_eq!(bench.lanes.held_bytes(), 0);
}

#[test]
fn a_command_larger_than_its_share_is_done_alone() {
    let mut bench = Bench::bounded(0, 10, 100, 100);
    bench.lanes.settings.max_bytes = 1;
    for offset in 0..3 {
        bench.read(offset, &format!("r{offset}"));
        assert_eq!(bench.did(), [format!("write {offset}"), "pause".to_owned()]);
        bench.done(offset);
        assert_eq!(bench.did(), [""; 0], "its end is not committed yet");
        bench.commit();
        assert_eq!(bench.did(), ["resume"]);
    }
}

#[test]
fn bytes_are_let_go_with_a_partition_and_with_what_was_refused() {
    let mut bench = Bench::new(0);
    bench.read(0, "a");
    bench.apply(Input::Undecided(record(0, 1, "b")));
    let poison = Poison { record: record(0, 2, "c"), code: "TL-3001", message: "no".to_owned(), at_ms: 0 };
    bench.apply(Input::Read(Parsed::Poison(poison)));
    let held = bench.lanes.held_bytes();
    bench.commit();
    assert!(bench.lanes.held_bytes() < held);
    bench.read(1, "b");
    assert_eq!(bench.lanes.held_bytes(), held - record(0, 2, "c").bytes(), "one that waited counts once");
    bench.apply(Input::Released(vec![TopicPartition::new(TOPIC, 0)]));
    assert_eq!(bench.lanes.held_bytes(), 0);
}
