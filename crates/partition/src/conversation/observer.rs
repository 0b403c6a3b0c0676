//! Participants that listen, coach or barge in: they handle nothing.

use serde::{Deserialize, Serialize};
use trunkline_schemas::Attribute;

use super::name;

/// Most that are kept of one conversation.
const MOST: usize = 64;

/// Those whom a snapshot named, with whether they barged in, which makes a conference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Observers(pub(super) Vec<(u32, bool)>);

// === impl Observers ===

impl Observers {
    /// Takes an attribute of a snapshot, if it names any. Whether it told something new.
    pub(super) fn take(&mut self, attribute: Attribute<'_>) -> bool {
        let barging = match attribute.name {
            b"bargingParticipantIds" => true,
            b"coachingParticipantIds" | b"monitoringParticipantIds" => false,
            _ => return false,
        };
        let mut news = false;
        for participant in attribute.value().split(',').map(str::trim).filter(|id| !id.is_empty()) {
            let participant = name::short(participant);
            match self.0.iter().position(|(known, _)| *known == participant) {
                Some(at) => {
                    let barged = &mut self.0[at].1;
                    news |= barging && !*barged;
                    *barged |= barging;
                }
                None if self.0.len() < MOST => {
                    self.0.push((participant, barging));
                    news = true;
                }
                None => {}
            }
        }
        news
    }

    /// Whether there are none.
    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this participant is one of them.
    pub(super) fn include(&self, participant: u32) -> bool {
        participant != 0 && self.0.iter().any(|(known, _)| *known == participant)
    }

    /// How many barged in.
    pub(super) fn barging(&self) -> i32 {
        self.0.iter().map(|(_, barged)| i32::from(*barged)).sum()
    }
}
