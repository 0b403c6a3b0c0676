//! What the brokers say of the log of commands, when a partition is assigned and beside a worker.

use std::cell::RefCell;
use std::rc::Rc;

use trunkline_kafka::logs::{
    AtLast, Compared, FirstUnread, LogLooks, LogNow, LogPosition, LogWatch, Looked, Mark, TopicId, Watched,
    mark,
};
use trunkline_kafka::{ConsumerError, TopicPartition};

use crate::brokers::{no_answer, unanswered};
use crate::world::World;

/// Looks at the logs of one process.
pub struct Logs {
    world: Rc<RefCell<World>>,
    watched: Vec<Watched>,
    urgent: bool,
    compared: Compared,
}

// === impl Logs ===

impl Logs {
    /// Nothing is read yet.
    pub fn new(world: Rc<RefCell<World>>) -> Self {
        Self { world, watched: Vec::new(), urgent: false, compared: Compared::default() }
    }
}

impl LogLooks for Logs {
    fn look(
        &mut self,
        partitions: &[(TopicPartition, Option<LogPosition>)],
    ) -> Result<Vec<LogNow>, ConsumerError> {
        if unanswered(&mut self.world.borrow_mut()) {
            return Err(no_answer("reading watermarks"));
        }
        let world = self.world.borrow();
        let looked = partitions.iter().map(|(partition, saved)| {
            let last = saved.and_then(|saved| saved.last).map(|last| last.offset);
            look(&world, partition.partition as usize, last)
        });
        Ok(looked.collect())
    }
}

impl LogWatch for Logs {
    fn watch(&mut self, read: Vec<Watched>) {
        self.watched = read;
    }

    fn look_now(&mut self) {
        self.urgent = true;
    }

    fn take(&mut self) -> Vec<Looked> {
        let mut world = self.world.borrow_mut();
        // While no broker answers it sees nothing.
        if !world.dice.chance(0.05) || world.is_away() {
            return Vec::new();
        }
        let urgent = std::mem::take(&mut self.urgent) || world.dice.chance(0.1);
        let looked = self.watched.iter().map(|watched| {
            let partition = watched.partition.partition as usize;
            let first = world.log[partition].range(watched.next..).next();
            let first = first.map_or(FirstUnread::Nothing, |(_, record)| FirstUnread::Record {
                mark: mark(record),
                timestamp: record.timestamp,
            });
            let chosen = self.compared.choose(watched, urgent);
            self.compared.looked_at(watched);
            let at = |last: Option<Mark>| look(&world, partition, last.map(|last| last.offset));
            let differs = |last: &&Mark| at(Some(**last)).last.differs_from(**last);
            let last = chosen.iter().find(differs).or(chosen.last()).copied();
            Looked { watched: Watched { last, ..watched.clone() }, now: at(last), first, urgent }
        });
        looked.collect()
    }
}

fn look(world: &World, partition: usize, last: Option<i64>) -> LogNow {
    let last = match last.map(|offset| world.log[partition].get(&offset)) {
        None => AtLast::NotLooked,
        Some(None) => AtLast::Nothing,
        Some(Some(record)) => AtLast::Record { digest: mark(record).digest, leader_epoch: None },
    };
    LogNow { topic_id: Some(TopicId(world.topic_ids[partition])), start: 0, end: world.end(partition), last }
}
