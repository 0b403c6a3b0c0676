//! A transaction whose outcome has to be found out, and brokers that do not answer: both are waited out, for as long as
//! it takes, while the membership is looked after. Nothing else is committed meanwhile.

use std::time::Duration;

use trunkline_backoff::Backoff;
use trunkline_kafka::TransactionError;
use trunkline_schemas::error_codes;

use super::{Error, Worker};
use crate::committed_state::{self, Committed};
use crate::lanes::Input;
use crate::metrics;
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::transactions;

/// The part of the readiness that says whether the brokers answer.
const PART: &str = "brokers";

/// Waits after transactions that came to nothing, and after brokers that did not answer.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));

/// How long brokers that did not answer are not asked again only to know whether they are back, in milliseconds.
const PROBE_INTERVAL_MS: i64 = 1_000;

/// How far it is known what became of the last transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indeterminate {
    /// It is aborted or committed: what is read from the brokers tells.
    Unread,
    /// It may still be open: a new producer settles it first.
    Unsettled,
}

/// Brokers that do not answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Away {
    since_ms: i64,
    failures: u32,
    probe_at_ms: i64,
}

/// The wait after so many failures in a row.
pub(super) fn wait_ms(failures: u32) -> i64 {
    i64::try_from(BACKOFF.bound(failures).as_millis()).unwrap_or(i64::MAX)
}

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    /// Finds out what became of the last transaction, if that is not known. False while the brokers do not say.
    ///
    /// # Errors
    /// [`Error`] when the producer is fenced or refused.
    pub(super) fn settle_indeterminate(&mut self) -> Result<bool, Error> {
        if self.state.indeterminate == Some(Indeterminate::Unsettled) {
            // One attempt: the membership is looked after before the next.
            match self.brokers.reopen(Duration::ZERO) {
                Ok(()) => self.state.indeterminate = Some(Indeterminate::Unread),
                Err(error @ (TransactionError::Fenced { .. } | TransactionError::Refused { .. })) => {
                    return Err(transactions::Error::from(error).into());
                }
                Err(error) => {
                    self.brokers_do_not_say(&error.to_string());
                    return Ok(false);
                }
            }
        }
        if self.state.indeterminate.is_some() {
            let partitions = self.lanes.partitions();
            match committed_state::read(&mut self.brokers, &mut self.saved, &partitions) {
                Ok(committed) => {
                    self.state.indeterminate = None;
                    for Committed { partition, watermark, finished, position, .. } in committed {
                        // What took effect after all is as old as may be, and nobody waits for it.
                        if let Some(watermark) = watermark {
                            self.state.uncommitted.committed(&partition, watermark);
                        }
                        self.apply(Input::Recovered { partition, watermark, finished, position })?;
                    }
                    self.brokers_answer();
                }
                Err(error) => {
                    self.brokers_do_not_say(&error.to_string());
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The brokers did not answer what has to be known before anything else is committed: they are asked again later.
    pub(super) fn brokers_do_not_say(&mut self, reason: &str) {
        self.brokers_are_away(reason);
        let failures = self.state.away.map_or(0, |away| away.failures);
        self.state.not_before = Some(self.clock.now_ms().saturating_add(wait_ms(failures)));
    }

    /// The brokers did not answer.
    pub(super) fn brokers_are_away(&mut self, reason: &str) {
        let now_ms = self.clock.now_ms();
        let code = error_codes::BROKER_UNREACHABLE.as_str();
        if self.state.away.is_none() {
            tracing::warn!(code, reason, "the brokers do not answer; waiting for them");
        }
        let away = self.state.away.get_or_insert(Away { since_ms: now_ms, failures: 0, probe_at_ms: now_ms });
        away.failures = away.failures.saturating_add(1);
        away.probe_at_ms = now_ms + PROBE_INTERVAL_MS;
        let waited_s = (now_ms - away.since_ms) / 1_000;
        metrics::brokers_away(waited_s);
        self.health.set(PART, false, &format!("{code} no answer for {waited_s} s: {reason}"));
    }

    /// The brokers answer.
    pub(super) fn brokers_answer(&mut self) {
        if let Some(away) = self.state.away.take() {
            let waited_s = (self.clock.now_ms() - away.since_ms) / 1_000;
            tracing::info!(waited_s, "the brokers answer again");
            metrics::brokers_away(0);
            self.health.set(PART, true, "they answer");
        }
    }

    /// Asks brokers that did not answer for anything at all, to know when they are back.
    pub(super) fn probe_brokers(&mut self) {
        let Some(away) = self.state.away else { return };
        let now_ms = self.clock.now_ms();
        // What has to be found out of them is the better question.
        if now_ms < away.probe_at_ms || self.state.indeterminate.is_some() || !self.state.unplaced.is_empty()
        {
            return;
        }
        let Some(partition) = self.lanes.some_partition() else { return };
        match committed_state::end(&mut self.brokers, &partition) {
            Ok(_) => self.brokers_answer(),
            Err(error) => self.brokers_are_away(&error.to_string()),
        }
    }
}
