//! An entity's value: what it has, part by part, then the ids of the current hour, 16 bytes each.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::HOUR_MS;
use super::contents::Contents;
use super::legacy::{EarlierContents, LegacyContents, LegacyOrder, SixthContents};
use crate::conversation::{
    Conversation, FourthConversation, LegacyConversation, SixthConversation, ThirdConversation,
};
use crate::order::ChannelOrder;
use crate::state::packed::{Reader, Writer, malformed};
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

/// The format that kept of a customer an id alone; it is still read.
pub(super) const FIFTH_FORMAT: u8 = 5;

/// The format that kept each part as serde writes it; it is still read. Its first builds kept neither by what a
/// customer was named nor what an event says but for unknown fields; later ones kept the one, the other or both.
pub(super) const SIXTH_FORMAT: u8 = 6;

/// Channels that have a number in state, counted from 1: those of this build's mappings. Others are kept by name. One
/// more needs a new number of the format: to earlier builds the value would be malformed, and not newer than they are.
const CHANNELS: [&str; 4] = ["eventbridge", "open-messaging", "digital", "agent-session"];

/// Which parts the order of a channel has, beside twice its channel's number.
const HAS_FURTHEST: usize = 1;
const HAS_SEQUENCE: usize = 2;

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

/// Of formats 3 to 6, as serde writes it; they differ in the conversation and in how contents are kept.
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
        let mut value = Vec::with_capacity(160 + ID * self.recent.len());
        value.push(FORMAT_VERSION);
        let mut out = Writer::after(value);
        out.put(&self.position)?;
        out.put(&self.hour)?;
        out.put(&self.timer_hour.map(|timer| timer.wrapping_sub(self.hour)))?;
        out.put(&self.chunks)?;
        // Most of what is told lies in the hour, or the one before.
        out.times_from(self.hour.wrapping_mul(HOUR_MS));
        self.conversation.pack(&mut out)?;
        out.put_length(self.channels.len())?;
        self.channels.iter().try_for_each(|(name, order)| pack_channel(name, order, &mut out))?;
        self.contents.pack(&mut out)?;
        let mut value = out.into_bytes();
        append_ids(&mut value, &self.recent);
        Ok(value)
    }

    /// Reads a value, its version taken off.
    pub(super) fn decode(body: &[u8]) -> Result<Self, StateError> {
        let mut from = Reader::of(body);
        let (position, hour): (i64, i64) = (from.take()?, from.take()?);
        let timer: Option<i64> = from.take()?;
        let timer_hour = timer.map(|after| hour.wrapping_add(after));
        let chunks = from.take()?;
        from.times_from(hour.wrapping_mul(HOUR_MS));
        let conversation = Conversation::unpack(&mut from)?;
        let channels = from.take_all(unpack_channel)?;
        let contents = Contents::unpack(&mut from)?;
        let recent = decode_ids(from.rest())?;
        Ok(Self { position, conversation, channels, contents, chunks, hour, timer_hour, recent })
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

/// Its number and what its order has, then its name where it has no number, then its order.
fn pack_channel(name: &str, order: &ChannelOrder, out: &mut Writer) -> Result<(), StateError> {
    let number = CHANNELS.iter().position(|known| *known == name).map_or(0, |at| at + 1);
    let (furthest, sequence) = (order.furthest(), order.next_sequence());
    let furthest_bit = if furthest.is_some() { HAS_FURTHEST } else { 0 };
    let sequence_bit = if sequence.is_some() { HAS_SEQUENCE } else { 0 };
    out.put_length(number << 2 | furthest_bit | sequence_bit)?;
    if number == 0 {
        out.put(name)?;
    }
    furthest.iter().try_for_each(|at| out.put_time(*at))?;
    sequence.iter().try_for_each(|next| out.put(next))
}

fn unpack_channel(from: &mut Reader<'_>) -> Result<(String, ChannelOrder), StateError> {
    let first: usize = from.take()?;
    let name = match (first >> 2).checked_sub(1) {
        None => from.take()?,
        Some(at) => (*CHANNELS.get(at).ok_or_else(malformed)?).to_owned(),
    };
    let furthest = (first & HAS_FURTHEST != 0).then(|| from.take_time()).transpose()?;
    let sequence = (first & HAS_SEQUENCE != 0).then(|| from.take()).transpose()?;
    Ok((name, ChannelOrder::kept(furthest, sequence)))
}

/// Reads a value of the sixth format, its version taken off.
///
/// Builds between two releases wrote what is said with its declared part and the same number. What one of the two wrote
/// is an error to the other wherever anything was said: a time begins with no byte that says whether there is a part.
pub(super) fn decode_sixth_format(body: &[u8]) -> Result<Stored, StateError> {
    Stored::decode_with::<SixthConversation, SixthContents>(body).or_else(|_| decode_fifth_format(body))
}

/// Reads a value of the fifth format, its version taken off.
pub(super) fn decode_fifth_format(body: &[u8]) -> Result<Stored, StateError> {
    Stored::decode_with::<SixthConversation, EarlierContents>(body)
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
