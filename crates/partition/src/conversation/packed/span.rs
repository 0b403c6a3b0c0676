//! One span as format 7 of state keeps it.

use super::super::point::Point;
use super::super::reported::{Disconnect, Durations};
use super::super::span::{Kind, Span};
use super::NUMBER;
use crate::state::StateError;
use crate::state::packed::{Reader, Writer, bits};

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

numbered! {
    kind_number, kind: Kind {
        Customer = 0,
        Agent = 1,
        Assignee = 2,
        Queue = 3,
        Flow = 4,
    }
}

numbered! {
    disconnect_number, disconnect: Disconnect {
        Untold = 0,
        Other = 1,
        Transfer = 2,
        Consult = 3,
        TransferConference = 4,
        ConferenceTransfer = 5,
        NoAnswer = 6,
    }
}

/// Durations that a span may have, each with a bit that says whether it has it.
const DURATIONS: usize = 7;

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
    out.put_byte(kind_number(span.kind) | first);
    out.put_byte(disconnect_number(span.disconnect) | second);
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
    let (first, second) = (from.take_bits(u8::MAX)?, from.take_bits(NUMBER | has::DURATIONS | has::PLACES)?);
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

/// Which of them there are, then those.
fn pack_durations(durations: &Durations, out: &mut Writer) -> Result<(), StateError> {
    let Durations { interacting, held, alerting, contacting, dialing, callback, connected } = *durations;
    let all: [_; DURATIONS] = [interacting, held, alerting, contacting, dialing, callback, connected];
    let told = all.iter().enumerate().filter(|(_, told)| told.is_some()).map(|(at, _)| 1_u8 << at);
    out.put_byte(told.sum());
    all.iter().flatten().try_for_each(|milliseconds| out.put(milliseconds))
}

fn unpack_durations(from: &mut Reader<'_>) -> Result<Durations, StateError> {
    let told = from.take_bits((1 << DURATIONS) - 1)?;
    let mut all = [None; DURATIONS];
    for (at, milliseconds) in all.iter_mut().enumerate() {
        *milliseconds = (told & 1 << at != 0).then(|| from.take::<i64>()).transpose()?;
    }
    let [interacting, held, alerting, contacting, dialing, callback, connected] = all;
    Ok(Durations { interacting, held, alerting, contacting, dialing, callback, connected })
}
