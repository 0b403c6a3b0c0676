//! How older formats kept the order of a channel and what was said last: frozen, and only ever read.

use serde::Deserialize;

use super::contents::{Contents, Said};
use super::statement::Subject;
use crate::order::ChannelOrder;

/// The order of a channel, in formats 1 and 2.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct LegacyOrder {
    /// With the id of the event, which broke ties of times.
    pub(super) furthest: Option<(i64, u128)>,
    pub(super) next_sequence: Option<i64>,
}

// === impl ChannelOrder ===

impl From<LegacyOrder> for ChannelOrder {
    fn from(legacy: LegacyOrder) -> Self {
        Self::kept(legacy.furthest.map(|(time, _)| time), legacy.next_sequence)
    }
}

/// What was published last on each topic, in format 3: a content and when it was taken in (UTC milliseconds).
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct LegacyContents {
    pub(super) topics: Vec<(u64, Vec<(u128, i64)>)>,
}

/// What was said of late, in formats 4 to 6.
#[derive(Deserialize)]
pub(super) struct EarlierContents {
    said: Vec<(Subject, Option<u64>, i64)>,
    forgotten: Option<i64>,
}

/// The same, with declared parts, as some builds wrote it in format 6.
#[derive(Deserialize)]
pub(super) struct SixthContents {
    said: Vec<(Subject, Option<u64>, Option<u64>, i64)>,
    forgotten: Option<i64>,
}

// === impl Contents ===

impl From<LegacyContents> for Contents {
    /// Whose contents they were is not known any more: what is said again may be a repetition.
    fn from(legacy: LegacyContents) -> Self {
        let taken_in = legacy.topics.iter().flat_map(|(_, contents)| contents).map(|(_, taken_in)| *taken_in);
        Self::forgotten_since(taken_in.max())
    }
}

impl From<EarlierContents> for Contents {
    /// Of what has an id of its own nothing was noted, so that nothing of it was forgotten either.
    fn from(earlier: EarlierContents) -> Self {
        let said = earlier.said.into_iter();
        let said =
            said.map(|(subject, content, taken_in)| Said { subject, content, declared: None, taken_in });
        Self::kept(said.collect(), earlier.forgotten, None)
    }
}

impl From<SixthContents> for Contents {
    fn from(sixth: SixthContents) -> Self {
        let said = sixth.said.into_iter();
        let said =
            said.map(|(subject, content, declared, taken_in)| Said { subject, content, declared, taken_in });
        // What was forgotten may have had a declared part: that was not kept apart.
        Self::kept(said.collect(), sixth.forgotten, sixth.forgotten)
    }
}
