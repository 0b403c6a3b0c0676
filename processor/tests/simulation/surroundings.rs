//! The clock, the CRMs and the registry, each slower or wronger than one would like.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use trunkline_kafka::ports::Clock;
use trunkline_kafka::{FetchedSchema, SchemaSource};
use trunkline_partition::task::LookupRequest;
use trunkline_processor::engine::ProfileLookups;
use trunkline_schemas::{CustomerProfile, ProfileSource, SourceStatus};

use crate::handle::Handle;
use crate::input;

/// A clock that is off.
pub struct ModelClock {
    now: Rc<Cell<i64>>,
    skew_ms: i64,
}

/// The CRMs.
pub struct ModelLookups {
    handle: Handle,
    /// When each answers.
    under_way: BTreeMap<String, i64>,
}

/// The registry.
pub struct ModelRegistry {
    handle: Handle,
    under_way: BTreeMap<u32, i64>,
}

// === impl ModelClock ===

impl ModelClock {
    /// Goes with the world's time, this much ahead.
    pub fn new(now: Rc<Cell<i64>>, skew_ms: i64) -> Self {
        Self { now, skew_ms }
    }
}

impl Clock for ModelClock {
    fn now_ms(&self) -> i64 {
        self.now.get() + self.skew_ms
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
        due.into_iter().map(|customer| profile(customer, now)).collect()
    }

    fn in_flight(&self) -> usize {
        self.under_way.len()
    }

    fn is_saturated(&self) -> bool {
        self.under_way.len() > 3
    }
}

fn profile(customer: String, now: i64) -> CustomerProfile {
    CustomerProfile {
        account_name: Some(format!("account of {customer}")),
        customer_id: customer,
        loyalty_tier: None,
        balance: None,
        currency: None,
        open_tickets: Some(1),
        last_interaction_date: None,
        source_systems: vec!["salesforce".to_owned()],
        sources: vec![ProfileSource {
            system: "salesforce".to_owned(),
            status: SourceStatus::Ok,
            fetched_at: Some(now),
            latency_ms: Some(5),
        }],
        last_updated: now,
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
