//! The schema registry.

use super::Played::{Nowhere, Simulation, Test};
use super::{WorldFault, fault};

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "registry-away",
        "The registry does not answer, at a start or when a new schema is met.",
        &["I12"],
        &[
            Simulation,
            Test(
                "crates/kafka/tests/broker/registry_answers.rs::a_registry_that_is_away_for_a_moment_is_asked_again",
            ),
        ],
    ),
    fault(
        "registry-garbage",
        "Something else answers in the registry's place: a page of a proxy, 403, half an answer.",
        &["I2", "I12"],
        &[
            Test(
                "crates/kafka/tests/broker/registry_answers.rs::only_the_registry_itself_can_say_that_there_is_no_such_schema",
            ),
            Test(
                "crates/kafka/src/schema_wait.rs::a_partition_that_waits_for_long_is_named_once_and_again_after_minutes",
            ),
        ],
    ),
    fault(
        "schema-id-unknown",
        "A record carries a schema id that the registry does not know.",
        &["I2", "I12"],
        &[Simulation, Test("crates/kafka/tests/broker/registry.rs::an_id_that_no_schema_has_is_told")],
    ),
    fault(
        "schema-incompatible",
        "A schema that would break readers is to be registered.",
        &["I2"],
        &[Test(
            "crates/kafka/tests/broker/registry.rs::what_is_not_compatible_is_refused_and_what_is_gets_a_version",
        )],
    ),
    fault(
        "registry-emptied",
        "The registry has lost its schemas, and gives ids anew.",
        &["I2", "I11"],
        &[Nowhere("ids are in every record; an operator has to restore the registry, no code can")],
    ),
];
