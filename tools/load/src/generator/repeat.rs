//! What is said again: a platform that cannot know whether it was heard repeats itself, and an archive plays what it
//! has kept.

use std::time::Duration;

use serde_json::json;

use super::EVENTBRIDGE;
use super::behaviour::Behaviour;
use super::delivery::Kind;
use super::dice::Dice;
use super::script::Fact;
use super::transport::Pending;
use super::world_shares::WorldShares;
use crate::clock::{iso_millis, iso_seconds};

/// Soonest and latest repeat, in milliseconds; a short day has shorter waits.
const SOONEST_MS: i64 = 5;
const LATEST_MS: f64 = 30_000.0;
const PART_OF_DAY: f64 = 0.1;

/// How often facts are repeated and replayed, and until when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Repeats {
    repeats: f64,
    replays: f64,
    pub(crate) within_ms: i64,
    end_ms: i64,
}

impl Repeats {
    /// Those of a day of that length from `start_ms` on.
    pub(crate) fn new(shares: &WorldShares, start_ms: i64, length: Duration) -> Self {
        let length_ms = length.as_secs_f64() * 1000.0;
        let within_ms = (length_ms * PART_OF_DAY).min(LATEST_MS) as i64;
        let end_ms = start_ms.saturating_add(length_ms as i64);
        Self { repeats: shares.repeats, replays: shares.replays, within_ms, end_ms }
    }

    /// The repeat of a fact, when there is one. It comes before `next_ms`, when the topic's next fact does: a platform
    /// does not go back to a state that it has left.
    pub(crate) fn of(
        &self,
        first: &Pending,
        fact: &Fact,
        next_ms: Option<i64>,
        dice: &mut Dice,
    ) -> Option<Pending> {
        if fact.source != EVENTBRIDGE || !dice.chance(self.repeats) {
            return None;
        }
        let at_ms = self.time(first, next_ms.unwrap_or(i64::MAX), dice)?;
        let mut body = fact.body.clone();
        body["id"] = json!(dice.uuid());
        body["time"] = json!(iso_seconds(at_ms));
        body["detail"]["metadata"]["CorrelationId"] = json!(dice.uuid());
        // Whose time this is no platform promises: some of them name the new report's.
        if dice.chance(0.5) {
            body["detail"]["timestamp"] = json!(iso_millis(at_ms));
        }
        let behaviour = Some(Behaviour::HonestRepeat);
        let body = body.to_string().into_bytes();
        Some(Pending { at_ms, kind: Kind::Duplicate, behaviour, body, ..first.clone() })
    }

    /// The replay of a fact by an archive, when there is one: what was published, id and times and all, with the
    /// replay's name. An archive does not mind what has happened since.
    pub(crate) fn replay_of(&self, first: &Pending, fact: &Fact, dice: &mut Dice) -> Option<Pending> {
        if fact.source != EVENTBRIDGE || !dice.chance(self.replays) {
            return None;
        }
        let at_ms = self.time(first, i64::MAX, dice)?;
        let mut body = fact.body.clone();
        body["replay-name"] = json!("trunkline-sandbox-replay");
        let behaviour = Some(Behaviour::ArchiveReplay);
        let body = body.to_string().into_bytes();
        Some(Pending { at_ms, kind: Kind::Duplicate, behaviour, body, ..first.clone() })
    }

    /// When to say it again, before that time.
    fn time(&self, first: &Pending, before_ms: i64, dice: &mut Dice) -> Option<i64> {
        let longest = self.within_ms.min(before_ms.min(self.end_ms) - first.at_ms);
        if longest <= SOONEST_MS {
            return None;
        }
        // As many between 10 and 100 ms as between 1 and 10 s.
        let wait = SOONEST_MS as f64 * (longest as f64 / SOONEST_MS as f64).powf(dice.unit());
        Some(first.at_ms + wait as i64)
    }
}
