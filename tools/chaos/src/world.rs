//! What network, brokers, topics, operators, clocks, disks, machines, platforms, outside systems and the registry can
//! do to the pipeline: a list from outside, of what there is in the world and not of what the code handles. Each
//! entry says where it is played.
//!
//! The random schedule ([`crate::schedule`]) takes its counts from here, and the table in `docs/failures.md` is this
//! one.
//!
//! # Layout
//!
//! - one file for each who does it
//! - [`markdown`]: the table for people

pub mod markdown;

mod brokers;
mod clocks;
mod disks;
mod machines;
mod network;
mod operators;
mod platforms;
mod registry;
mod systems;
mod topics;

use crate::kind::Kind;

/// Something that the world can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorldFault {
    /// Its name.
    pub id: &'static str,
    /// What happens, in plain words.
    pub what: &'static str,
    /// The invariants that it threatens.
    pub threatens: &'static [&'static str],
    /// Where it is played; at least one entry.
    pub played: &'static [Played],
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// What lies between two processes.
    Network,
    /// Kafka's brokers and coordinators.
    Brokers,
    /// The logs: what becomes of them and of what they hold.
    Topics,
    /// People with the usual tools, and their scripts.
    Operators,
    /// Wall clocks.
    Clocks,
    /// Disks that state lies on.
    Disks,
    /// Machines, and the processes on them.
    Machines,
    /// Contact-centre platforms, as sources.
    Platforms,
    /// CRMs and platforms, as targets.
    Systems,
    /// The schema registry.
    Registry,
}

/// Where a fault is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// In the simulation of the processor (`./run simulate`).
    Simulation,
    /// In the random schedule (`./run chaos`).
    Chaos {
        /// As what.
        kind: Kind,
        /// How often in ten minutes; a shorter run has its share.
        per_ten_minutes: usize,
    },
    /// In a run of its own (`./run chaos --case NAME`).
    Case(&'static str),
    /// In a test, `path/of/the/file.rs::name_of_the_function`.
    Test(&'static str),
    /// Nowhere yet, and why.
    Nowhere(&'static str),
}

/// Everything, by who does it.
pub const TABLE: &[(Who, &[WorldFault])] = &[
    (Who::Network, network::FAULTS),
    (Who::Brokers, brokers::FAULTS),
    (Who::Topics, topics::FAULTS),
    (Who::Operators, operators::FAULTS),
    (Who::Clocks, clocks::FAULTS),
    (Who::Disks, disks::FAULTS),
    (Who::Machines, machines::FAULTS),
    (Who::Platforms, platforms::FAULTS),
    (Who::Systems, systems::FAULTS),
    (Who::Registry, registry::FAULTS),
];

/// Every fault.
pub fn faults() -> impl Iterator<Item = &'static WorldFault> {
    TABLE.iter().flat_map(|(_, faults)| faults.iter())
}

/// How often the random schedule plays a kind in ten minutes.
pub fn per_ten_minutes(wanted: Kind) -> usize {
    let counts = faults().flat_map(|fault| fault.played).filter_map(|played| match played {
        Played::Chaos { kind, per_ten_minutes } if *kind == wanted => Some(*per_ten_minutes),
        _ => None,
    });
    counts.sum()
}

const fn fault(
    id: &'static str,
    what: &'static str,
    threatens: &'static [&'static str],
    played: &'static [Played],
) -> WorldFault {
    WorldFault { id, what, threatens, played }
}

const fn chaos(kind: Kind, per_ten_minutes: usize) -> Played {
    Played::Chaos { kind, per_ten_minutes }
}

#[cfg(test)]
mod tests;
