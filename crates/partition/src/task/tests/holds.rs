//! What is late, and when holds end: told by when records were appended, whenever they are read.

use super::*;

/// A record as it was appended: conversation, when the event happened, when it was appended, and by how much the clock
/// of the ingest that took it in is ahead.
type Appended<'a> = (&'a str, i64, i64, i64);

/// When the records are read, and what is known of the partition's end before each.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// As they come, with the end asked for all the time.
    Live,
    /// Long after, as one backlog.
    Backlog,
    /// As they come, but for a stall that ends long after the last of them.
    Stalled,
}

/// The number of each event that came out, and whether it was late.
fn read(mode: OrderMode, reading: Reading, log: &[Appended<'_>]) -> Vec<(i64, bool)> {
    let mut world = World::new(settings(mode, 0), Vec::new());
    for (offset, (conversation, event_time, appended, ahead)) in log.iter().enumerate() {
        let mut event = event(conversation, et::MESSAGE_RECEIVED, *event_time);
        event.ingest_time = appended + ahead;
        event.sequence = Some(*event_time / 10);
        event.attributes.insert("number".to_owned(), offset.to_string());
        let at = match reading {
            Reading::Live => *appended,
            Reading::Backlog => 10_000_000,
            Reading::Stalled if offset == 0 => *appended,
            Reading::Stalled => 60_000 + offset as i64,
        };
        if matches!(reading, Reading::Live) {
            while world.now + 5 < at {
                end_is_known(&mut world, 5);
            }
        }
        world.now = world.now.max(at);
        world.step(Task::tick);
        world.take(InboundRecord { timestamp: *appended, ..record(offset as i64, &event.key()) }, event);
    }
    end_is_known(&mut world, 2 * HOLD);
    world.commit();
    let number = |event: &EnrichedEvent| event.attributes["number"].parse().unwrap();
    world.published.iter().map(|event| (number(event), event.ordering.late)).collect()
}

/// Time passes, and nothing is left to be read.
fn end_is_known(world: &mut World, milliseconds: i64) {
    world.now += milliseconds;
    let now = world.now;
    world.step(|task, ctx| task.read_to_the_end(now, ctx));
}

#[track_caller]
fn whenever_it_is_read(mode: OrderMode, log: &[Appended<'_>], expected: &[(i64, bool)]) {
    for reading in [Reading::Live, Reading::Backlog, Reading::Stalled] {
        assert_eq!(read(mode, reading, log), expected, "{mode:?}, {reading:?}");
    }
}

#[test]
fn what_comes_within_the_hold_is_in_order_whenever_it_is_read() {
    let log = [("a", 20, 1_000, 0), ("a", 10, 1_499, 0), ("a", 30, 1_600, 0)];
    whenever_it_is_read(OrderMode::Sorted, &log, &[(1, false), (0, false), (2, false)]);
}

#[test]
fn what_comes_after_the_hold_is_late_whenever_it_is_read() {
    let log = [("a", 20, 1_000, 0), ("a", 10, 1_500, 0), ("a", 15, 9_000, 0)];
    whenever_it_is_read(OrderMode::Sorted, &log, &[(0, false), (1, true), (2, true)]);
    // The number 1 came in time, the number 3 after the hold of the 4.
    let log = [("a", 20, 1_000, 0), ("a", 10, 1_400, 0), ("a", 40, 2_000, 0), ("a", 30, 2_501, 0)];
    whenever_it_is_read(OrderMode::Sequenced, &log, &[(1, false), (0, false), (2, false), (3, true)]);
}

#[test]
fn an_ingest_whose_clock_is_ahead_makes_nobodys_events_late() {
    let ahead = 3_000;
    let log = [
        ("a", 20, 1_000, 0),
        ("b", 60, 1_050, ahead),
        ("a", 10, 1_200, 0),
        ("b", 50, 1_300, ahead),
        ("c", 70, 1_350, -ahead),
        ("c", 65, 1_450, -ahead),
    ];
    let expected = [(2, false), (0, false), (3, false), (1, false), (5, false), (4, false)];
    whenever_it_is_read(OrderMode::Sorted, &log, &expected);
}

#[test]
fn a_hold_ends_in_time_where_nothing_more_comes_and_the_end_is_known() {
    let mut world = World::new(settings(OrderMode::Sorted, 0), vec![event("a", et::MESSAGE_RECEIVED, 1_000)]);
    world.read();
    let awaits = |world: &World| world.task.awaits_the_end(world.now);
    world.now += HOLD;
    assert!(!awaits(&world), "a rounding too early");
    world.now += 5;
    assert!(awaits(&world));
    // However long it waits: without the brokers' word nothing is over.
    world.now += 60_000;
    world.step(Task::tick);
    world.commit();
    assert_eq!(world.published.len(), 0);
    end_is_known(&mut world, 0);
    world.commit();
    assert_eq!(world.published.len(), 1);
    assert!(!awaits(&world));
}

#[test]
fn where_no_more_may_be_held_the_first_hold_is_cut_short() {
    let log = [event("a", et::MESSAGE_RECEIVED, 1_000), event("b", et::MESSAGE_RECEIVED, 1_100)];
    let mut world = World::new(settings(OrderMode::Sorted, 0), log.to_vec());
    while world.read() {}
    for left in [1, 0] {
        assert!(world.task.waits_for_holds_alone());
        world.step(Task::cut_first_hold_short);
        world.commit();
        assert_eq!(world.published.len(), 2 - left);
    }
    assert!(!world.task.waits_for_holds_alone());
}

#[test]
fn a_source_whose_numbers_run_across_conversations_is_suspected_and_one_that_numbers_each_is_not() {
    let suspected = |across: bool| {
        let numbered = |number: i64| {
            let (conversation, within) = (format!("c{}", number % 40), number / 40 + 1);
            let mut event = event(&conversation, et::MESSAGE_RECEIVED, 1_000 + number);
            event.sequence = Some(if across { number + 1 } else { within });
            event
        };
        let mut world = World::new(settings(OrderMode::Sequenced, 0), (0..400).map(numbered).collect());
        while world.read() {}
        end_is_known(&mut world, 2 * HOLD);
        world.commit();
        assert_eq!(world.published.len(), 400);
        world.task.take_suspected_numbering()
    };
    assert_eq!(suspected(true), ["test"]);
    assert_eq!(suspected(false), [""; 0]);
}
