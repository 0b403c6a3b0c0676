//! An entity's value: postcard for what has a shape, then the ids of the current hour, 16 bytes each.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::contents::{Contents, EarlierContents};
use super::legacy::{LegacyContents, LegacyOrder};
use crate::conversation::{Conversation, FourthConversation, LegacyConversation, ThirdConversation};
use crate::order::ChannelOrder;
use crate::state::{FORMAT_VERSION, StateError};

/// The format of the first builds, which is still read.
pub(super) const FIRST_FORMAT: u8 = 1;

/// The format that kept one life and one agent of a conversation, and no contents; it is still read.
pub(super) const SECOND_FORMAT: u8 = 2;

/// The format that kept one phase of a conversation, no order within a millisecond, and contents by topic alone; it is
/// still read.
pub(super) const THIRD_FORMAT: u8 = 3;

/// The format that did not keep what tells whether an agent answered; it is still read.
pub(super) const FOURTH_FORMAT: u8 = 4;

/// The format that did not keep by what a customer was named, and of contents no part; it is still read.
pub(super) const FIFTH_FORMAT: u8 = 5;

/// The format that kept of what was said no part, and of a customer's name first no evidence; it is still read.
pub(super) const SIXTH_FORMAT: u8 = 6;

/// Bytes of an id.
const ID: usize = 16;

/// The part of an entity under its own key.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Stored {
    pub(super) position: i64,
    pub(super) conversation: Conversation,
    pub(super) channels: Vec<(String, ChannelOrder)>,
    /// What was published lately on its topics.
    pub(super) contents: Contents,
    /// Hours that have chunks, ascending, each with how many.
    pub(super) chunks: Vec<(i64, u32)>,
    /// The hour of the last event.
    pub(super) hour: i64,
    /// When it is looked at again.
    pub(super) timer_hour: Option<i64>,
    /// Ids of the current hour that are in no chunk yet.
    pub(super) recent: Vec<u128>,
}

/// Borrowed for writing, owned for reading; the same bytes.
#[derive(Serialize)]
struct Written<'a> {
    position: i64,
    conversation: &'a Conversation,
    channels: &'a [(String, ChannelOrder)],
    contents: &'a Contents,
    chunks: &'a [(i64, u32)],
    hour: i64,
    timer_hour: Option<i64>,
}

/// Of formats 3 and later, which differ in the conversation and in how contents are kept.
#[derive(Deserialize)]
struct Read<V, C> {
    position: i64,
    conversation: V,
    channels: Vec<(String, ChannelOrder)>,
    contents: C,
    chunks: Vec<(i64, u32)>,
    hour: i64,
    timer_hour: Option<i64>,
}

#[derive(Deserialize)]
struct SecondFormat {
    position: i64,
    conversation: LegacyConversation,
    channels: Vec<(String, LegacyOrder)>,
    chunks: Vec<(i64, u32)>,
    hour: i64,
    timer_hour: Option<i64>,
}

#[derive(Deserialize)]
struct FirstFormat {
    position: i64,
    conversation: LegacyConversation,
    channels: Vec<(String, LegacyOrder)>,
    hours: Vec<i64>,
}

// === impl Stored ===

impl Stored {
    pub(super) fn encode(&self) -> Result<Vec<u8>, StateError> {
        let written = Written {
            position: self.position,
            conversation: &self.conversation,
            channels: &self.channels,
            contents: &self.contents,
            chunks: &self.chunks,
            hour: self.hour,
            timer_hour: self.timer_hour,
        };
        let mut value = Vec::with_capacity(160 + ID * self.recent.len());
        value.push(FORMAT_VERSION);
        let mut value = postcard::to_extend(&written, value).map_err(StateError::Codec)?;
        append_ids(&mut value, &self.recent);
        Ok(value)
    }

    /// Reads a value, its version taken off.
    pub(super) fn decode(body: &[u8]) -> Result<Self, StateError> {
        Self::decode_with::<Conversation, Contents>(body)
    }

