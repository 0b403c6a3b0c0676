//! The clock, the CRMs and the registry, each slower or wronger than one would like.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use trunkline_kafka::ports::Clock;
use trunkline_kafka::{FetchedSchema, SchemaSource, Steady};
use trunkline_partition::task::LookupRequest;
use trunkline_processor::engine::{InputEnds, ProfileLookups, ProfileRecords};
use trunkline_profiles::{ProfileData, ProfilePart, merge};
use trunkline_schemas::codec::{Decoder, Value};
use trunkline_schemas::{CustomerProfile, SourceStatus, catalog};
use trunkline_systems::System;

use crate::handle::Handle;
use crate::input;
use crate::saboteurs::Sabotage;

/// The only source that is asked.
pub const SOURCE: &str = "salesforce";

/// The clock of a machine whose time of day is off, and is set while a process runs: the process's own goes on. Its
/// clones are the same one, as those of the real one are.
#[derive(Clone)]
pub struct ModelClock {
    now: Rc<Cell<i64>>,
    /// By how much times of day were set since the beginning.
    set_by: Rc<Cell<i64>>,
    steady: Rc<RefCell<Steady>>,
    started: i64,
    skew_ms: i64,
}

/// Where partitions end, asked for in passing.
pub struct ModelEnds {
    handle: Handle,
    sabotage: Option<Sabotage>,
    under_way: Option<Asked>,
}

/// A question about the ends of partitions.
struct Asked {
    partitions: Vec<i32>,
    answered_at: i64,
    /// What the answer says, where the leader looked at once.
    early: Option<Vec<(i32, i64)>>,
}

/// The CRMs.
pub struct ModelLookups {
    handle: Handle,
    /// When each answers.
    under_way: BTreeMap<String, i64>,
}

/// What instances read of each other's profiles.
pub struct ModelProfileRecords {
    handle: Handle,
    /// The next offset of each partition.
    next: BTreeMap<i32, i64>,
    follows: bool,
}

/// The registry.
pub struct ModelRegistry {
    handle: Handle,
    under_way: BTreeMap<u32, i64>,
}

// === impl ModelClock ===

impl ModelClock {
    /// Goes with the world's time, this much ahead; `set_by` is what is done to times of day.
    pub fn new(now: Rc<Cell<i64>>, set_by: Rc<Cell<i64>>, skew_ms: i64) -> Self {
        let started = now.get();
        let skew_ms = skew_ms - set_by.get();
        let steady = Rc::new(RefCell::new(Steady::start(started + skew_ms + set_by.get())));
        Self { now, set_by, steady, started, skew_ms }
    }
}

impl Clock for ModelClock {
    fn now_ms(&self) -> i64 {
        let now = self.now.get();
        self.steady.borrow_mut().now(now - self.started, || now + self.skew_ms + self.set_by.get())
    }
}

// === impl ModelEnds ===

impl ModelEnds {
    /// Nothing asked yet.
    pub fn new(handle: Handle, sabotage: Option<Sabotage>) -> Self {
        Self { handle, sabotage, under_way: None }
    }

    fn ends(&self, partitions: &[i32]) -> Vec<(i32, i64)> {
        // Whoever takes silence for the end finds it reached.
        let silence = self.sabotage == Some(Sabotage::SilenceIsTheEnd);
        let world = self.handle.world();
        let end = |partition: i32| world.log(catalog::EVENTS_NORMALIZED, partition).high();
        partitions.iter().map(|p| (*p, if silence { 0 } else { end(*p) })).collect()
    }
}

impl InputEnds for ModelEnds {
    fn ask(&mut self, partitions: Vec<i32>) {
        // The leader looks at it when the question arrives, or when the answer leaves: as early or late as it can be.
        let is_early = self.handle.world().dice.chance(0.5);
        let early = is_early.then(|| self.ends(&partitions));
        let mut world = self.handle.world();
        world.count("end of a partition asked for");
        let delay = if world.fault(|plan| plan.slow_ends) {
            world.count("slow answer about an end");
            world.dice.between(100, 6_000)
        } else {
            world.dice.between(0, 10)
        };
        self.under_way = Some(Asked { partitions, answered_at: world.now() + delay, early });
    }

    fn answer(&mut self) -> Option<Vec<(i32, i64)>> {
        let now = self.handle.world().now();
        let Asked { partitions, early, .. } = self.under_way.take_if(|asked| asked.answered_at <= now)?;
        let away = self.handle.world().clients.get(&self.handle.number)?.unreachable_until > now;
        if away {
            return Some(Vec::new());
        }
        Some(early.unwrap_or_else(|| self.ends(&partitions)))
    }
}

