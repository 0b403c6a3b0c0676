//! The input is deleted and made anew while a process reads it, or loses its records and has as many others at once,
//! and the configuration says to read on from its beginning: what was read before is in no log any more, so it has to
//! come out of this process.

use std::rc::Rc;

use trunkline_config::OnLogChange;
use trunkline_schemas::{PlatformEvent, catalog};

use crate::dice::Dice;
use crate::input;
use crate::plan::{ENOUGH_HELD_EVENTS, Plan};
use crate::schedule::TestBed;
use crate::world::{BEGINNING, Due, World};

/// Between the new log and its first record; milliseconds. A look at the logs comes sooner.
const EMPTY_MS: i64 = 5_000;

/// How long a run may take; milliseconds.
const LONGEST_MS: i64 = 200_000;

/// Nothing goes wrong but what the test makes go wrong; schemas may be long in coming.
fn plan(dice: &mut Dice, slow_registry: f64) -> Plan {
    Plan {
        instances: 1,
        partitions: 1,
        chaos_ms: 10_000,
        poison: 0.0,
        slow_registry,
        slow_lookups: 0.0,
        lost_lookups: 0.0,
        plugin_queue: 0,
        skew_ms: 0,
        max_held_events: ENOUGH_HELD_EVENTS,
        on_log_change: OnLogChange::FromBeginning,
        ..Plan::draw(dice)
    }
}

/// Lets time pass until `enough` says so.
fn pass(bed: &Rc<TestBed>, what: &str, enough: impl Fn(&TestBed) -> bool) {
    while !enough(bed) {
        bed.round(7);
        let world = bed.world.borrow();
        if let Some(violation) = &world.verdict {
            panic!("{}: {}", violation.invariant, violation.what);
        }
        assert!(world.now() - BEGINNING < LONGEST_MS, "{what}: {:#?}", world.history);
    }
}

/// Offsets that are read and not committed.
fn under_way(world: &World) -> i64 {
    let read_to =
        world.clients.values().find_map(|client| client.fetches.get(&0)).map(|fetch| fetch.position);
    read_to.unwrap_or(0) - world.group.committed(0)
}

/// Runs a seed; returns whether something was under way when the log was made anew, or overgrown with other records.
fn seed(seed: u64, slow_registry: f64, overgrown: bool) -> bool {
    let mut dice = Dice::new(seed);
    let plan = plan(&mut dice, slow_registry);
    let mut world = World::new(dice, plan);
    world.calm = true;
    let (at, mut inputs) = (world.dice.between(500, 9_000), world.dice.fork());
    let planned = input::make(&mut inputs, &world.plan, |_| 0);
    let (before, mut after): (Vec<_>, Vec<_>) = planned.into_iter().partition(|record| record.after_ms < at);
    let later: Vec<PlatformEvent> = after.iter().filter_map(|record| record.event.clone()).collect();
    for record in before {
        world.schedule(record.after_ms, Due::Input(Box::new(record)));
    }
    world.schedule(0, Due::Start { name: "processor-0".to_owned() });
    let bed = TestBed::new(world, None);
    let until = BEGINNING + at;
    pass(&bed, "until it is made anew", |bed| bed.world.borrow().now() >= until);
    let (read, something) = {
        let mut world = bed.world.borrow_mut();
        let something = under_way(&world) > 0;
        let read = match overgrown {
            true => world.overgrow_input(after.split_off(after.len() / 2)),
            false => world.make_input_anew(),
        };
        let later_ms = if overgrown { 0 } else { EMPTY_MS };
        for record in after {
            world.schedule(record.after_ms - at + later_ms, Due::Input(Box::new(record)));
        }
        (read, something)
    };
    // All may be committed before anybody looks at the log.
    pass(&bed, "until everything came out", |bed| {
        let oracle = &bed.world.borrow().oracle;
        bed.is_settled() && oracle.missing(&read).is_empty() && oracle.missing(&later).is_empty()
    });
    let world = bed.world.borrow();
    assert_eq!(world.group.committed(0), world.log(catalog::EVENTS_NORMALIZED, 0).high());
    drop(world);
    bed.end();
    something
}

#[test]
fn what_was_read_of_a_log_that_is_made_anew_comes_out_before_the_new_one_is_read() {
    for slow_registry in [0.0, 1.0] {
        let under_way = (0..40).filter(|number| seed(*number, slow_registry, false)).count();
        assert!(under_way > 5, "{under_way} seeds with something under way");
    }
}

#[test]
fn a_log_that_has_other_records_where_they_were_read_is_read_from_its_beginning() {
    let under_way = (0..40).filter(|number| seed(*number, 0.0, true)).count();
    assert!(under_way > 5, "{under_way} seeds with something under way");
}
