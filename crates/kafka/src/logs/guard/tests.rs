use trunkline_schemas::error_codes;

use super::super::judge::AtLast;
use super::super::position::{Mark, TopicId};
use super::*;

const ID: Option<TopicId> = Some(TopicId(1));
const OTHER: Option<TopicId> = Some(TopicId(2));
const LAST: Option<Mark> = Some(Mark { offset: 9, digest: 5, leader_epoch: None });

fn partition() -> TopicPartition {
    TopicPartition::new("events.normalized", 3)
}

fn guard(on_log_change: OnLogChange, on_loss: OnLoss) -> LogGuard {
    LogGuard::new(on_log_change, on_loss, "processor", "p-0")
}

fn careful() -> LogGuard {
    guard(OnLogChange::Stop, OnLoss::Stop)
}

fn bold() -> LogGuard {
    guard(OnLogChange::FromBeginning, OnLoss::Continue)
}

fn now(topic_id: Option<TopicId>, start: i64, end: i64) -> LogNow {
    LogNow { topic_id, start, end, last: AtLast::Record { digest: 5, leader_epoch: None } }
}

/// What is read of the log up to offset 10; the last record lay at 9.
fn held() -> Watched {
    Watched { partition: partition(), topic_id: ID, next: 10, read_to: 10, last: LAST, reading: 0 }
}

fn looked(watched: Watched, now: LogNow) -> Looked {
    Looked { watched, now, first: FirstUnread::NotLooked, urgent: false }
}

/// Looks at it once.
fn look(guard: &mut LogGuard, now: LogNow) -> Option<Finding> {
    match guard.look(&looked(held(), now), &held()) {
        Step::Stop(finding) => Some(finding),
        Step::Nothing | Step::ReadOn { .. } => None,
    }
}

fn saved() -> Option<LogPosition> {
    Some(LogPosition { topic_id: ID, next: 10, last: LAST })
}

#[test]
fn a_partition_begins_where_nothing_is_skipped_or_stands_still() {
    // Saved, committed, the log, where it begins, whether it stands still, the code of what is found.
    let (changed, removed, lost) = ("TL-5006", "TL-5007", "TL-5008");
    for (saved, committed, now, next, stands_still, code) in [
        (saved(), Some(10), now(ID, 0, 40), 10, false, None),
        // An operator set the offset back, or an earlier build went on with it.
        (saved(), Some(4), now(ID, 0, 40), 4, false, None),
        (saved(), Some(20), now(ID, 0, 40), 20, false, None),
        (saved(), None, now(ID, 0, 40), 10, false, Some(lost)),
        (saved(), Some(10), now(OTHER, 0, 40), 0, true, Some(changed)),
        (saved(), None, now(OTHER, 7, 40), 7, true, Some(changed)),
        (saved(), Some(10), now(ID, 0, 8), 0, true, Some(changed)),
        // A log that lost its end, of which the group has the beginning since it was found.
        (saved(), Some(0), now(ID, 0, 8), 0, true, Some(changed)),
        (saved(), Some(10), now(ID, 25, 40), 25, true, Some(removed)),
        (saved(), None, now(ID, 25, 40), 25, true, Some(removed)),
        // The first start of this build on what an earlier one left.
        (None, Some(10), now(ID, 0, 40), 10, false, None),
        (None, Some(10), now(ID, 25, 40), 25, true, Some(removed)),
        (None, Some(10), now(ID, 0, 8), 0, true, Some(changed)),
        // The first start at all.
        (None, None, now(ID, 0, 40), 0, false, None),
        (None, None, now(ID, 12, 40), 12, true, Some(removed)),
    ] {
        let case = format!("{saved:?} {committed:?} {now:?}");
        let opening = careful().open(&partition(), saved, committed, &now);
        assert_eq!((opening.position.next, opening.stands_still), (next, stands_still), "{case}");
        assert_eq!(opening.finding.map(|finding| finding.code()), code, "{case}");
        assert_eq!(opening.position.topic_id, now.topic_id, "{case}");
        assert_eq!(opening.afresh, code == Some(changed), "{case}");
        let opening = bold().open(&partition(), saved, committed, &now);
        assert_eq!((opening.position.next, opening.stands_still), (next, false), "{case}");
    }
}

#[test]
fn what_is_found_while_reading_stops_the_partition_once_and_others_go_on() {
    let mut guard = careful();
    assert_eq!(look(&mut guard, now(ID, 3, 12)), None);
    let finding = look(&mut guard, now(OTHER, 0, 2)).unwrap();
    assert_eq!(look(&mut guard, now(OTHER, 0, 2)), None);
    assert_eq!(guard.stopped(&partition()), Some(finding));
    assert_eq!(guard.stopped(&TopicPartition::new("events.normalized", 4)), None);
    assert!(guard.resumable().is_empty());
    let (ready, detail) = guard.readiness();
    assert!(!ready && detail.contains("TL-5006") && detail.contains("on_log_change"), "{detail}");
    guard.forget(&partition());
    assert!(guard.readiness().0);
}

