//! What the brokers say of the log that is read, at a restore and beside an engine.

use trunkline_kafka::logs::{
    AtLast, Compared, FirstUnread, LogNow, LogWatch, Looked, Mark, TopicId, Watched, mark,
};
use trunkline_schemas::{InboundRecord, catalog};

use crate::handle::Handle;
use crate::log::Entry;
use crate::world::World;

/// Looks at the logs between two turns, when the world likes.
pub struct ModelWatch {
    handle: Handle,
    watched: Vec<Watched>,
    urgent: bool,
    compared: Compared,
}

// === impl ModelWatch ===

impl ModelWatch {
    /// Nothing is read yet.
    pub fn new(handle: Handle) -> Self {
        Self { handle, watched: Vec::new(), urgent: false, compared: Compared::default() }
    }
}

impl LogWatch for ModelWatch {
    fn watch(&mut self, read: Vec<Watched>) {
        self.watched = read;
    }

    fn look_now(&mut self) {
        self.urgent = true;
    }

    fn take(&mut self) -> Vec<Looked> {
        let mut world = self.handle.world();
        if !world.dice.chance(0.05) {
            return Vec::new();
        }
        let urgent = std::mem::take(&mut self.urgent) || world.dice.chance(0.1);
        let looked = self.watched.iter().map(|watched| {
            let log = world.log(&watched.partition.topic, watched.partition.partition);
            let first = log.committed(watched.next, &world.coordinator.outcomes).next();
            let first = first.map_or(FirstUnread::Nothing, |entry| FirstUnread::Record {
                mark: mark(&record(watched.partition.partition, entry)),
                timestamp: entry.at,
            });
            let chosen = self.compared.choose(watched, urgent);
            self.compared.looked_at(watched);
            let at =
                |last: Option<Mark>| look(&world, watched.partition.partition, last.map(|last| last.offset));
            let differs = |last: &&Mark| at(Some(**last)).last.differs_from(**last);
            let last = chosen.iter().find(differs).or(chosen.last()).copied();
            Looked { watched: Watched { last, ..watched.clone() }, now: at(last), first, urgent }
        });
        looked.collect()
    }
}

/// What there is to say of a partition of the input, and of the record that lay there last.
pub fn look(world: &World, partition: i32, last: Option<i64>) -> LogNow {
    let log = world.log(catalog::EVENTS_NORMALIZED, partition);
    let last = match last.map(|offset| log.at(offset)) {
        None => AtLast::NotLooked,
        Some(None) => AtLast::Nothing,
        Some(Some(entry)) => {
            AtLast::Record { digest: mark(&record(partition, entry)).digest, leader_epoch: None }
        }
    };
    LogNow { topic_id: Some(TopicId(world.input_id)), start: log.low(), end: log.stable(), last }
}

/// An entry as a reader gets it.
fn record(partition: i32, entry: &Entry) -> InboundRecord {
    InboundRecord {
        topic: catalog::EVENTS_NORMALIZED.into(),
        partition,
        offset: entry.offset,
        key: entry.key.clone(),
        value: entry.value.clone(),
        headers: entry.headers.clone(),
        timestamp: entry.at,
        leader_epoch: None,
    }
}
