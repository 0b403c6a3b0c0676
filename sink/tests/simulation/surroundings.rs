//! The clock and the registry.

use std::cell::RefCell;
use std::rc::Rc;

use trunkline_kafka::ports::Clock;
use trunkline_kafka::{FetchedSchema, SchemaSource};
use trunkline_schemas::WriteBack;
use trunkline_schemas::codec::Value;

use crate::world::World;

/// The world's time.
pub struct WorldClock(pub Rc<RefCell<World>>);

/// The registry, which learns one schema late.
pub struct Registry {
    pub world: Rc<RefCell<World>>,
    /// Ids that were asked for, and when the answer comes.
    pub asked: Vec<(u32, i64)>,
}

// === impl WorldClock ===

impl Clock for WorldClock {
    fn now_ms(&self) -> i64 {
        self.0.borrow().now
    }
}

// === impl Registry ===

impl SchemaSource for Registry {
    fn fetch(&mut self, id: u32) {
        if self.asked.iter().all(|(asked, _)| *asked != id) {
            let mut world = self.world.borrow_mut();
            let at = world.now + world.dice.between(1, 3_000);
            self.asked.push((id, at));
        }
    }

    fn fetched(&mut self) -> Option<FetchedSchema> {
        let mut world = self.world.borrow_mut();
        let at = self.asked.iter().position(|(_, at)| *at <= world.now)?;
        let (id, _) = self.asked.swap_remove(at);
        let known = world.now >= world.known_from;
        world.note(format!("schema {id} is known: {known}"));
        Some(FetchedSchema { id, schema: known.then(|| WriteBack::SCHEMA.to_owned()) })
    }
}
