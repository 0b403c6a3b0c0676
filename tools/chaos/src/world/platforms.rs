//! Contact-centre platforms, as sources.

use super::Played::{Nowhere, Simulation, Test};
use super::{WorldFault, fault};

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "delivered-twice",
        "The same fact is delivered again: the same bytes, or published anew under another transport id.",
        &["I2"],
        &[
            Simulation,
            Test(
                "tests/tests/one_record.rs::a_shuffled_and_doubled_call_comes_out_once_in_order_and_is_written_back",
            ),
        ],
    ),
    fault(
        "out-of-order",
        "Events of a conversation overtake each other, within the hold and beyond it.",
        &["I3"],
        &[Simulation, Test("tests/tests/crashes.rs::a_day_without_accidents_breaks_nothing")],
    ),
    fault(
        "replayed-after-days",
        "Facts come again when their ids are forgotten.",
        &["I2"],
        &[Test("crates/partition/src/task/tests.rs::what_is_older_than_the_window_says_so")],
    ),
    fault(
        "garbage",
        "A body that is no JSON, or no payload at all, or nested without end.",
        &["I1", "I9"],
        &[
            Test("tests/tests/bad_input.rs::wrong_input_gets_its_status_and_harms_nothing"),
            Test("ingest/tests/webhooks/main.rs::json_that_is_no_payload_at_all_is_quarantined"),
            Test("ingest/tests/webhooks/authentic.rs::what_cannot_be_read_is_kept_byte_for_byte"),
        ],
    ),
    fault(
        "schema-changed",
        "A field is renamed or has another type overnight.",
        &["I1", "I9"],
        &[
            Test("ingest/tests/webhooks/main.rs::what_no_schema_matches_is_quarantined_first"),
            Test("ingest/tests/webhooks/main.rs::unknown_fields_pass_or_quarantine_as_the_source_says"),
        ],
    ),
    fault(
        "id-used-twice",
        "One transport id comes with two bodies.",
        &["I1"],
        &[Test("tests/tests/bad_input.rs::another_body_under_a_used_transport_id_is_another_event")],
    ),
    fault(
        "burst",
        "Many times as many events as usual come at once.",
        &["I1", "I13"],
        &[Test("ingest/tests/webhooks/main.rs::too_many_at_once_are_asked_to_come_again")],
    ),
    fault(
        "huge-body",
        "A body of 50 MB.",
        &["I1", "I13"],
        &[Test("ingest/tests/webhooks/main.rs::a_body_of_50_megabytes_is_refused_with_an_answer")],
    ),
    fault(
        "wrong-signature",
        "A request is not signed, or with another key.",
        &["I8", "I9"],
        &[Test("ingest/tests/webhooks/main.rs::a_signature_is_checked_over_the_raw_bytes")],
    ),
    fault(
        "silence",
        "Nothing comes any more, and nobody says why.",
        &["I12"],
        &[Nowhere("nothing is outstanding then; what a source should have sent needs a completeness check")],
    ),
    fault(
        "endless-conversation",
        "One conversation has as many events as all others together.",
        &["I3", "I13"],
        &[Nowhere("a partition is bounded by what it holds; a hot key is for the benchmarks")],
    ),
];
