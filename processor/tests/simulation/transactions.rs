//! The transaction coordinator: ids, epochs, and transactions that are decided at once and marked later,
//! partition by partition. As Kafka before KIP-890 does it, which is what librdkafka speaks: the epoch of a
//! producer changes when it is initialised and when the coordinator gives up on it, not with every
//! transaction.

use std::collections::{BTreeMap, BTreeSet};

use crate::log::Txn;

/// A coordinator aborts a transaction that was open for this long; milliseconds.
pub const TIMEOUT_MS: i64 = 10_000;

/// A partition that takes part in a transaction; `None` is the group's offsets.
pub type Part = Option<(String, i32)>;

/// Why a coordinator refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A later epoch is there.
    Fenced,
    /// The transaction before is not marked everywhere yet: try again.
    Concurrent,
    /// There is no transaction that could be ended so, or written to.
    State,
}

/// How each transaction ended.
#[derive(Debug, Default)]
pub struct Outcomes(Vec<Option<bool>>);

/// One transactional id.
#[derive(Debug)]
struct Producer {
    number: u64,
    epoch: i32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing is open; how the last transaction ended.
    Idle {
        last: Option<bool>,
    },
    Ongoing {
        txn: Txn,
        since: i64,
        parts: BTreeSet<Part>,
    },
    /// Decided, and to be marked in these partitions.
    Ending {
        txn: Txn,
        commit: bool,
        left: BTreeSet<Part>,
    },
}

/// What follows from a decision: a marker for every part.
#[derive(Debug)]
pub struct Decision {
    /// The transaction.
    pub txn: Txn,
    /// Committed, or aborted.
    pub commit: bool,
    /// To be marked.
    pub parts: Vec<Part>,
}

/// All transactional ids.
#[derive(Debug, Default)]
pub struct Coordinator {
    producers: BTreeMap<String, Producer>,
    /// How each transaction ended.
    pub outcomes: Outcomes,
}

// === impl Outcomes ===

impl Outcomes {
    /// Whether what a transaction wrote counts; what none wrote does.
    pub fn is_committed(&self, txn: Option<Txn>) -> bool {
        txn.is_none_or(|txn| self.0[txn as usize] == Some(true))
    }
}

// === impl Coordinator ===

impl Coordinator {
    /// Initialises a producer: what is open is aborted first, then the epoch is raised.
    pub fn initialise(&mut self, id: &str) -> (Result<i32, Refusal>, Option<Decision>) {
        let number = self.producers.len() as u64;
        let producer = self.producers.entry(id.to_owned()).or_insert(Producer {
            number,
            epoch: 0,
            state: State::Idle { last: None },
        });
        match producer.state {
            State::Idle { .. } => {
                producer.epoch += 1;
                producer.state = State::Idle { last: None };
                (Ok(producer.epoch), None)
            }
            State::Ending { .. } => (Err(Refusal::Concurrent), None),
            State::Ongoing { .. } => (Err(Refusal::Concurrent), self.give_up(id)),
        }
    }

    /// The number of a producer.
    pub fn number(&self, id: &str) -> u64 {
        self.producers[id].number
    }

    /// The epoch that markers of a producer carry.
    pub fn epoch(&self, id: &str) -> i32 {
        self.producers[id].epoch
    }

    /// Adds a part to a producer's transaction, and starts it if need be.
    pub fn add(&mut self, id: &str, epoch: i32, part: Part, now: i64) -> Result<Txn, Refusal> {
        let next = self.outcomes.0.len() as Txn;
        let producer = self.current(id, epoch)?;
        match &mut producer.state {
            State::Ending { .. } => Err(Refusal::Concurrent),
            State::Ongoing { txn, parts, .. } => {
                parts.insert(part);
                Ok(*txn)
            }
            State::Idle { .. } => {
                producer.state = State::Ongoing { txn: next, since: now, parts: BTreeSet::from([part]) };
                self.outcomes.0.push(None);
                Ok(next)
            }
        }
    }

    /// The transaction that a partition's leader lets a producer's first record into: it asks back (KIP-890, part 1).
    pub fn verify(&self, id: &str, epoch: i32, part: &Part) -> Result<Txn, Refusal> {
        let producer = &self.producers[id];
        match &producer.state {
            _ if producer.epoch != epoch => Err(Refusal::Fenced),
            State::Ongoing { txn, parts, .. } if parts.contains(part) => Ok(*txn),
            _ => Err(Refusal::State),
        }
    }

    /// Ends a producer's transaction, whichever that is: a request says only whose, not which.
    pub fn end(&mut self, id: &str, epoch: i32, commit: bool) -> Result<Option<Decision>, Refusal> {
        match self.current(id, epoch)?.state {
            State::Ongoing { .. } => Ok(self.decide(id, commit)),
            State::Ending { commit: decided, .. } if decided == commit => Ok(None),
            State::Idle { last } if last == Some(commit) => Ok(None),
            State::Ending { .. } | State::Idle { .. } => Err(Refusal::State),
        }
    }

    /// Gives up on producers whose transactions are open for too long.
    pub fn time_out(&mut self, now: i64) -> Vec<(String, Decision)> {
        let overdue: Vec<String> = self
            .producers
            .iter()
            .filter(|(_, p)| matches!(p.state, State::Ongoing { since, .. } if now - since > TIMEOUT_MS))
            .map(|(id, _)| id.clone())
            .collect();
        overdue.into_iter().filter_map(|id| self.give_up(&id).map(|decision| (id, decision))).collect()
    }

    /// A part is marked.
    pub fn marked(&mut self, id: &str, txn: Txn, part: &Part) {
        let Some(producer) = self.producers.get_mut(id) else { return };
        if let State::Ending { txn: ending, commit, left } = &mut producer.state
            && *ending == txn
        {
            left.remove(part);
            if left.is_empty() {
                producer.state = State::Idle { last: Some(*commit) };
            }
        }
    }

    /// Whether any transaction is open or not marked everywhere.
    pub fn is_busy(&self) -> bool {
        self.producers.values().any(|producer| !matches!(producer.state, State::Idle { .. }))
    }

    fn current(&mut self, id: &str, epoch: i32) -> Result<&mut Producer, Refusal> {
        match self.producers.get_mut(id) {
            Some(producer) if producer.epoch == epoch => Ok(producer),
            _ => Err(Refusal::Fenced),
        }
    }

    /// Aborts, and fences whoever had it open.
    fn give_up(&mut self, id: &str) -> Option<Decision> {
        if let Some(producer) = self.producers.get_mut(id) {
            producer.epoch += 1;
        }
        self.decide(id, false)
    }

    fn decide(&mut self, id: &str, commit: bool) -> Option<Decision> {
        let producer = self.producers.get_mut(id)?;
        let State::Ongoing { txn, parts, .. } = &producer.state else { return None };
        let decision = Decision { txn: *txn, commit, parts: parts.iter().cloned().collect() };
        producer.state = State::Ending { txn: decision.txn, commit, left: parts.clone() };
        self.outcomes.0[decision.txn as usize] = Some(commit);
        Some(decision)
    }
}
