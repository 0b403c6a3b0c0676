//! Who runs when. There is one thread: processes take turns, and one that is held up in a call lets the
//! others go on from within it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use trunkline_schemas::catalog;

use crate::client::Client;
use crate::group::SESSION_MS;
use crate::handle::{Crash, Handle};
use crate::instance::{Process, assemble};
use crate::oracle::PROGRESS;
use crate::plan;
use crate::saboteurs::Sabotage;
use crate::store::Disk;
use crate::world::{BEGINNING, Due, World};

/// Calls in which others may run at the same time.
const DEPTH: usize = 4;

/// How long everything may take to be finished once nothing goes wrong any more; milliseconds.
const SETTLE_MS: i64 = 180_000;

/// A process, unless it is held up in a call: then whoever runs it has it.
struct Slot {
    process: Option<Box<dyn Process>>,
    name: String,
    disk: Rc<RefCell<Disk>>,
}

/// The world and the processes in it.
pub struct TestBed {
    /// Everything but the processes.
    pub world: RefCell<World>,
    slots: RefCell<BTreeMap<usize, Slot>>,
    sabotage: Option<Sabotage>,
    depth: Cell<usize>,
    numbers: Cell<usize>,
}

// === impl TestBed ===

impl TestBed {
    /// Nobody runs yet.
    pub fn new(world: World, sabotage: Option<Sabotage>) -> Rc<Self> {
        Rc::new(Self {
            world: RefCell::new(world),
            slots: RefCell::new(BTreeMap::new()),
            sabotage,
            depth: Cell::new(0),
            numbers: Cell::new(0),
        })
    }

    /// Runs until everything is judged.
    pub fn run(self: &Rc<Self>) {
        let (instances, chaos_ms) = {
            let world = self.world.borrow();
            (world.plan.instances, world.plan.chaos_ms)
        };
        for instance in 0..instances {
            let mut world = self.world.borrow_mut();
            let after = world.dice.between(0, 3_000);
            world.schedule(after, Due::Start { name: format!("processor-{instance}") });
        }
        while self.elapsed() < chaos_ms && !self.is_judged() {
            let elapsed = self.world.borrow_mut().dice.between(1, 13);
            self.round(elapsed);
        }
        self.world.borrow_mut().calm();
        let end = self.elapsed() + SETTLE_MS;
        while !self.is_judged() && !self.is_settled() {
            if self.elapsed() > end {
                let state = self.unsettled();
                self.world.borrow_mut().violated(PROGRESS, state);
            }
            let elapsed = self.world.borrow_mut().dice.between(5, 40);
            self.round(elapsed);
        }
        if !self.is_judged() {
            self.judge();
        }
        self.end();
    }

    /// Lets go of the processes: they hold on to the test bed that holds them.
    pub fn end(&self) {
        self.slots.borrow_mut().clear();
    }

    /// Lets time pass while a process is held up.
    pub fn pass(self: &Rc<Self>, milliseconds: i64) {
        self.depth.set(self.depth.get() + 1);
        let until = self.now() + milliseconds;
        while self.now() < until && !self.is_judged() {
            let longest = if milliseconds > 1_000 { 40 } else { 10 };
            let elapsed = self.world.borrow_mut().dice.between(1, longest);
            self.round(elapsed.min(until - self.now()));
        }
        self.depth.set(self.depth.get() - 1);
    }

    /// Starts another process under a process's name, elsewhere: with an empty disk.
    pub fn usurp(self: &Rc<Self>, number: usize) {
        let name = self.world.borrow().clients.get(&number).map(|client| client.name.clone());
        if let Some(name) = name {
            self.world.borrow_mut().disks.remove(&name);
            self.start(&name);
        }
    }

    fn now(&self) -> i64 {
        self.world.borrow().now()
    }

    /// Milliseconds in which anything could happen.
    fn elapsed(&self) -> i64 {
        let world = self.world.borrow();
        world.now() - BEGINNING - world.absent_ms
    }

    fn is_judged(&self) -> bool {
        self.world.borrow().verdict.is_some()
    }

