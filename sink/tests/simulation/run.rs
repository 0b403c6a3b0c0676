//! Runs a seed: two sinks, a time in which everything may go wrong, and one in which nothing does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use trunkline_config::{OnLogChange, OnLoss};
use trunkline_kafka::{LogGuard, TransactionError};
use trunkline_schemas::codec::Value;
use trunkline_schemas::{WriteBack, catalog};
use trunkline_sink::lanes::{Lanes, Settings};
use trunkline_sink::outputs::{Outputs, Topics};
use trunkline_sink::parser::Parser;
use trunkline_sink::reports::Reporter;
use trunkline_sink::transactions::{self, Transactions};
use trunkline_sink::worker::{Error, Worker, WorkerState};
use trunkline_telemetry::health::Watched as _;
use trunkline_telemetry::progress::{self, Limits};
use trunkline_telemetry::{Health, ProgressWatch};

use crate::brokers::{Handle, Sabotage, Saved};
use crate::commands::{self, KNOWN, TOPIC};
use crate::logs::Logs;
use crate::surroundings::{Registry, WorldClock};
use crate::targets::Calls;
use crate::world::{INSTANCES, PARTITIONS, World};

/// How long everything may go wrong, in milliseconds.
const STORM_MS: i64 = 60_000;

/// How long everything may take to be finished once nothing goes wrong any more, in milliseconds.
const SETTLE_MS: i64 = 180_000;

/// Longer than a run: no command expires.
const EXPIRE_AFTER: Duration = Duration::from_secs(86_400);

/// What came of a seed.
pub struct Run {
    pub violation: Option<String>,
    pub history: Vec<String>,
}

type ModelWorker = Worker<Handle, Saved, Calls>;

/// A process, or what there is of it.
enum Process {
    Up(Box<ModelWorker>),
    /// Until then (UTC milliseconds).
    Frozen(Box<ModelWorker>, i64),
    Down(i64),
}

/// Runs one seed.
pub fn seed(seed: u64, sabotage: Option<Sabotage>) -> Run {
    let world = Rc::new(RefCell::new(World::new(seed)));
    let start = world.borrow().now;
    let mut processes: Vec<Process> = (0..INSTANCES).map(|_| Process::Down(start)).collect();
    loop {
        let now = world.borrow().now;
        if world.borrow().violation.is_some() {
            break;
        }
        if now > start + STORM_MS && !world.borrow().calm {
            world.borrow_mut().calm = true;
            world.borrow_mut().away_until = 0;
            world.borrow_mut().note("nothing goes wrong any more");
        }
        if now > start + STORM_MS && world.borrow().all_done() {
            break;
        }
        if now > start + STORM_MS + SETTLE_MS {
            let left = world.borrow().left();
            world.borrow_mut().violated(format!("not finished: {left}"));
            break;
        }
        weather(&world, &mut processes);
        for (instance, process) in processes.iter_mut().enumerate() {
            step(&world, instance, process, sabotage);
        }
        if processes.iter().all(|process| !matches!(process, Process::Up(_))) {
            world.borrow_mut().advance(100);
        }
    }
    // Their handles on the world go first.
    drop(processes);
    let mut world = world.borrow_mut();
    Run { violation: world.violation.take(), history: std::mem::take(&mut world.history) }
}

