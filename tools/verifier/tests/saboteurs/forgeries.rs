//! One change of the evidence each, with the invariant that must object. A forgery that finds nothing to
//! forge in a run says so.

mod events;
mod outcomes;
mod outside;
mod profiles;
mod writes;

use trunkline_verifier::evidence::Evidence;

use crate::dice::Dice;

/// A way to forge evidence.
pub struct Forgery {
    /// What is forged.
    pub name: &'static str,
    /// The invariant that must object.
    pub breaks: &'static str,
    /// Forges; `None` where this run has nothing of the kind.
    pub forge: fn(&mut Evidence, &mut Dice) -> Option<()>,
}

/// All of them.
pub const FORGERIES: &[&Forgery] = &[
    // What was posted
    &outside::ACCEPTED_EVENT_GONE,
    &outside::ELEMENT_GONE,
    &outside::QUARANTINE_GONE,
    &outside::UNPOSTED,
    &outside::ACCEPTED_AND_QUARANTINED,
    &outside::UNVERIFIED_ACCEPTED,
    &outside::ANSWER_CHANGES,
    &outside::TWO_FACTS_ONE_ID,
    &outside::FACT_TOLD_TWICE,
    &outside::QUARANTINED_BYTES_CHANGED,
    &outside::QUARANTINED_UNDER_ANOTHER_KEY,
    &outside::QUARANTINED_OUT_OF_NOWHERE,
    // Each event once
    &events::LOST,
    &events::STATE_THAT_RETURNED_LOST,
    &events::MARK_OF_A_REPETITION_FORGED,
    &events::LOST_BEHIND_A_DEAD_LETTER_OF_ANOTHER,
    &events::LOST_BEHIND_ITS_OWN_DEAD_LETTER,
    &events::DOUBLED,
    &events::DOUBLED_AND_CALLED_OLD,
    &events::INVENTED,
    &events::CALLED_OLD,
    &events::ONE_ID_OF_TWO_ENTITIES,
    // … in order
    &events::SWAPPED,
    &events::HOLE,
    &events::POSITION_REPEATED,
    &events::IN_TWO_PARTITIONS,
    &events::LATE_UNMARKED,
    &events::LATE_WITHOUT_REASON,
    &events::LATE_THOUGH_IN_TIME,
    &events::GAP_WITHOUT_REASON,
    &events::GAP_UNMARKED,
    &events::ANOTHER_MODE,
    &events::NUMBER_CHANGED,
    // … as it came
    &events::PAYLOAD_EMPTIED,
    &events::ATTRIBUTES_GONE,
    &events::FIELD_CUT,
    &events::FIELD_RELABELLED,
    &events::RECORD_RETIMED,
    &events::CUSTOMER_EXCHANGED,
    &events::CUSTOMER_FORGOTTEN,
    // … with its figures
    &events::QUEUED_TOO_LONG,
    &events::STALE_STATE,
    &events::TRANSFER_UNCOUNTED,
    &events::MISSED_CALL_HANDLED,
    &events::REOPENED_UNCOUNTED,
    &events::CONSULT_CALLED_TRANSFER,
    &events::FIGURES_OF_AN_AGENT,
    // … and its profile
    &profiles::STRANGER,
    &profiles::OTHER_BALANCE,
    &profiles::YOUNGER,
    &profiles::STALE_CALLED_COMPLETE,
    &profiles::PROFILE_CUT,
    &profiles::NOT_ENRICHED,
    &profiles::NOBODY_ASKED,
    &profiles::VALUE_OF_A_SYSTEM_THAT_DID_NOT_ANSWER,
    &profiles::SOURCE_GONE,
    &profiles::RECORDS_FORGED_TOO,
    &profiles::UNKNOWN_AS_ZERO,
    &profiles::FETCHED_AT_ANOTHER_TIME,
    &profiles::INTERACTION_OUT_OF_NOWHERE,
    &profiles::RECORD_UNDER_ANOTHER_KEY,
    // What the rules made of it
    &outcomes::WRONG_QUEUE,
    &outcomes::WRONG_PRIORITY,
    &outcomes::DECIDED_TWICE,
    &outcomes::DECISION_GONE,
    &outcomes::DECISION_UNASKED,
    &outcomes::DECISION_OF_ANOTHER_RULE,
    &outcomes::DECISION_FOR_ANOTHER_CUSTOMER,
    &outcomes::DECISION_OF_ANOTHER_ORGANISATION,
    &outcomes::COMMAND_GONE,
    &outcomes::COMMAND_GONE_BEHIND_A_REPORT,
    &outcomes::COMMAND_TWICE,
    &outcomes::COMMAND_UNASKED,
    &outcomes::COMMAND_WITH_ANOTHER_VALUE,
    &outcomes::COMMAND_FOR_ANOTHER_RESOURCE,
    &outcomes::COMMAND_THAT_NEVER_EXPIRES,
    &outcomes::COMMAND_OF_ANOTHER_CONVERSATION,
    &outcomes::COMMAND_IN_EARNEST,
    // What became of the commands
    &outcomes::RESULT_OF_ANOTHER_TARGET,
    &outcomes::RESULT_GONE,
    &outcomes::EVERYTHING_REJECTED,
    &outcomes::DEAD_WITHOUT_A_LETTER,
    &outcomes::EXPIRED_BEFORE_ITS_TIME,
    &outcomes::RESULT_TWICE,
    &outcomes::RESULT_OUT_OF_NOWHERE,
    &outcomes::RESULT_RELABELLED,
    &outcomes::APPLIED_WITHOUT_A_WRITE,
    &outcomes::ALREADY_THERE_WITHOUT_A_LOOK,
    &outcomes::OBSERVED_INSTEAD_OF_WRITTEN,
    &outcomes::APPLIED_ON_TRIAL,
    &writes::UNREADABLE_BODY,
    &writes::EFFECT_TWICE,
    &writes::EFFECT_OF_AN_OBSERVED_COMMAND,
    &writes::EFFECT_UNASKED,
    &writes::WRONG_BODY,
    &writes::BODY_WITH_MORE,
    &writes::WRONG_ADDRESS,
    &writes::WRITTEN_OUT_OF_ORDER,
    &writes::STALE_FINAL_VALUE,
    &writes::WRITTEN_SIDE_BY_SIDE,
    // The outside
    &outside::QUOTA_EXCEEDED,
    &outside::BREAKER_IGNORED,
    &outside::SECRET_LEAKED_IN_BASE64,
    &outside::STORE_ONE_RECORD_AHEAD,
    &outside::STORE_ONE_RECORD_BEHIND,
    &outside::STORE_LACKS_A_KEY,
    &outside::STORE_WITH_ANOTHER_VALUE,
    &outside::STORE_KEEPS_WHAT_WAS_DELETED,
    &outside::STORE_CLAIMS_NOTHING,
    &outside::STORES_ALL_BEHIND,
    &outside::GARBAGE,
];
