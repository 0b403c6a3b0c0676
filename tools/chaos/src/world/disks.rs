//! Disks that state lies on.

use super::Played::{Nowhere, Simulation, Test};
use super::{WorldFault, chaos, fault};
use crate::kind::Kind;

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "state-disk-full",
        "The disk of a processor's state is full; at a flush, or at a start.",
        &["I2", "I4"],
        &[chaos(Kind::DiskFull, 2)],
    ),
    fault(
        "state-disk-lost",
        "A processor comes back without its state. One in four of chaos' kills takes it away.",
        &["I2", "I4"],
        &[Simulation],
    ),
    fault(
        "state-falls-back",
        "What was not flushed is gone: the state is that of some moment before.",
        &["I4"],
        &[Simulation],
    ),
    fault(
        "state-block-damaged",
        "A block of the state is not what was written.",
        &["I2", "I4"],
        &[
            Test("processor/src/state/store.rs::a_damaged_store_is_set_aside_and_one_in_use_is_not"),
            Test("processor/src/state/store.rs::damage_that_shows_only_when_it_is_read_is_known_as_such"),
        ],
    ),
    fault(
        "state-disk-slow",
        "The disk answers in seconds.",
        &["I12"],
        &[Nowhere("takes a device that only root can make, and a kernel that has one")],
    ),
    fault(
        "state-disk-read-only",
        "The kernel takes the disk for broken and lets nobody write.",
        &["I4", "I12"],
        &[Nowhere("takes root; to the processor it is a full disk, which chaos plays")],
    ),
];
