//! The things that go wrong.

use std::fmt;
use std::time::Duration;

use trunkline_simulators::System;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// With one processor.
    Processor {
        /// Which.
        processor: usize,
        /// What.
        fault: ProcessorFault,
    },
    /// Every processor in turn is asked to stop, drains, and is started again.
    RollingRestart,
    /// `kill -9` of a broker.
    KillBroker {
        /// Which.
        broker: usize,
        /// How long it stays away.
        away: Duration,
    },
    /// With the sink.
    Sink(Interruption),
    /// With ingest.
    Ingest(Interruption),
    /// With one of the outside systems.
    System {
        /// Which.
        system: System,
        /// What.
        lapse: Lapse,
    },
}

/// What goes wrong with a process that has no others beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// `kill -9`; it comes back under the same name.
    Killed {
        /// How long it stays away.
        away: Duration,
    },
    /// SIGSTOP and SIGCONT.
    Frozen {
        /// How long.
        length: Duration,
    },
}

/// What goes wrong with an outside system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// Everything is answered 503.
    Down {
        /// For how long.
        length: Duration,
    },
    /// Every answer takes longer.
    Slow {
        /// By how much.
        latency: Duration,
        /// For how long.
        length: Duration,
    },
    /// One request in three takes effect, and its answer never comes.
    AnswersLost {
        /// For how long.
        length: Duration,
    },
    /// Every token given out so far is invalid.
    TokensRevoked,
}

/// What goes wrong with one processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorFault {
    /// `kill -9`; it comes back under the same name, with its state or without.
    Killed {
        /// How long it stays away. Beyond [`SESSION_TIMEOUT`] its partitions go to others.
        away: Duration,
        /// Whether its state folder is deleted meanwhile.
        state_lost: bool,
    },
    /// SIGSTOP, and SIGCONT when its partitions have long been others': a zombie.
    Frozen {
        /// How long.
        length: Duration,
        /// In the middle of a commit: its EndTxn is held so long, and arrives when others are about to take over.
        commit_after: Option<Duration>,
    },
    /// All its connections to the brokers are cut; it may connect again at once.
    Cut,
    /// Everything to and from the brokers takes longer.
    Slow {
        /// By how much, one way.
        latency: Duration,
        /// For how long.
        length: Duration,
    },
    /// Nothing comes through, and nothing says so; what was sent arrives when it is over.
    Blackhole {
        /// To and from one broker; all of them without.
        broker: Option<usize>,
        /// For how long.
        length: Duration,
    },
    /// One EndTxn is held back for longer than the client waits for its answer, and delivered then.
    DelayedEndTxn {
        /// For how long.
        hold: Duration,
    },
    /// The connection is cut with one EndTxn under way, which is held back for so short a time that the
    /// client, which asks again, may have gone on to its next transaction.
    OvertakenEndTxn {
        /// For how long.
        hold: Duration,
    },
    /// One EndTxn is delivered, and the connection cut before the answer is back.
    LostEndTxnAnswer,
    /// The disk of its state is full.
    FullDisk {
        /// For how long.
        length: Duration,
        /// Whether it is killed meanwhile and has to start on the full disk.
        killed: bool,
    },
}

/// Whom a fault befalls. Faults of one lane do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// One processor.
    Processor(usize),
    /// All processors, one after another.
    Rig,
    /// The brokers.
    Brokers,
    /// The sink.
    Sink,
    /// Ingest.
    Ingest,
    /// One of the outside systems.
    System(System),
}

/// After this long without a heartbeat the group gives a processor's partitions to others.
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(10);
/// After this long a processor's producer gives up waiting for an answer, and connects anew.
pub const SOCKET_TIMEOUT: Duration = Duration::from_secs(5);
/// Time left to a processor to recover before the next thing happens to it.
const RECOVERY: Duration = Duration::from_secs(2);
/// Time that a broker takes to come back and catch up, on a busy machine.
const BROKER_RECOVERY: Duration = Duration::from_secs(20);

// === impl Fault ===

impl Fault {
    /// Whom it befalls.
    pub fn lane(&self) -> Lane {
        match *self {
            Self::Processor { processor, .. } => Lane::Processor(processor),
            Self::RollingRestart => Lane::Rig,
            Self::KillBroker { .. } => Lane::Brokers,
            Self::Sink(_) => Lane::Sink,
            Self::Ingest(_) => Lane::Ingest,
            Self::System { system, .. } => Lane::System(system),
        }
    }