// === impl ModelLookups ===

impl ModelLookups {
    /// Nothing under way.
    pub fn new(handle: Handle) -> Self {
        Self { handle, under_way: BTreeMap::new() }
    }
}

impl ProfileLookups for ModelLookups {
    fn request(&mut self, LookupRequest { customer, .. }: LookupRequest) {
        if self.under_way.contains_key(&customer) {
            return;
        }
        let mut world = self.handle.world();
        let (slow, lost) = (world.plan.slow_lookups, world.plan.lost_lookups);
        let delay = if world.dice.chance(lost) {
            world.note("lost lookup", || customer.clone());
            20_000
        } else if world.dice.chance(slow) {
            world.count("slow lookup");
            world.dice.between(200, 3_000)
        } else {
            world.dice.between(1, 60)
        };
        self.under_way.insert(customer, world.now() + delay);
    }

    fn forget(&mut self, customer: &str) {
        self.under_way.remove(customer);
    }

    fn take_answers(&mut self) -> Vec<CustomerProfile> {
        let now = self.handle.world().now();
        let due: Vec<String> = self
            .under_way
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(customer, _)| customer.clone())
            .collect();
        for customer in &due {
            self.under_way.remove(customer);
        }
        due.iter().map(|customer| profile(customer, now)).collect()
    }

    fn in_flight(&self) -> usize {
        self.under_way.len()
    }

    fn is_saturated(&self) -> bool {
        self.under_way.len() > 3
    }
}

fn profile(customer: &str, now: i64) -> CustomerProfile {
    let data = ProfileData {
        account_name: Some(format!("account of {customer}")),
        open_tickets: Some(1),
        ..ProfileData::default()
    };
    let part = ProfilePart {
        source: SOURCE.to_owned(),
        system: System::Salesforce,
        status: SourceStatus::Ok,
        fetched_at: Some(now),
        latency_ms: 5,
        data,
        identity: None,
    };
    merge(customer, &[part], now)
}

// === impl ModelProfileRecords ===

impl ModelProfileRecords {
    /// Reads nothing yet.
    pub fn new(handle: Handle) -> Self {
        Self { handle, next: BTreeMap::new(), follows: false }
    }
}

impl ProfileRecords for ModelProfileRecords {
    fn owns(&mut self, partitions: usize) {
        let world = self.handle.world();
        let all = world.plan.partitions;
        let follows = i32::try_from(partitions).is_ok_and(|partitions| partitions < all);
        if follows && !self.follows {
            let ends = (0..all).map(|p| (p, world.log(catalog::CUSTOMER_PROFILES, p).high()));
            self.next = ends.collect();
        }
        self.follows = follows;
    }

    fn next(&mut self) -> Option<(String, Option<CustomerProfile>)> {
        if !self.follows {
            return None;
        }
        let mut world = self.handle.world();
        if world.clients.get(&self.handle.number)?.unreachable_until > world.now() {
            return None;
        }
        let read = self.next.iter_mut().find_map(|(partition, next)| {
            let log = world.log(catalog::CUSTOMER_PROFILES, *partition);
            let entry = log.committed(*next, &world.coordinator.outcomes).next()?;
            *next = entry.offset + 1;
            entry.value.clone()
        })?;
        world.count("profile of another instance or our own read");
        let mut decoder = Decoder::<CustomerProfile>::new();
        let writer = decoder.add_writer(input::OUTPUT_SCHEMA, CustomerProfile::SCHEMA);
        let read = writer.and_then(|()| decoder.decode(&read)).ok()?;
        Some((read.customer_id.clone(), Some(read)))
    }
}

// === impl ModelRegistry ===

impl ModelRegistry {
    /// Nothing asked yet.
    pub fn new(handle: Handle) -> Self {
        Self { handle, under_way: BTreeMap::new() }
    }
}

impl SchemaSource for ModelRegistry {
    fn fetch(&mut self, id: u32) {
        let mut world = self.handle.world();
        let slow = world.plan.slow_registry;
        let delay = if world.dice.chance(slow) {
            world.count("slow registry");
            world.dice.between(500, 8_000)
        } else {
            world.dice.between(1, 30)
        };
        let due = world.now() + delay;
        self.under_way.entry(id).or_insert(due);
    }

    fn fetched(&mut self) -> Option<FetchedSchema> {
        let now = self.handle.world().now();
        let id = self.under_way.iter().find(|(_, at)| **at <= now).map(|(id, _)| *id)?;
        self.under_way.remove(&id);
        Some(FetchedSchema { id, schema: input::schema(id) })
    }
}