/// What comes by itself: commands, crashes, freezes, rebalances, others of the same name.
fn weather(world: &Rc<RefCell<World>>, processes: &mut [Process]) {
    let mut world = world.borrow_mut();
    let now = world.now;
    if world.fault(0.06) {
        let partition = world.dice.index(PARTITIONS);
        for _ in 0..world.dice.between(1, 4) {
            world.write_command(partition);
        }
        if world.fault(0.03) {
            let place = (partition as i32, world.end(partition) - 1);
            world.note(format!("the result of {place:?} will be refused"));
            world.refused.insert(place);
        }
    }
    if world.fault(0.0005) {
        let until = now + world.dice.between(5_000, 90_000);
        world.note(format!("no broker answers until {until}"));
        world.away_until = until;
    }
    if world.fault(0.004) {
        let (partition, to) = (world.dice.index(PARTITIONS), world.dice.index(INSTANCES));
        if world.group.rebalance(partition, to) {
            world.note(format!("partition {partition} moves to {to}"));
        }
    }
    if world.fault(0.001) {
        let instance = world.dice.index(INSTANCES);
        world.epochs[instance] += 1;
        world.note(format!("{instance} is fenced"));
    }
    for (instance, process) in processes.iter_mut().enumerate() {
        if !matches!(process, Process::Up(_)) {
            continue;
        }
        if world.fault(0.001) {
            world.note(format!("{instance} crashes"));
            let until = now + world.dice.between(100, 20_000);
            go_down(&mut world, instance, process, until);
        } else if world.fault(0.0005) {
            let until = now + world.dice.between(100, 20_000);
            world.note(format!("{instance} is frozen until {until}"));
            world.group.falls_silent(instance, now);
            if let Process::Up(worker) = std::mem::replace(process, Process::Down(until)) {
                *process = Process::Frozen(worker, until);
            }
        }
    }
}

fn go_down(world: &mut World, instance: usize, process: &mut Process, until: i64) {
    let now = world.now;
    world.targets.give_up(instance, None, now);
    world.group.falls_silent(instance, now);
    *process = Process::Down(until);
}

fn step(world: &Rc<RefCell<World>>, instance: usize, process: &mut Process, sabotage: Option<Sabotage>) {
    let now = world.borrow().now;
    match process {
        Process::Up(worker) => {
            if let Err(error) = worker.turn() {
                let mut world = world.borrow_mut();
                world.note(format!("{instance} ends: {error}"));
                let is_fenced = matches!(
                    &error,
                    Error::Transactions(transactions::Error::Transaction(TransactionError::Fenced { .. }))
                );
                if world.is_away() && !is_fenced {
                    world.violated(format!("{instance} ends while no broker answers: {error}"));
                }
                let until = now + world.dice.between(100, 15_000);
                go_down(&mut world, instance, process, until);
            }
        }
        Process::Frozen(_, until) if *until <= now => {
            world.borrow_mut().group.speaks_again(instance);
            if let Process::Frozen(worker, _) = std::mem::replace(process, Process::Down(now)) {
                *process = Process::Up(worker);
            }
        }
        Process::Down(until) if *until <= now => {
            world.borrow_mut().note(format!("{instance} starts"));
            *process = Process::Up(Box::new(worker(world, instance, sabotage)));
        }
        Process::Frozen(..) | Process::Down(_) => {}
    }
}

fn worker(world: &Rc<RefCell<World>>, instance: usize, sabotage: Option<Sabotage>) -> ModelWorker {
    worker_choosing(world, instance, sabotage, OnLogChange::Stop)
}

