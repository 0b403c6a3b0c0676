//! Who has to go, and when.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use super::*;

const BOUNDS: Bounds =
    Bounds { total: 4, per_peer: 3, head: Duration::from_secs(10), idle: Duration::from_secs(75) };

fn peer(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn is_closing(connection: &Connection) -> bool {
    pin!(connection.closing()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn opened(all: &Arc<Connections>, last: u8, now: Instant) -> Arc<Connection> {
    Arc::new(all.open(peer(last), now).unwrap())
}

#[test]
fn who_keeps_a_connection_without_a_request_makes_room_for_others() {
    let (all, start) = (Connections::new(BOUNDS), Instant::now());
    let later = start + SLOW;
    let silent = opened(&all, 1, start);
    let [refused, proven, works] = [2, 3, 4].map(|last| {
        let connection = opened(&all, last, start);
        connection.has_head();
        connection
    });
    refused.answered(start);
    proven.proves();
    proven.answered(start);
    let mut closed = Vec::new();
    let mut young = Vec::new();
    for _ in 0..3 {
        let newer = opened(&all, 9, later);
        let gone = [&silent, &refused, &proven, &works].iter().position(|one| is_closing(one));
        closed.push(gone);
        young.push(newer);
        match gone {
            Some(0) => silent.has_head(),
            Some(1) => refused.has_head(),
            _ => proven.has_head(),
        }
    }
    assert_eq!(closed, [Some(0), Some(1), Some(2)], "a slow head, then who proved nothing, then who waits");
    assert!(young.iter().all(|one| !is_closing(one)), "what has just begun is not closed for others");
    young.iter().for_each(|one| one.has_head());
    assert!(all.open(peer(5), later).is_none(), "all are at work");
    drop([silent, refused, proven, works]);
    drop(young);
    let state = all.state.lock();
    assert!(state.open.is_empty() && state.peers.is_empty() && state.waiting.is_empty());
}

#[test]
fn a_peer_that_has_too_many_closes_its_own() {
    let (all, now) = (Connections::new(BOUNDS), Instant::now());
    let other = opened(&all, 2, now);
    other.has_head();
    other.answered(now);
    let own = [1, 1, 1].map(|last| opened(&all, last, now));
    let _newer = opened(&all, 1, now);
    assert!(is_closing(&own[0]) && !is_closing(&own[1]) && !is_closing(&other));
}

#[test]
fn a_head_has_its_time_and_so_has_the_time_between_requests() {
    let (all, start) = (Connections::new(BOUNDS), Instant::now());
    let [silent, idle, slow] = [1, 1, 2].map(|last| opened(&all, last, start));
    idle.has_head();
    slow.has_head();
    let after = |seconds| start + Duration::from_secs(seconds);
    idle.answered(after(1));
    slow.answered(after(1));
    all.sweep(after(9));
    assert!(!is_closing(&silent));
    all.sweep(after(10));
    assert!(is_closing(&silent) && !is_closing(&idle));
    slow.begins_head(after(20));
    slow.begins_head(after(29));
    all.sweep(after(30));
    assert!(is_closing(&slow), "a byte now and then buys no time");
    let discarding = idle.discards();
    idle.begins_head(after(60));
    drop(discarding);
    all.sweep(after(75));
    assert!(!is_closing(&idle), "what is left of an old body is no head");
    all.sweep(after(76));
    assert!(is_closing(&idle));
    let works = opened(&all, 3, start);
    works.has_head();
    all.sweep(after(1_000));
    assert!(!is_closing(&works));
}

#[test]
fn bodies_that_hold_most_for_longest_give_it_up_and_no_others() {
    let (all, start) = (Connections::new(Bounds { total: 9, ..BOUNDS }), Instant::now());
    let [large, small, proven, decoy, own] = [1, 2, 3, 4, 5].map(|last| {
        let connection = opened(&all, last, start);
        connection.has_head();
        connection.awaits_body(start);
        connection
    });
    large.holds(1_000);
    small.holds(900);
    proven.holds(5_000);
    proven.proves();
    own.close_slow_others(1_001, start);
    assert!(!is_closing(&large), "what has just begun is not slow");
    own.close_slow_others(1_001, start + SLOW);
    assert!(is_closing(&large) && is_closing(&small), "until there is enough");
    own.close_slow_others(1, start + SLOW);
    assert!([&proven, &decoy, &own].iter().all(|other| !is_closing(other)), "others give nothing up");
}

#[test]
fn what_came_after_all_is_worked_on() {
    let (all, now) = (Connections::new(BOUNDS), Instant::now());
    let connection = opened(&all, 1, now);
    all.sweep(now + BOUNDS.head);
    connection.has_head();
    assert!(!is_closing(&connection), "its head came before it knew");
    connection.answered(now);
    all.sweep(now + BOUNDS.idle);
    assert!(is_closing(&connection));
}

#[test]
fn a_network_of_ipv6_is_one_peer() {
    let of = |text: &str| Peer::of(text.parse().unwrap());
    assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
    assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}