    /// The time it takes, with that for the recovery.
    pub fn room(&self) -> Duration {
        match *self {
            Self::Processor { fault, .. } => fault.room(),
            Self::RollingRestart => RECOVERY,
            Self::KillBroker { away, .. } => away + BROKER_RECOVERY,
            Self::Sink(interruption) | Self::Ingest(interruption) => interruption.room(),
            Self::System { lapse, .. } => lapse.room(),
        }
    }
}

impl Interruption {
    /// The time it takes, with that for the recovery.
    pub fn room(&self) -> Duration {
        let (Self::Killed { away: length } | Self::Frozen { length }) = *self;
        length + RECOVERY
    }
}

impl Lapse {
    /// The time it takes, with that for the recovery.
    pub fn room(&self) -> Duration {
        let length = match *self {
            Self::Down { length } | Self::Slow { length, .. } | Self::AnswersLost { length } => length,
            Self::TokensRevoked => Duration::ZERO,
        };
        length + RECOVERY
    }
}

impl ProcessorFault {
    /// The time it takes, with that for the recovery.
    pub fn room(&self) -> Duration {
        let length = match *self {
            Self::Killed { away, .. } => away,
            Self::Frozen { length, .. }
            | Self::Slow { length, .. }
            | Self::Blackhole { length, .. }
            | Self::FullDisk { length, .. } => length,
            Self::DelayedEndTxn { hold } | Self::OvertakenEndTxn { hold } => hold,
            Self::Cut | Self::LostEndTxnAnswer => Duration::ZERO,
        };
        length + RECOVERY
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor { processor, fault } => {
                write!(formatter, "processor-{processor} {fault}")
            }
            Self::RollingRestart => write!(formatter, "the processors are restarted, one after another"),
            Self::KillBroker { broker, away } => {
                write!(formatter, "broker-{broker} is killed and comes back in {away:.1?}")
            }
            Self::Sink(interruption) => write!(formatter, "sink-0 {interruption}"),
            Self::Ingest(interruption) => write!(formatter, "ingest-0 {interruption}"),
            Self::System { system, lapse } => write!(formatter, "{system} {lapse}"),
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Killed { away } => write!(formatter, "is killed and comes back in {away:.1?}"),
            Self::Frozen { length } => write!(formatter, "is frozen for {length:.1?}"),
        }
    }
}

impl fmt::Display for Lapse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Down { length } => write!(formatter, "is down for {length:.1?}"),
            Self::Slow { latency, length } => {
                write!(formatter, "answers {latency:.0?} later for {length:.1?}")
            }
            Self::AnswersLost { length } => write!(formatter, "keeps answers to itself for {length:.1?}"),
            Self::TokensRevoked => write!(formatter, "revokes every token"),
        }
    }
}

impl fmt::Display for ProcessorFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Killed { away, state_lost } => {
                let state = if state_lost { " without its state" } else { "" };
                write!(formatter, "is killed and comes back in {away:.1?}{state}")
            }
            Self::Frozen { length, commit_after } => {
                write!(formatter, "is frozen for {length:.1?}")?;
                match commit_after {
                    Some(hold) => write!(formatter, " while it commits; its EndTxn is held for {hold:.1?}"),
                    None => Ok(()),
                }
            }
            Self::Cut => write!(formatter, "has its connections cut"),
            Self::Slow { latency, length } => {
                write!(formatter, "has connections {latency:.0?} slower for {length:.1?}")
            }
            Self::Blackhole { broker: Some(broker), length } => {
                write!(formatter, "reaches broker-{broker} no more for {length:.1?}")
            }
            Self::Blackhole { broker: None, length } => {
                write!(formatter, "reaches no broker for {length:.1?}")
            }
            Self::DelayedEndTxn { hold } => write!(formatter, "has its next EndTxn held for {hold:.1?}"),
            Self::OvertakenEndTxn { hold } => {
                write!(formatter, "is cut off at its next EndTxn, which arrives {hold:.1?} later")
            }
            Self::LostEndTxnAnswer => write!(formatter, "loses the answer to its next EndTxn"),
            Self::FullDisk { length, killed } => {
                let killed = if killed { ", and is killed meanwhile" } else { "" };
                write!(formatter, "has a full disk for {length:.1?}{killed}")
            }
        }
    }
}