#[test]
fn a_log_that_lost_its_end_and_grew_beyond_it_is_known_by_its_last_record() {
    for last in [AtLast::Record { digest: 6, leader_epoch: None }, AtLast::Nothing] {
        let mut guard = careful();
        let finding = look(&mut guard, LogNow { last, ..now(ID, 0, 500) }).unwrap();
        assert!(finding.voids_offsets(), "{finding:?}");
        assert!(finding.message(&partition(), false).contains("another record lies at offset 9"));
    }
    let same = careful().look(&looked(held(), now(ID, 0, 500)), &held());
    assert_eq!(same, Step::ReadOn { skip_to: None, seek_to: None });
}

#[test]
fn a_look_at_an_earlier_reading_says_nothing_of_this_one() {
    let gone = LogNow { last: AtLast::Nothing, ..now(ID, 0, 500) };
    let mut guard = bold();
    let numbered = |guard: &LogGuard| guard.number(vec![held()]).remove(0);
    let before = numbered(&guard);
    assert!(matches!(guard.look(&looked(before.clone(), gone), &held()), Step::Stop(_)));
    guard.go_on(&partition());
    // It went on with the log that there is now, and has read as far by now.
    assert_eq!(guard.look(&looked(before, gone), &held()), Step::Nothing);
    assert!(matches!(guard.look(&looked(numbered(&guard), gone), &held()), Step::Stop(_)));
    // Or it was given back, and begun again.
    let before = numbered(&guard);
    guard.forget(&partition());
    guard.open(&partition(), saved(), Some(10), &now(ID, 0, 40));
    assert_eq!(guard.look(&looked(before, gone), &held()), Step::Nothing);
}

#[test]
fn a_client_that_stopped_reads_on_and_markers_are_passed_over() {
    let mut asked = Looked { urgent: true, first: FirstUnread::Nothing, ..looked(held(), now(ID, 0, 14)) };
    let step = |asked: &Looked, held: &Watched| careful().look(asked, held);
    assert_eq!(step(&asked, &held()), Step::ReadOn { skip_to: Some(14), seek_to: Some(10) });
    // What was read meanwhile lay behind the markers.
    let further = Watched { read_to: 20, ..held() };
    assert_eq!(step(&asked, &further), Step::ReadOn { skip_to: None, seek_to: Some(20) });
    asked.urgent = false;
    asked.now.end = 10;
    assert_eq!(step(&asked, &held()), Step::ReadOn { skip_to: None, seek_to: None });
}

#[test]
fn what_goes_on_by_itself_waits_until_it_is_told_to() {
    let mut guard = bold();
    let finding = look(&mut guard, now(ID, 15, 20)).unwrap();
    assert_eq!(guard.resumable(), [(partition(), finding)]);
    assert_eq!((finding.resumes_at(), finding.passed_over()), (15, 5));
    guard.go_on(&partition());
    assert!(guard.resumable().is_empty() && guard.stopped(&partition()).is_none());
}

#[test]
fn nothing_is_waited_for_in_a_log_that_is_gone_or_that_somebody_has_to_decide_about() {
    for (on_log_change, on_loss, now, reads_no_more) in [
        (OnLogChange::Stop, OnLoss::Stop, now(ID, 3, 12), false),
        (OnLogChange::Stop, OnLoss::Stop, now(ID, 15, 20), true),
        // What it has not lost is still to be read.
        (OnLogChange::Stop, OnLoss::Continue, now(ID, 15, 20), false),
        (OnLogChange::Stop, OnLoss::Stop, now(OTHER, 0, 20), true),
        (OnLogChange::FromBeginning, OnLoss::Continue, now(OTHER, 0, 20), true),
    ] {
        let mut guard = guard(on_log_change, on_loss);
        look(&mut guard, now);
        assert_eq!(guard.reads_no_more(&partition()), reads_no_more, "{on_log_change:?} {on_loss:?} {now:?}");
    }
}

#[test]
fn a_report_says_from_and_to_and_what_to_do_and_is_made_once() {
    let mut guard = careful();
    let finding = Finding::Removed { from: Some(10), to: 25 };
    let report = guard.report(&partition(), finding, "id".to_owned(), 7).unwrap();
    assert_eq!(report.code, error_codes::UNREAD_REMOVED.as_str());
    assert_eq!(report.subject, Some(partition().to_string()));
    for part in ["10", "24", "on_loss", "continue", "stands still"] {
        assert!(report.message.contains(part), "{part}: {}", report.message);
    }
    assert_eq!(guard.report(&partition(), finding, "id".to_owned(), 8), None);
    let more = Finding::Removed { from: Some(10), to: 30 };
    assert!(guard.report(&partition(), more, "id".to_owned(), 9).is_some());
    let mut bold = bold();
    let report = bold.report(&partition(), finding, "id".to_owned(), 7).unwrap();
    assert!(report.message.contains("goes on at 25"), "{}", report.message);
}