fn worker_choosing(
    world: &Rc<RefCell<World>>,
    instance: usize,
    sabotage: Option<Sabotage>,
    on_log_change: OnLogChange,
) -> ModelWorker {
    let mut parser = Parser::new(&BTreeMap::from([("crm".to_owned(), commands::target())]), EXPIRE_AFTER);
    parser.add_schema(KNOWN, WriteBack::SCHEMA).unwrap();
    let topics = Topics {
        results: catalog::WRITEBACK_RESULTS.to_owned(),
        dead_letters: catalog::WRITEBACK_DLQ.to_owned(),
        reports: catalog::PIPELINE_ERRORS.to_owned(),
        state: catalog::SINK_STATE.to_owned(),
    };
    let name = format!("sink-{instance}");
    let settings = Settings {
        targets: vec!["crm".to_owned()],
        topics: BTreeMap::from([(TOPIC.to_owned(), vec![0])]),
        max_in_flight: 3,
        max_buffered: 6,
        max_bytes: 1 << 30,
        max_finished: 8,
    };
    let (_, reports) = mpsc::channel();
    Worker {
        lanes: Lanes::new(settings),
        brokers: Handle::open(Rc::clone(world), instance, sabotage),
        saved: Saved { world: Rc::clone(world), sabotage },
        logs: LogGuard::new(on_log_change, OnLoss::Stop, "sink", &name),
        log_looks: Box::new(Logs::new(Rc::clone(world))),
        log_watch: Box::new(Logs::new(Rc::clone(world))),
        transactions: Transactions::new(Outputs::new(topics, KNOWN, KNOWN, &name)),
        parser,
        calls: Calls { world: Rc::clone(world), instance },
        schemas: Box::new(Registry { world: Rc::clone(world), asked: Vec::new() }),
        reports,
        reporter: Reporter::new(&name),
        clock: Box::new(WorldClock(Rc::clone(world))),
        health: Arc::clone(&Health::new()),
        progress: Arc::new(ProgressWatch::new(progress::Process::Sink, Limits::of(Duration::MAX))),
        state: WorkerState::default(),
    }
}

/// A drain at the end of a process's life leaves nothing behind that a successor would do again.
#[test]
fn a_drained_sink_has_committed_what_it_did() {
    let world = Rc::new(RefCell::new(World::new(1)));
    world.borrow_mut().calm = true;
    for partition in 0..PARTITIONS {
        for _ in 0..5 {
            world.borrow_mut().write_command(partition);
        }
    }
    let mut workers: Vec<_> = (0..INSTANCES).map(|instance| worker(&world, instance, None)).collect();
    for _ in 0..20 {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
    }
    workers.iter_mut().for_each(|worker| worker.drain(Duration::from_secs(10)).unwrap());
    let violation = world.borrow_mut().violation.take();
    let history = world.borrow().history.join("\n");
    assert_eq!(violation, None, "{history}");
}

/// A world in which nothing goes wrong but what the test makes go wrong, with so many commands in each partition.
fn calm(seed: u64, commands: usize) -> Rc<RefCell<World>> {
    let mut world = World::new(seed);
    world.calm = true;
    for partition in 0..PARTITIONS {
        (0..commands).for_each(|_| world.write_command(partition));
    }
    Rc::new(RefCell::new(world))
}

/// Lets both sinks go on until everything is finished, for this long at most, in milliseconds.
fn finish(world: &Rc<RefCell<World>>, workers: &mut [ModelWorker], within_ms: i64) {
    let until = world.borrow().now + within_ms;
    while !world.borrow().all_done() {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        let world = world.borrow();
        assert!(world.now < until && world.violation.is_none(), "{}", world.history.join("\n"));
    }
}

/// Lets both sinks go on until `enough` says so; false when it does not for a long time.
fn turn_until(
    world: &Rc<RefCell<World>>,
    workers: &mut [ModelWorker],
    enough: impl Fn(&World) -> bool,
) -> bool {
    (0..5_000).any(|_| {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        enough(&world.borrow())
    })
}

/// Both sinks, with this choice, and a world in which they know each schema.
fn both_choosing(world: &Rc<RefCell<World>>, choice: OnLogChange) -> Vec<ModelWorker> {
    world.borrow_mut().known_from = 0;
    (0..INSTANCES).map(|instance| worker_choosing(world, instance, None, choice)).collect()
}