    /// Lets time pass, and everybody have a turn.
    pub fn round(self: &Rc<Self>, elapsed: i64) {
        self.world.borrow_mut().elapse(elapsed);
        loop {
            let due = self.world.borrow_mut().next_due();
            let Some(due) = due else { break };
            self.happen(due);
        }
        self.world.borrow_mut().weather(elapsed);
        self.operate(elapsed);
        if self.depth.get() > DEPTH {
            return;
        }
        let mut numbers: Vec<usize> = self.slots.borrow().keys().copied().collect();
        self.world.borrow_mut().dice.shuffle(&mut numbers);
        for number in numbers {
            if !self.is_judged() && !self.world.borrow_mut().dice.chance(0.1) {
                self.turn(number);
            }
        }
    }

    fn happen(self: &Rc<Self>, due: Due) {
        match due {
            Due::Input(planned) => self.world.borrow_mut().ingest(*planned),
            Due::Marker { id, epoch, txn, commit, part } => {
                self.world.borrow_mut().mark(&id, epoch, txn, commit, &part);
            }
            Due::EndTxn { id, epoch, commit } => {
                let mut world = self.world.borrow_mut();
                let outcome = world.end(&id, epoch, commit);
                world.note("late EndTxn arrives", || format!("of {id}: {outcome:?}"));
            }
            Due::Lost { client } => self.world.borrow_mut().lost(client),
            Due::Start { name } => {
                let slots = self.slots.borrow();
                let there: Vec<usize> =
                    slots.iter().filter(|(_, s)| s.name == name).map(|(n, _)| *n).collect();
                drop(slots);
                let fatal = |number: &usize| self.world.borrow().clients.get(number).is_some_and(|c| c.fatal);
                if there.is_empty() {
                    self.start(&name);
                } else if there.iter().all(fatal) {
                    // The one of that name still has to go.
                    self.world.borrow_mut().schedule(500, Due::Start { name });
                }
            }
            Due::ClockSet { by_ms } => self.world.borrow_mut().set_clocks(by_ms),
            Due::FullStop { .. } if self.depth.get() > 0 => self.world.borrow_mut().schedule(50, due),
            Due::FullStop { absence_ms, new_changelog } => self.stop_everything(absence_ms, new_changelog),
        }
    }

    /// A process is started: its producer first, which settles what the one before it left open.
    fn start(self: &Rc<Self>, name: &str) {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        let disk = {
            let mut world = self.world.borrow_mut();
            world.note("start", || format!("process {number} as {name}"));
            world.disks.entry(name.to_owned()).or_default().clone()
        };
        let epoch = loop {
            let epoch = self.world.borrow_mut().initialise(name);
            match epoch {
                Ok(epoch) => break epoch,
                Err(_) if self.is_judged() => return,
                Err(_) => self.pass(20),
            }
        };
        {
            let mut world = self.world.borrow_mut();
            world.clients.insert(number, Client::new(name));
            world.join(number);
        }
        let handle = Handle::new(self.clone(), number);
        let process = assemble(&handle, name, epoch, disk.clone(), self.sabotage);
        self.slots.borrow_mut().insert(number, Slot { process: Some(process), name: name.to_owned(), disk });
    }

    fn turn(self: &Rc<Self>, number: usize) {
        let process = self.slots.borrow_mut().get_mut(&number).and_then(|slot| slot.process.take());
        let Some(mut process) = process else { return };
        match catch_unwind(AssertUnwindSafe(|| process.turn())) {
            Ok(Ok(())) => {
                if let Some(slot) = self.slots.borrow_mut().get_mut(&number) {
                    slot.process = Some(process);
                }
            }
            Ok(Err(error)) => {
                drop(process);
                self.world.borrow_mut().note("end", || format!("process {number}: {error}"));
                self.ended(number, false);
            }
            Err(panic) => {
                drop(process);
                if !panic.is::<Crash>() {
                    let message = panic.downcast_ref::<String>().cloned();
                    let message =
                        message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                    self.world.borrow_mut().violated("panic", message.unwrap_or_default());
                }
                self.ended(number, true);
            }
        }
    }

