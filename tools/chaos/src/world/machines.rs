//! Machines, and the processes on them.

use super::Played::{Case, Nowhere, Simulation, Test};
use super::{WorldFault, chaos, fault};
use crate::kind::Kind;

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "processor-killed",
        "A processor dies as by `kill -9`, and comes back at once or after its partitions have moved.",
        &["I2", "I3", "I4"],
        &[
            chaos(Kind::ProcessorKilled, 54),
            Simulation,
            Test("tests/tests/crashes.rs::a_killed_processor_that_returns_loses_and_doubles_nothing"),
        ],
    ),
    fault(
        "processor-frozen-for-long",
        "A processor stands still until others have its partitions, and wakes up in the middle of a commit.",
        &["I2", "I4"],
        &[chaos(Kind::ProcessorFrozen, 7), Simulation],
    ),
    fault(
        "processor-frozen-shortly",
        "A processor stands still for less than its session: nobody takes over, a backlog waits.",
        &["I3"],
        &[Simulation, Case("processor-frozen")],
    ),
    fault(
        "backlog",
        "A processor comes back to a backlog in which events overtake each other within the hold.",
        &["I3"],
        &[Simulation, Case("backlog-within-hold")],
    ),
    fault(
        "sink-killed",
        "The sink dies as by `kill -9` with calls under way, and comes back.",
        &["I5", "I6", "I7"],
        &[
            chaos(Kind::SinkKilled, 10),
            Test("tests/tests/target_outage.rs::a_sink_killed_while_its_calls_hang_finds_out_what_they_did"),
        ],
    ),
    fault(
        "sink-frozen",
        "The sink stands still for seconds with calls under way.",
        &["I5", "I6"],
        &[chaos(Kind::SinkFrozen, 5)],
    ),
    fault(
        "ingest-killed",
        "Ingest dies as by `kill -9` with requests under way, and comes back.",
        &["I1", "I9"],
        &[
            chaos(Kind::IngestKilled, 10),
            Test("tests/tests/crashes.rs::a_killed_sink_and_a_killed_ingest_lose_and_double_nothing"),
        ],
    ),
    fault(
        "ingest-frozen",
        "Ingest stands still for seconds: requests wait, and are sent again.",
        &["I1", "I3"],
        &[chaos(Kind::IngestFrozen, 5)],
    ),
    fault(
        "cut-off-from-the-group",
        "A process works on and its heartbeats do not arrive: others are given its partitions.",
        &["I2", "I4"],
        &[Simulation],
    ),
    fault(
        "out-of-memory",
        "The kernel, or the container's limit, ends a process.",
        &["I13"],
        &[Test(
            "tests/tests/memory.rs::the_largest_bodies_all_at_once_stay_within_the_limits_of_the_manifests",
        )],
    ),
    fault(
        "cpu-starved",
        "A process gets a small share of a processor.",
        &["I3", "I12"],
        &[Nowhere("chaos runs nine processes on two cores; a share by cgroup takes root")],
    ),
    fault(
        "out-of-file-descriptors",
        "A process may not open another file or connection.",
        &["I1", "I12"],
        &[Nowhere("to be played with a low limit for one process")],
    ),
];
