//! One span as format 7 of state keeps it.

use super::super::point::Point;
use super::super::reported::{Disconnect, Durations};
use super::super::span::{Kind, Span};
use super::NUMBER;
use crate::state::StateError;
use crate::state::packed::{Reader, Writer, bits, malformed};

/// What a span has, as bits of a byte: the first with its kind in the lowest three, the second with its disconnect.
mod has {
    pub(super) const START: u8 = 8;
    pub(super) const END: u8 = 16;
    pub(super) const AGENT: u8 = 32;
    /// The medium is another one than that of the span before.
    pub(super) const OTHER_MEDIUM: u8 = 64;
    pub(super) const NAME: u8 = 128;
    /// In the second byte.
    pub(super) const DURATIONS: u8 = 8;
    /// In the second byte: the start or the end is not the first of its millisecond.
    pub(super) const PLACES: u8 = 16;
}

/// Writes a span. `media` is that of the span before.
pub(super) fn pack(span: &Span, media: u16, out: &mut Writer) -> Result<(), StateError> {
    let points = || span.start.into_iter().chain(span.end);
    let has_places = points().any(|point| point.place != 0);
    let first = bits(&[
        (has::START, span.start.is_some()),
        (has::END, span.end.is_some()),
        (has::AGENT, span.agent.is_some()),
        (has::OTHER_MEDIUM, span.media != media),
        (has::NAME, span.name != 0),
    ]);
    let second = bits(&[(has::DURATIONS, span.durations.is_some()), (has::PLACES, has_places)]);
    out.put_byte(span.kind as u8 | first);
    out.put_byte(span.disconnect as u8 | second);
    if span.name != 0 {
        out.put_bytes(&span.name.to_le_bytes());
    }
    if span.media != media {
        out.put_bytes(&span.media.to_le_bytes());
    }
    span.agent.iter().for_each(|agent| out.put_bytes(&agent.to_le_bytes()));
    for point in points() {
        out.put_time(point.time)?;
        if has_places {
            out.put(&point.place)?;
        }
    }
    span.durations.as_deref().map_or(Ok(()), |durations| pack_durations(durations, out))
}

/// Reads it back.
pub(super) fn unpack(media: u16, from: &mut Reader<'_>) -> Result<Span, StateError> {
    let (first, second) = (from.take_byte()?, from.take_byte()?);
    let has = |flag: u8| first & flag != 0;
    let name = if has(has::NAME) { u64::from_le_bytes(from.take_bytes()?) } else { 0 };
    let media = if has(has::OTHER_MEDIUM) { u16::from_le_bytes(from.take_bytes()?) } else { media };
    let agent = has(has::AGENT).then(|| from.take_bytes().map(u64::from_le_bytes)).transpose()?;
    let mut point = |flag: u8| {
        let point = |from: &mut Reader<'_>| {
            let time = from.take_time()?;
            let place = if second & has::PLACES != 0 { from.take()? } else { 0 };
            Ok::<_, StateError>(Point { time, place })
        };
        has(flag).then(|| point(from)).transpose()
    };
    let (start, end) = (point(has::START)?, point(has::END)?);
    let durations =
        (second & has::DURATIONS != 0).then(|| unpack_durations(from).map(Box::new)).transpose()?;
    let (kind, disconnect) = (kind(first & NUMBER)?, disconnect(second & NUMBER)?);
    Ok(Span { kind, name, media, agent, start, end, disconnect, durations })
}

fn kind(number: u8) -> Result<Kind, StateError> {
    Ok(match number {
        0 => Kind::Customer,
        1 => Kind::Agent,
        2 => Kind::Assignee,
        3 => Kind::Queue,
        4 => Kind::Flow,
        _ => return Err(malformed()),
    })
}

fn disconnect(number: u8) -> Result<Disconnect, StateError> {
    Ok(match number {
        0 => Disconnect::Untold,
        1 => Disconnect::Other,
        2 => Disconnect::Transfer,
        3 => Disconnect::Consult,
        4 => Disconnect::TransferConference,
        5 => Disconnect::ConferenceTransfer,
        6 => Disconnect::NoAnswer,
        _ => return Err(malformed()),
    })
}

/// Which of them there are, then those.
fn pack_durations(durations: &Durations, out: &mut Writer) -> Result<(), StateError> {
    let Durations { interacting, held, alerting, contacting, dialing, callback, connected } = *durations;
    let all = [interacting, held, alerting, contacting, dialing, callback, connected];
    let told = all.iter().enumerate().filter(|(_, told)| told.is_some()).map(|(at, _)| 1_u8 << at);
    out.put_byte(told.sum());
    all.iter().flatten().try_for_each(|milliseconds| out.put(milliseconds))
}

fn unpack_durations(from: &mut Reader<'_>) -> Result<Durations, StateError> {
    let told = from.take_byte()?;
    let mut all = [None; 7];
    for (at, milliseconds) in all.iter_mut().enumerate() {
        *milliseconds = (told & 1 << at != 0).then(|| from.take::<i64>()).transpose()?;
    }
    let [interacting, held, alerting, contacting, dialing, callback, connected] = all;
    Ok(Durations { interacting, held, alerting, contacting, dialing, callback, connected })
}
