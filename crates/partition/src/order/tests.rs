use proptest::prelude::*;

use super::*;

const HOLD: i64 = 500;

#[derive(Debug, Clone)]
struct Arrival {
    at: i64,
    sequence: i64,
    id: u128,
    event_time: i64,
}

/// What comes out, in order, when arrivals come in at their times and the clock then runs on.
fn run(mode: OrderMode, arrivals: &[Arrival]) -> Vec<(u128, bool, bool)> {
    let mut channel = Channel::new(mode, HOLD, ChannelOrder::default());
    let mut out = Vec::new();
    let drain = |channel: &mut Channel<u128>, now: i64, out: &mut Vec<(u128, bool, bool)>| {
        while let Some(passed) = channel.next_ready(now, Phase::Started) {
            out.push((passed.item, passed.late, passed.gap_before));
        }
    };
    for arrival in arrivals {
        drain(&mut channel, arrival.at, &mut out);
        let facts = Facts {
            id: arrival.id,
            event_time: arrival.event_time,
            ingest_time: arrival.at,
            sequence: Some(arrival.sequence),
            event_type: "message.received",
            conversational: true,
        };
        if let Some(passed) = channel.arrive(facts, arrival.id, Phase::Started) {
            out.push((passed.item, passed.late, passed.gap_before));
        }
        drain(&mut channel, arrival.at, &mut out);
    }
    drain(&mut channel, i64::MAX, &mut out);
    assert!(channel.is_empty());
    out
}

fn arrival(at: i64, n: i64) -> Arrival {
    Arrival { at, sequence: n, id: n as u128, event_time: n * 10 }
}

#[test]
fn sequenced_goes_on_after_a_gap_and_marks_the_straggler() {
    let out = run(
        OrderMode::Sequenced,
        &[arrival(0, 1), arrival(10, 3), arrival(20, 4), arrival(600, 5), arrival(700, 2)],
    );
    assert_eq!(
        out,
        [(1, false, false), (3, false, true), (4, false, false), (5, false, false), (2, true, false)]
    );
}

#[test]
fn sorted_marks_only_what_comes_after_its_hold() {
    let out = run(OrderMode::Sorted, &[arrival(0, 2), arrival(100, 1), arrival(700, 4), arrival(1_300, 3)]);
    assert_eq!(out, [(1, false, false), (2, false, false), (4, false, false), (3, true, false)]);
}

#[test]
fn causal_waits_for_what_is_lacking_but_not_for_ever() {
    let mut channel = Channel::new(OrderMode::Causal, HOLD, ChannelOrder::default());
    let facts = |id, event_type| Facts {
        id,
        event_time: 10,
        ingest_time: 0,
        sequence: None,
        event_type,
        conversational: true,
    };
    assert!(channel.arrive(facts(2, "participant.connected"), 2, Phase::New).is_none());
    assert!(channel.next_ready(HOLD - 1, Phase::New).is_none());
    let passed = channel.next_ready(HOLD - 1, Phase::Started).unwrap();
    assert!(passed.held && !passed.gap_before);

    assert!(channel.arrive(facts(3, "participant.connected"), 3, Phase::New).is_none());
    let passed = channel.next_ready(HOLD, Phase::New).unwrap();
    assert!(passed.held && passed.gap_before);
}

/// Numbers 1..=n, each displaced by less than the hold.
fn displaced() -> impl Strategy<Value = Vec<Arrival>> {
    proptest::collection::vec((0i64..HOLD, 1i64..200), 1..40).prop_map(|steps| {
        let mut at = 0;
        let mut arrivals: Vec<Arrival> = steps
            .iter()
            .enumerate()
            .map(|(index, (delay, step))| {
                at += step;
                let n = index as i64 + 1;
                Arrival { at: at + delay, sequence: n, id: n as u128, event_time: at }
            })
            .collect();
        arrivals.sort_by_key(|a| (a.at, a.sequence));
        arrivals
    })
}

proptest! {
    #[test]
    fn disorder_within_the_hold_is_put_right(arrivals in displaced()) {
        let expected: Vec<(u128, bool, bool)> =
            (1..=arrivals.len() as u128).map(|n| (n, false, false)).collect();
        prop_assert_eq!(run(OrderMode::Sequenced, &arrivals), expected.clone());
        prop_assert_eq!(run(OrderMode::Sorted, &arrivals), expected);
    }

    #[test]
    fn nothing_is_dropped_whatever_the_disorder(
        arrivals in proptest::collection::vec((0i64..5_000, 1i64..30, 0i64..300), 1..40),
    ) {
        let mut arrivals: Vec<Arrival> = arrivals
            .iter()
            .enumerate()
            .map(|(i, (at, sequence, event_time))| Arrival {
                at: *at, sequence: *sequence, id: i as u128, event_time: *event_time,
            })
            .collect();
        arrivals.sort_by_key(|a| a.at);
        for mode in [OrderMode::Sequenced, OrderMode::Sorted, OrderMode::Causal] {
            let mut out: Vec<u128> = run(mode, &arrivals).into_iter().map(|o| o.0).collect();
            out.sort_unstable();
            prop_assert_eq!(out, (0..arrivals.len() as u128).collect::<Vec<_>>());
        }
    }
}
