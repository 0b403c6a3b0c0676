//! The customer hangs up, and lines are cleared one after the other.

use super::*;

/// Two agents of a conference, whose lines are cleared at these times; the customer hangs up at 60 s.
fn conference(first: i64, second: i64) -> Vec<PlatformEvent> {
    vec![
        start(0, "customer"),
        joins(1_000, "a"),
        joins(30_000, "b"),
        end(60_000, "customer"),
        leaves(first, "a", &[("disconnectType", "PEER")]),
        leaves(second, "b", &[("disconnectType", "PEER")]),
    ]
}

fn counted(events: &[PlatformEvent]) -> (i32, Option<i32>, Option<i32>) {
    let summary = after(events);
    (summary.transfers, summary.attended_transfers, summary.consults)
}

#[test]
fn whoever_is_there_when_the_customer_hangs_up_leaves_together() {
    for (first, second) in [(60_003, 60_009), (60_009, 60_003), (60_000, 60_009), (60_009, 60_000)] {
        let mut call = conference(first, second);
        assert_eq!(counted(&call), (0, Some(0), Some(0)), "{first} and {second}");
        assert_eq!(
            after(&call).handled_ms,
            Some(first - 1_000 + second - 30_000),
            "by the clock all the same"
        );
        call.reverse();
        assert_eq!(counted(&call), (0, Some(0), Some(0)), "{first} and {second}, backwards");
    }
    let three = [conference(60_003, 60_009), vec![joins(40_000, "x"), leaves(60_005, "x", &[])]].concat();
    assert_eq!(counted(&three), (0, Some(0), Some(0)));
}

#[test]
fn whoever_leaves_before_the_customer_does_hands_over_or_was_asked() {
    assert_eq!(counted(&conference(59_999, 60_009)), (1, Some(1), Some(0)));
    assert_eq!(counted(&conference(60_009, 59_999)), (0, Some(0), Some(1)));
}

#[test]
fn a_conference_that_is_called_so_and_ends_with_the_customer_is_counted_once() {
    let mut call = conference(60_003, 60_009);
    call[4].attributes.insert("disconnectType".to_owned(), "transfer.conference".to_owned());
    assert_eq!((counted(&call), after(&call).conferences), ((0, Some(0), Some(0)), Some(1)));
}

#[test]
fn a_customer_who_comes_back_takes_nobody_along() {
    let back = [
        start(0, "1"),
        joins(10, "a"),
        end(100, "1"),
        start(150, "2"),
        joins(200, "b"),
        leaves(250, "b", &[]),
        end(300, "2"),
        leaves(310, "a", &[]),
    ];
    assert_eq!(counted(&back), (0, Some(0), Some(1)), "the agent stayed, and asked another");
    let mut other_medium = conference(60_003, 60_009);
    other_medium[3].media_type = Some("chat".to_owned());
    other_medium[0].media_type = Some("chat".to_owned());
    assert_eq!(counted(&other_medium), (1, Some(1), Some(0)), "the customer of another medium");
}