#[test]
fn brokers_that_are_away_for_minutes_end_no_sink_and_nothing_is_lost_or_doubled() {
    // Before the partitions are there, in the middle, and when nothing is left to do.
    for (turns, away_ms) in [(0, 60_000), (0, 600_000), (3, 60_000), (12, 200_000), (400, 90_000)] {
        let world = calm(7, 10);
        let mut workers: Vec<_> = (0..INSTANCES).map(|instance| worker(&world, instance, None)).collect();
        for _ in 0..turns {
            workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        }
        let until = world.borrow().now + away_ms;
        world.borrow_mut().away_until = until;
        let mut unready = 0;
        while world.borrow().is_away() {
            workers.iter_mut().for_each(|worker| worker.turn().unwrap());
            unready += usize::from(workers.iter().any(|worker| !worker.health.ready()));
        }
        assert!(unready > 0, "{turns}: it is said");
        (0..PARTITIONS).for_each(|partition| world.borrow_mut().write_command(partition));
        finish(&world, &mut workers, 120_000);
        assert!(workers.iter().all(|worker| worker.health.ready()), "{turns}: it is over");
    }
}

/// What each says of its progress, while brokers answer what is asked beside it.
fn says(workers: &[ModelWorker]) -> Vec<String> {
    let measured = workers.iter().map(|worker| {
        worker.progress.measured([]);
        worker.progress.look().detail
    });
    measured.collect()
}

#[test]
fn a_transaction_that_came_to_nothing_is_not_forgotten_before_it_is_known_what_became_of_it() {
    let mut under_way = 0;
    for turns in 3..30 {
        let world = calm(7, 10);
        let mut workers: Vec<_> = (0..INSTANCES).map(|instance| worker(&world, instance, None)).collect();
        for _ in 0..turns {
            workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        }
        let until = world.borrow().now + 90_000;
        world.borrow_mut().away_until = until;
        let mut troubled = [false; INSTANCES];
        while world.borrow().is_away() {
            for (worker, troubled) in workers.iter_mut().zip(&mut troubled) {
                worker.turn().unwrap();
                let said = &says(std::slice::from_ref(worker))[0];
                *troubled |= said.starts_with("nothing took effect for");
                assert!(!*troubled || said != "nothing is outstanding", "{turns}: it forgot its trouble");
            }
        }
        under_way += troubled.iter().filter(|troubled| **troubled).count();
        finish(&world, &mut workers, 120_000);
        for _ in 0..200 {
            workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        }
        assert_eq!(says(&workers), ["nothing is outstanding"; INSTANCES], "{turns}: it is over");
    }
    assert!(under_way > 0, "no transaction was ever under way");
}

#[test]
fn brokers_that_are_away_are_not_asked_at_each_turn_where_partitions_were_left() {
    let world = calm(7, 10);
    world.borrow_mut().refuses_at_once = true;
    world.borrow_mut().away_after_news = Some(60_000);
    let mut workers: Vec<_> = (0..INSTANCES).map(|instance| worker(&world, instance, None)).collect();
    let mut turns = 0;
    while turns < 10 || world.borrow().is_away() {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        turns += 1;
    }
    // One has heard of its partitions and waits for up to five seconds; the other only asks whether they are back.
    let asked = world.borrow().unanswered;
    assert!((5..100).contains(&asked) && turns > 500, "asked {asked} times in {turns} turns");
    finish(&world, &mut workers, 120_000);
}

#[test]
fn a_sink_without_partitions_is_ready_again_when_the_brokers_are_back() {
    let world = calm(7, 10);
    let mut workers: Vec<_> = (0..INSTANCES).map(|instance| worker(&world, instance, None)).collect();
    finish(&world, &mut workers, 60_000);
    for partition in 0..PARTITIONS {
        world.borrow_mut().group.rebalance(partition, 0);
    }
    for _ in 0..100 {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
    }
    assert_eq!(workers[1].lanes.partition_count(), 0);
    assert!(workers.iter().all(|worker| worker.health.ready()), "one stands by");
    let until = world.borrow().now + 60_000;
    world.borrow_mut().away_until = until;
    let mut unready = 0;
    while world.borrow().is_away() {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        unready += usize::from(!workers[1].health.ready());
    }
    assert!(unready > 0, "it is said");
    for _ in 0..200 {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
    }
    assert!(workers.iter().all(|worker| worker.health.ready()), "it is over");
}

