//! CRMs and platforms, as targets.

use super::Played::{Nowhere, Simulation, Test};
use super::{WorldFault, chaos, fault};
use crate::kind::Kind;

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "system-down",
        "A system answers 503 to everything, for seconds.",
        &["I5", "I10", "I12"],
        &[
            chaos(Kind::SystemDown, 12),
            Test(
                "tests/tests/target_outage.rs::a_crm_that_is_away_holds_up_nobody_else_and_gets_every_write_once_when_it_is_back",
            ),
        ],
    ),
    fault(
        "system-slow",
        "A system answers a second later, for seconds.",
        &["I3", "I6", "I10"],
        &[
            chaos(Kind::SystemSlow, 8),
            Simulation,
            Test(
                "crates/partition/src/task/tests.rs::a_slow_customer_delays_only_its_own_conversation_and_only_to_the_deadline",
            ),
        ],
    ),
    fault(
        "answers-lost",
        "A write takes effect, and its answer never comes.",
        &["I5", "I6"],
        &[
            chaos(Kind::SystemAnswersLost, 4),
            Test("tests/tests/target_outage.rs::a_sink_killed_while_its_calls_hang_finds_out_what_they_did"),
        ],
    ),
    fault(
        "tokens-revoked",
        "Every token given out is invalid from one moment to the next.",
        &["I5", "I8"],
        &[
            chaos(Kind::TokensRevoked, 8),
            Test(
                "crates/connect/src/token_manager/tests.rs::a_hundred_late_refusals_of_one_token_fetch_one_new_one",
            ),
        ],
    ),
    fault(
        "quota-used-up",
        "A system answers 429, or says in its own way that a limit is reached.",
        &["I7", "I12"],
        &[Test(
            "crates/connect/src/outbound/tests.rs::a_limit_is_waited_for_as_told_when_the_deadline_allows",
        )],
    ),
    fault(
        "quota-lowered",
        "A system allows fewer calls than was agreed.",
        &["I7"],
        &[Test("crates/connect/src/limiter/tests.rs::the_platform_lowers_the_limit_and_never_raises_it")],
    ),
    fault(
        "version-conflict",
        "Somebody else changes a resource between our read and our write.",
        &["I5"],
        &[Test("sink/src/decision/tests.rs::conflicts_end_after_the_fifth")],
    ),
    fault(
        "one-resource-fails",
        "A system answers 500 for one resource, again and again, and works for all others.",
        &["I5", "I12"],
        &[Test(
            "sink/src/lanes/poisoned.rs::a_command_that_its_target_cannot_do_ends_and_a_hundred_others_wait_a_bounded_time",
        )],
    ),
    fault(
        "garbage-answers",
        "A system answers 200 with what is no answer of its own: a page of a proxy, half a document.",
        &["I5", "I12"],
        &[Test(
            "crates/connect/src/outbound/tests/answers.rs::what_does_not_come_from_the_api_has_its_error_and_follows_no_login",
        )],
    ),
    fault(
        "stale-reads",
        "A system answers a read with what was there before a write that it acknowledged.",
        &["I5"],
        &[Nowhere("the simulators do not play it yet")],
    ),
    fault(
        "record-vanishes",
        "A record that is to be changed was deleted or merged.",
        &["I5"],
        &[Test(
            "sink/src/lanes/tests.rs::poison_and_refused_commands_end_at_once_and_hold_up_their_own_resource_until_that_is_committed",
        )],
    ),
];