    fn decode_with<V, C>(body: &[u8]) -> Result<Self, StateError>
    where
        V: DeserializeOwned + Into<Conversation>,
        C: DeserializeOwned + Into<Contents>,
    {
        let (read, ids) = postcard::take_from_bytes::<Read<V, C>>(body).map_err(StateError::Codec)?;
        let Read { position, conversation, channels, contents, chunks, hour, timer_hour } = read;
        let (conversation, contents, recent) = (conversation.into(), contents.into(), decode_ids(ids)?);
        Ok(Self { position, conversation, channels, contents, chunks, hour, timer_hour, recent })
    }
}

/// Reads a value of the sixth format, its version taken off.
///
/// Builds between two releases wrote what is said with its declared part and the same number. What one of the two wrote
/// is an error to the other wherever anything was said: a time begins with no byte that says whether there is a part.
pub(super) fn decode_sixth_format(body: &[u8]) -> Result<Stored, StateError> {
    Stored::decode(body).or_else(|_| decode_fifth_format(body))
}

/// Reads a value of the fifth format, its version taken off.
pub(super) fn decode_fifth_format(body: &[u8]) -> Result<Stored, StateError> {
    Stored::decode_with::<Conversation, EarlierContents>(body)
}

/// Reads a value of the fourth format, its version taken off.
pub(super) fn decode_fourth_format(body: &[u8]) -> Result<Stored, StateError> {
    Stored::decode_with::<FourthConversation, EarlierContents>(body)
}

/// Reads a value of the third format, its version taken off.
pub(super) fn decode_third_format(body: &[u8]) -> Result<Stored, StateError> {
    Stored::decode_with::<ThirdConversation, LegacyContents>(body)
}

/// Reads a value of the second format, its version taken off.
pub(super) fn decode_second_format(body: &[u8]) -> Result<Stored, StateError> {
    let (read, ids) = postcard::take_from_bytes::<SecondFormat>(body).map_err(StateError::Codec)?;
    let SecondFormat { position, conversation, channels, chunks, hour, timer_hour } = read;
    Ok(Stored {
        position,
        conversation: conversation.into(),
        channels: renewed(channels),
        contents: Contents::default(),
        chunks,
        hour,
        timer_hour,
        recent: decode_ids(ids)?,
    })
}

/// Reads a value of the first format, its version taken off; also the hours that have a bucket of ids.
pub(super) fn decode_first_format(body: &[u8]) -> Result<(Stored, Vec<i64>), StateError> {
    let FirstFormat { position, conversation, channels, hours } =
        postcard::from_bytes(body).map_err(StateError::Codec)?;
    let (conversation, channels) = (conversation.into(), renewed(channels));
    Ok((Stored { position, conversation, channels, ..Stored::default() }, hours))
}

fn renewed(channels: Vec<(String, LegacyOrder)>) -> Vec<(String, ChannelOrder)> {
    channels.into_iter().map(|(name, order)| (name, order.into())).collect()
}

/// The value of a chunk.
pub(super) fn encode_ids(ids: &[u128]) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + ID * ids.len());
    value.push(FORMAT_VERSION);
    append_ids(&mut value, ids);
    value
}

/// Reads ids back, a version taken off.
pub(super) fn decode_ids(bytes: &[u8]) -> Result<Vec<u128>, StateError> {
    let (ids, rest) = bytes.as_chunks::<ID>();
    if !rest.is_empty() {
        return Err(StateError::Codec(postcard::Error::DeserializeUnexpectedEnd));
    }
    Ok(ids.iter().map(|id| u128::from_be_bytes(*id)).collect())
}

/// The value under a key that needs none: timers.
pub(super) fn marker() -> Vec<u8> {
    vec![FORMAT_VERSION]
}

fn append_ids(value: &mut Vec<u8>, ids: &[u128]) {
    for id in ids {
        value.extend_from_slice(&id.to_be_bytes());
    }
}