#[test]
fn a_result_that_the_brokers_refuse_holds_up_nobody_for_long() {
    let world = calm(3, 8);
    let mut workers: Vec<_> = (0..INSTANCES).map(|instance| worker(&world, instance, None)).collect();
    let places: Vec<(i32, i64)> = {
        let world = world.borrow();
        let first = |partition: usize| *world.log[partition].keys().next().unwrap();
        (0..PARTITIONS).map(|partition| (partition as i32, first(partition))).collect()
    };
    world.borrow_mut().refused.extend(places);
    // Others come now and then: they show that results are taken.
    for round in 0..60 {
        world.borrow_mut().write_command(round % PARTITIONS);
        for _ in 0..40 {
            workers.iter_mut().for_each(|worker| worker.turn().unwrap());
        }
    }
    finish(&world, &mut workers, 60_000);
    // And one that is the only one left: no other shows anything.
    world.borrow_mut().write_command(0);
    let last = world.borrow().end(0) - 1;
    world.borrow_mut().refused.insert((0, last));
    finish(&world, &mut workers, 60_000);
    let refused = world.borrow().history.iter().filter(|line| line.contains("is refused")).count();
    assert!(refused > 0 && refused < 150, "{refused} transactions");
}

/// Commands of the new log are carried out where the configuration says so, and by nobody where it does not; either way
/// it is reported, and partitions of other logs go on.
#[test]
fn a_log_that_is_made_anew_is_read_from_its_beginning_or_not_at_all() {
    for (choice, goes_on) in [(OnLogChange::FromBeginning, true), (OnLogChange::Stop, false)] {
        let world = calm(1, 6);
        let mut workers = both_choosing(&world, choice);
        assert!(turn_until(&world, &mut workers, World::all_done), "{}", world.borrow().left());
        assert_eq!(world.borrow().reports, 0);
        world.borrow_mut().make_anew(0);
        (0..PARTITIONS)
            .flat_map(|partition| [partition; 3])
            .for_each(|p| world.borrow_mut().write_command(p));
        assert_eq!(turn_until(&world, &mut workers, World::all_done), goes_on, "{}", world.borrow().left());
        assert_eq!(world.borrow().reports, 1, "{choice:?}");
        assert!(goes_on || world.borrow().left().contains("partition 0: None"), "{}", world.borrow().left());
        assert_eq!(world.borrow().violation, None);
    }
}

/// A log that has as many records as were read, and others, is found by what lay in it.
#[test]
fn a_log_that_has_other_records_where_they_were_read_stands_still() {
    let world = calm(1, 6);
    let mut workers = both_choosing(&world, OnLogChange::Stop);
    assert!(turn_until(&world, &mut workers, World::all_done), "{}", world.borrow().left());
    assert_eq!(world.borrow().reports, 0);
    world.borrow_mut().overgrow(0);
    assert!(turn_until(&world, &mut workers, |world| world.reports == 1), "{}", world.borrow().left());
}

/// A report that is refused is left out: no command is the cause, and none waits for it.
#[test]
fn a_report_that_the_brokers_refuse_holds_up_nobody() {
    let world = calm(1, 6);
    world.borrow_mut().reports_below = Some(1);
    let mut workers = both_choosing(&world, OnLogChange::FromBeginning);
    finish(&world, &mut workers, 60_000);
    // This makes a report.
    world.borrow_mut().make_anew(0);
    world.borrow_mut().write_command(0);
    finish(&world, &mut workers, 60_000);
    for _ in 0..40 {
        workers.iter_mut().for_each(|worker| worker.turn().unwrap());
    }
    let world = world.borrow();
    let refused = world.history.iter().filter(|line| line.contains("a report is refused")).count();
    assert_eq!((refused, world.reports), (1, 0), "it was refused once");
    assert_eq!(world.violation, None);
}