    /// A process is gone; another is started in its place.
    fn ended(self: &Rc<Self>, number: usize, crashed: bool) {
        let Some(slot) = self.slots.borrow_mut().remove(&number) else { return };
        let mut world = self.world.borrow_mut();
        world.clients.remove(&number);
        let world = &mut *world;
        if crashed {
            slot.disk.borrow_mut().crash(&mut world.dice);
            if world.fault(|plan| plan.disk_lost) {
                world.note("disk lost", || slot.name.clone());
                world.disks.remove(&slot.name);
            }
        } else {
            // Closing it writes everything to disk.
            slot.disk.borrow_mut().close();
        }
        let after = match world.dice.index(10) {
            _ if world.calm => 50,
            0..5 => world.dice.between(50, 2_000),
            5..8 => world.dice.between(2_000, SESSION_MS),
            _ => world.dice.between(SESSION_MS, 2 * SESSION_MS),
        };
        world.schedule(after, Due::Start { name: slot.name });
    }

    /// What an operator does: stops a process in good order.
    fn operate(self: &Rc<Self>, elapsed: i64) {
        let numbers: Vec<usize> = self.slots.borrow().keys().copied().collect();
        for number in numbers {
            if !self.world.borrow_mut().fault(|plan| plan.drain * elapsed as f64 / 1_000.0) {
                continue;
            }
            let process = self.slots.borrow_mut().get_mut(&number).and_then(|slot| slot.process.take());
            let Some(process) = process else { continue };
            self.world.borrow_mut().note("drain", || format!("process {number}"));
            let drained = catch_unwind(AssertUnwindSafe(|| process.drain()));
            self.ended(number, drained.is_err());
        }
    }

    /// Everything is down for a while; what is compacted meanwhile is compacted, and the changelog may be another one
    /// afterwards, copied from its latest values.
    fn stop_everything(self: &Rc<Self>, absence_ms: i64, new_changelog: bool) {
        let numbers: Vec<usize> = self.slots.borrow().keys().copied().collect();
        for number in numbers {
            let process = self.slots.borrow_mut().get_mut(&number).and_then(|slot| slot.process.take());
            drop(process);
            self.ended(number, true);
        }
        let mut world = self.world.borrow_mut();
        world.note("full stop", || format!("for {absence_ms} ms, new changelog: {new_changelog}"));
        world.elapse(absence_ms);
        world.absent_ms += absence_ms;
        world.settle_transactions();
        let partitions = world.plan.partitions;
        for partition in 0..partitions {
            world.compact(partition);
            if new_changelog {
                world.remake_changelog(partition);
            }
        }
    }

    /// Whether everything is read and finished.
    pub fn is_settled(&self) -> bool {
        let world = self.world.borrow();
        let slots = self.slots.borrow();
        let quiet = world.to_come().next().is_none() && !world.coordinator.is_busy();
        let finished = (0..world.plan.partitions).all(|partition| {
            world.group.committed(partition) == world.log(catalog::EVENTS_NORMALIZED, partition).high()
                && world.owners(partition, slots.iter().map(|(n, s)| (*n, s.process.as_deref()))).len() == 1
        });
        quiet && finished && slots.len() == world.plan.instances
    }

    fn unsettled(&self) -> String {
        let world = self.world.borrow();
        let slots = self.slots.borrow();
        let partitions: Vec<String> = (0..world.plan.partitions)
            .map(|partition| {
                let log = world.log(catalog::EVENTS_NORMALIZED, partition);
                let owners = world.owners(partition, slots.iter().map(|(n, s)| (*n, s.process.as_deref())));
                format!(
                    "{partition}: {} of {}, with {owners:?}",
                    world.group.committed(partition),
                    log.high()
                )
            })
            .collect();
        format!("not finished {} s after everything was well again: {partitions:?}", SETTLE_MS / 1_000)
    }

    fn judge(&self) {
        let mut world = self.world.borrow_mut();
        let slots = self.slots.borrow();
        for partition in 0..world.plan.partitions {
            for owner in world.owners(partition, slots.iter().map(|(n, s)| (*n, s.process.as_deref()))) {
                world.judge_state(owner, partition);
            }
        }
        let holds = world.plan.max_held_events >= plan::ENOUGH_HELD_EVENTS;
        let judgement = world.oracle.judge_outputs(holds);
        world.take(judgement);
    }
}
