//! States that are left, returned to, and told again.

use uuid::Uuid;

use super::*;

/// What is told `number`th of an agent's topic, at a time.
fn told(number: u128, topic: &str, content: u128, at: i64) -> PlatformEvent {
    let mut event = event("agent", et::AGENT_STATE_CHANGED, at);
    event.event_id = Uuid::from_u128(number).to_string();
    event.conversation_id = None;
    event.entity_type = "agent".to_owned();
    event.content_id = Some(Uuid::from_u128(content).to_string());
    event.attributes.insert("topicName".to_owned(), topic.to_owned());
    event
}

/// Number and mark of what came out.
fn out(world: &World) -> Vec<(u128, bool)> {
    let number = |event: &EnrichedEvent| Uuid::parse_str(&event.event_id).unwrap().as_u128();
    world.published.iter().map(|event| (number(event), event.possible_repeat)).collect()
}

fn published(settings: Arc<Settings>, log: Vec<PlatformEvent>) -> Vec<(u128, bool)> {
    let mut world = World::new(settings, log);
    world.finish();
    out(&world)
}

/// Contents that are told one after the other, with the customer's profile to wait for or without.
fn of_one_topic(contents: &[u128], customer: bool) -> Vec<PlatformEvent> {
    let told = contents.iter().enumerate().map(|(n, content)| {
        let mut event = told(n as u128, "station", *content, 1_000 + n as i64);
        event.customer_id = customer.then(|| "C-1".to_owned());
        event
    });
    told.collect()
}

#[test]
fn a_state_that_returns_is_published_and_one_that_is_told_again_is_not() {
    for (mode, deadline, customer) in [
        (OrderMode::Causal, 0, false),
        // All of them are on their way at once: held for their order, or waiting for a profile.
        (OrderMode::Sorted, 0, false),
        (OrderMode::Causal, DEADLINE, true),
    ] {
        let published =
            |contents: &[u128]| published(settings(mode, deadline), of_one_topic(contents, customer));
        assert_eq!(published(&[1, 2, 1]), [(0, false), (1, false), (2, true)], "{mode:?}");
        assert_eq!(published(&[1, 1]), [(0, false)], "{mode:?}");
        assert_eq!(published(&[1, 1, 2, 2, 1, 1]), [(0, false), (2, false), (4, true)], "{mode:?}");
    }
}

#[test]
fn topics_of_one_entity_do_not_know_of_each_other_and_what_has_no_content_is_never_a_repetition() {
    let mut log = vec![told(0, "a", 1, 1_000), told(1, "b", 1, 1_001), told(2, "a", 1, 1_002)];
    assert_eq!(published(settings(OrderMode::Causal, 0), log.clone()), [(0, false), (1, false)]);
    log.iter_mut().for_each(|event| event.content_id = None);
    assert_eq!(published(settings(OrderMode::Causal, 0), log).len(), 3);
}

#[test]
fn a_repetition_that_is_delivered_again_after_a_change_is_a_duplicate() {
    let mut log = of_one_topic(&[1, 1, 2], false);
    let again = PlatformEvent { ingest_time: 2_000, ..log[1].clone() };
    log.push(again);
    let mut world = World::new(settings(OrderMode::Causal, 0), log);
    world.finish();
    assert_eq!(out(&world), [(0, false), (2, false)]);
    let counters = world.task.counters();
    assert_eq!((counters.repeats, counters.duplicates, counters.possible_repeats), (1, 1, 0));
}

#[test]
fn what_is_told_again_after_the_window_may_be_a_fact_of_its_own() {
    let at = |after: i64| vec![told(0, "a", 1, 1_000), told(1, "a", 1, 1_000 + after)];
    assert_eq!(published(settings(OrderMode::Causal, 0), at(REPEAT_WINDOW)), [(0, false)]);
    assert_eq!(published(settings(OrderMode::Causal, 0), at(REPEAT_WINDOW + 1)), [(0, false), (1, true)]);
    let mut changed = at(3 * REPEAT_WINDOW);
    changed.insert(1, told(2, "a", 2, 1_001));
    let out = published(settings(OrderMode::Causal, 0), changed);
    assert_eq!(out, [(0, false), (2, false), (1, false)], "a change in between makes it one");
    let off = Settings { repeat_window_ms: 0, ..(*settings(OrderMode::Causal, 0)).clone() };
    assert_eq!(published(Arc::new(off), at(1)), [(0, false), (1, false)]);
}

#[test]
fn a_state_returns_whatever_names_the_change_in_between() {
    fn of_an_older_build(event: &mut PlatformEvent) {
        event.content_id = None;
        event.attributes.clear();
    }
    let own_time = |event: &mut PlatformEvent| event.content_id = None;
    let numbered = |event: &mut PlatformEvent| {
        event.content_id = None;
        event.sequence = Some(1);
    };
    let of_another_type_of_an_older_build = |event: &mut PlatformEvent| {
        of_an_older_build(event);
        event.source_type = "v2.users.u1.presence".to_owned();
    };
    type Change = fn(&mut PlatformEvent);
    let changes: [(&str, Change); 4] = [
        ("a time of its own", own_time),
        ("nothing, since an older build wrote it", of_an_older_build),
        ("the source's number", numbered),
        ("another name of its type", of_another_type_of_an_older_build),
    ];
    for (named_by, change) in changes {
        for (mode, deadline, customer) in [
            (OrderMode::Causal, 0, false),
            (OrderMode::Sorted, 0, false),
            (OrderMode::Causal, DEADLINE, true),
        ] {
            let mut log = of_one_topic(&[1, 2, 1, 1], customer);
            change(&mut log[1]);
            let out = published(settings(mode, deadline), log);
            assert_eq!(out, [(0, false), (1, false), (2, true)], "{mode:?}, {named_by}");
        }
    }
}

#[test]
fn what_is_no_state_is_published_each_time() {
    for event_type in [et::PLATFORM_EVENT, et::TYPING_STARTED, et::CONVERSATION_MESSAGE_ADDED] {
        let mut log = of_one_topic(&[1, 1, 2], false);
        log.iter_mut().for_each(|event| event.event_type = event_type.to_owned());
        let out = published(settings(OrderMode::Causal, 0), log);
        assert_eq!(out, [(0, false), (1, true), (2, false)], "{event_type}");
    }
}

#[test]
fn each_member_of_a_topic_has_states_of_its_own() {
    let queue = |event_type: &str, name: &dyn Fn(&mut PlatformEvent, u128)| {
        let told = |(number, member): (u128, u128)| {
            let mut event = told(number, "members", member, 1_000 + number as i64);
            event.event_type = event_type.to_owned();
            name(&mut event, member);
            event
        };
        let log = (0..20).zip((1..=10).chain(1..=10)).map(told).collect();
        let out = published(settings(OrderMode::Causal, 0), log);
        assert_eq!(out, (0..10).map(|number| (number, false)).collect::<Vec<_>>(), "{event_type}");
    };
    queue(et::QUEUE_MEMBER_CHANGED, &|event, member| event.agent_id = Some(format!("agent-{member}")));
    queue(et::PARTICIPANT_CHANGED, &|event, member| event.participant_id = Some(format!("p-{member}")));
    queue(et::QUEUE_OBSERVED, &|event, member| event.media_type = Some(format!("medium-{member}")));
}

#[test]
fn a_change_that_a_repetition_overtook_comes_out_late() {
    // Told were 1, 2, 1; the 2 arrives last, and the second 1 is taken for a repetition of the first. What a reader
    // who passes over late events keeps is then right.
    let log = vec![
        told(0, "a", 1, 1_000),
        told(1, "a", 1, 1_002),
        PlatformEvent { ingest_time: 1_003, ..told(2, "a", 2, 1_001) },
    ];
    let mut world = World::new(settings(OrderMode::Causal, 0), log);
    world.finish();
    let late: Vec<bool> = world.published.iter().map(|event| event.ordering.late).collect();
    assert_eq!(late, [false, true]);
}

/// One change of a state, and how it is told.
#[derive(Debug, Clone)]
struct Change {
    /// By how much its content differs from the one before.
    step: u128,
    /// Milliseconds after the one before, and how long each telling takes to arrive.
    after: i64,
    delays: [i64; 3],
    /// Whether the platform tells it again under another id, and whether the transport delivers that again.
    told_again: bool,
    delivered_again: bool,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let delay = || 0..HOLD;
    let change = (1_u128..3, 1_i64..400_000, [delay(), delay(), delay()], any::<bool>(), any::<bool>());
    let change = change.prop_map(|(step, after, delays, told_again, delivered_again)| Change {
        step,
        after,
        delays,
        told_again,
        delivered_again,
    });
    proptest::collection::vec(change, 1..25)
}

/// What arrives of changes, in the order of arrival; changes have even numbers.
fn arriving(changes: &[Change]) -> Vec<PlatformEvent> {
    let (mut at, mut content) = (1_000, 0);
    let mut log = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        at += change.after;
        content = (content + change.step) % 3;
        let number = 2 * n as u128;
        let next = changes.get(n + 1).map_or(1_000, |next| next.after);
        let arrives = |event: PlatformEvent, delay: i64| PlatformEvent { ingest_time: at + delay, ..event };
        log.push(arrives(told(number, "a", content, at), change.delays[0]));
        if change.told_again {
            let again_at = at + (next / 2).min(60_000);
            let again = told(number + 1, "a", content, again_at);
            log.push(PlatformEvent { ingest_time: again_at + change.delays[1], ..again });
        }
        if change.delivered_again {
            log.push(arrives(told(number, "a", content, at), change.delays[0] + change.delays[2]));
        }
    }
    log.sort_by_key(|event| event.ingest_time);
    log
}

/// What comes out of a log whose order is kept, by the rule as it is documented.
fn expected(log: &[PlatformEvent]) -> Vec<(u128, bool)> {
    let (mut known, mut out) = (BTreeSet::new(), Vec::new());
    let mut said: Vec<(&str, i64)> = Vec::new();
    for event in log {
        let number = Uuid::parse_str(&event.event_id).unwrap().as_u128();
        let content = event.content_id.as_deref().unwrap();
        if !known.insert(number) {
            continue;
        }
        let says_it = |(earlier, at): &(&str, i64)| {
            *earlier == content && (at - event.ingest_time).abs() <= REPEAT_WINDOW
        };
        if said.last().is_some_and(says_it) {
            continue;
        }
        let nothing_between = said.last().is_some_and(|(earlier, _)| *earlier == content);
        out.push((number, nothing_between || said.iter().any(says_it)));
        said.push((content, event.ingest_time));
    }
    out
}

proptest! {
    #[test]
    fn every_change_comes_out_and_no_honest_repeat_where_the_order_is_held(changes in changes()) {
        let out = published(settings(OrderMode::Sorted, 0), arriving(&changes));
        let numbers: Vec<u128> = out.into_iter().map(|(number, _)| number).collect();
        let expected: Vec<u128> = (0..changes.len() as u128).map(|n| 2 * n).collect();
        // A change and its repetition within the same hold may come out in either's name.
        let names: Vec<u128> = numbers.iter().map(|number| number - number % 2).collect();
        prop_assert_eq!(names, expected);
    }

    #[test]
    fn nothing_that_differs_from_what_was_said_last_is_missing_whatever_crashes(
        changes in changes(),
        steps in steps(),
    ) {
        let log = arriving(&changes);
        let mut world = World::new(settings(OrderMode::Causal, 0), log.clone());
        for step in steps {
            match step {
                Step::Read => { world.read(); }
                Step::Pass(milliseconds) => world.pass(milliseconds),
                Step::Commit => world.commit(),
                Step::Crash => world.crash(),
            }
        }
        world.finish();
        prop_assert_eq!(out(&world), expected(&log));
        let told: Vec<&str> = log.iter().map(|event| event.content_id.as_deref().unwrap()).collect();
        let last = world.published.last().map(|event| event.content_id.as_deref().unwrap());
        let known: BTreeSet<&str> = log[..log.len() - 1].iter().map(|event| event.event_id.as_str()).collect();
        if !known.contains(log[log.len() - 1].event_id.as_str()) {
            prop_assert_eq!(last, told.last().copied(), "the state that was told last");
        }
    }
}
