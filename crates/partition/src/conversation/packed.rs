//! A conversation as format 7 of state keeps it: nothing is written twice, and nothing that is not there.
//!
//! Most of a conversation are hashes, which nothing makes shorter: 8 bytes for a session, 8 for an agent. Sessions come
//! first, and whatever names a session, a participant or an agent again says in which of them that stands. Times are
//! told by what they differ from the last one. Kinds have numbers of three bits, which [`numbers`] lists.

#[macro_use]
mod numbers;
mod span;

use uuid::Uuid;

use super::answers::{Answers, Told, Whose};
use super::causes::{Causes, Stage};
use super::customer::Customer;
use super::name;
use super::sessions::Sessions;
use super::span::Span;
use super::{Conversation, Kept};
use crate::state::StateError;
use crate::state::packed::{Reader, Writer, bits, malformed};

/// What a conversation has, as bits of a byte.
mod has {
    pub(super) const STARTED_AT: u8 = 1;
    pub(super) const BEGAN: u8 = 2;
    pub(super) const SPANS: u8 = 4;
    pub(super) const AFTER_WORK: u8 = 8;
    pub(super) const OBSERVERS: u8 = 16;
    pub(super) const ANSWERS: u8 = 32;
    pub(super) const FOLDED: u8 = 64;
    pub(super) const ALL: u8 = 127;
}

/// The lowest three bits of a byte.
const NUMBER: u8 = 7;

/// That an id is a UUID in its usual spelling, beside the number of the evidence.
const IS_UUID: u8 = 8;

numbered! {
    stage_number, stage: Stage {
        Nothing = 0,
        Begun = 1,
        Flow = 2,
        Queue = 3,
        Agent = 4,
        Ended = 5,
    }
}

numbered! {
    told_number, told: Told {
        Nothing = 0,
        Alerted = 1,
        Answered = 2,
    }
}

/// A value that stands in no span comes behind this number; others are one more than the span's.
const NOT_IN_A_SPAN: usize = 0;

// === impl Conversation ===

impl Conversation {
    /// A conversation by itself, in the bytes that state has of it.
    ///
    /// # Errors
    /// [`StateError::Codec`] when it cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let mut out = Writer::after(Vec::new());
        self.pack(&mut out)?;
        Ok(out.into_bytes())
    }

    /// Reads a conversation by itself back.
    ///
    /// # Errors
    /// [`StateError::Codec`] for anything malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut from = Reader::of(bytes);
        let conversation = Self::unpack(&mut from)?;
        if from.rest().is_empty() { Ok(conversation) } else { Err(malformed()) }
    }

    /// Writes it.
    pub(crate) fn pack(&self, out: &mut Writer) -> Result<(), StateError> {
        let Kept { causes, started_at, customer, sessions } = &self.kept;
        let flags = [
            (has::STARTED_AT, started_at.is_some()),
            (has::BEGAN, !causes.began.is_empty()),
            (has::SPANS, !sessions.spans.is_empty()),
            (has::AFTER_WORK, !sessions.after_work.is_empty()),
            (has::OBSERVERS, !sessions.observers.are_none()),
            (has::ANSWERS, !sessions.answers.0.is_empty()),
            (has::FOLDED, sessions.folded.is_some()),
        ];
        let flags = bits(&flags);
        out.put_byte(flags);
        pack_customer(causes.furthest, customer, out)?;
        if let Some(at) = started_at {
            out.put_time(*at)?;
        }
        let spans = sessions.spans.as_slice();
        if flags & has::SPANS != 0 {
            out.put_length(spans.len())?;
            let media = std::iter::once(0).chain(spans.iter().map(|span| span.media));
            spans.iter().zip(media).try_for_each(|(span, before)| span::pack(span, before, out))?;
        }
        if flags & has::BEGAN != 0 {
            out.put_length(causes.began.len())?;
            causes.began.iter().try_for_each(|(stage, whose)| pack_began(*stage, *whose, spans, out))?;
        }
        if flags & has::AFTER_WORK != 0 {
            out.put_length(sessions.after_work.len())?;
            for (session, worked) in &sessions.after_work {
                pack_session(*session, spans, out)?;
                out.put(worked)?;
            }
        }
        if flags & has::OBSERVERS != 0 {
            out.put(&sessions.observers)?;
        }
        if flags & has::ANSWERS != 0 {
            out.put_length(sessions.answers.0.len())?;
            sessions.answers.0.iter().try_for_each(|answer| pack_answer(answer, spans, out))?;
        }
        sessions.folded.iter().try_for_each(|folded| out.put(folded))
    }

    /// Reads it back.
    pub(crate) fn unpack(from: &mut Reader<'_>) -> Result<Self, StateError> {
        unpack_kept(from).map(Self::from)
    }
}

fn unpack_kept(from: &mut Reader<'_>) -> Result<Kept, StateError> {
    let (flags, second) = (from.take_bits(has::ALL)?, from.take_bits(NUMBER | (NUMBER | IS_UUID) << 4)?);
    let has = |flag: u8| flags & flag != 0;
    let furthest = stage(second & NUMBER)?;
    let customer = unpack_customer(second >> 4, from)?;
    let started_at = has(has::STARTED_AT).then(|| from.take_time()).transpose()?;
    let mut sessions = Sessions::default();
    if has(has::SPANS) {
        let mut media = 0;
        sessions.spans = from.take_all(|from| {
            let span = span::unpack(media, from)?;
            media = span.media;
            Ok(span)
        })?;
    }
    let spans = sessions.spans.as_slice();
    let mut causes = Causes { furthest, began: Vec::new() };
    if has(has::BEGAN) {
        causes.began = from.take_all(|from| unpack_began(spans, from))?;
    }
    if has(has::AFTER_WORK) {
        sessions.after_work =
            from.take_all(|from| Ok((unpack_session(&sessions.spans, from)?, from.take()?)))?;
    }
    if has(has::OBSERVERS) {
        sessions.observers = from.take()?;
    }
    if has(has::ANSWERS) {
        sessions.answers = Answers(from.take_all(|from| unpack_answer(&sessions.spans, from))?);
    }
    if has(has::FOLDED) {
        sessions.folded = Some(from.take()?);
    }
    Ok(Kept { causes, started_at, customer, sessions })
}

/// By what the customer was named, as a number of three bits.
fn evidence(customer: &Customer) -> u8 {
    match customer {
        Customer::Unknown => 0,
        Customer::Named(_) => 1,
        Customer::Calling(_) => 2,
        Customer::OfChannel(_) => 3,
        Customer::Contact(_) => 4,
        Customer::OfTenant(_) => 5,
    }
}

/// A UUID, where it is spelled as this build would spell it.
fn usual_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut usual = Uuid::encode_buffer();
    (uuid.as_hyphenated().encode_lower(&mut usual) == text).then_some(uuid)
}

/// The stage in the lowest three bits of a byte, above them who the customer is; then the id.
fn pack_customer(stage: Stage, customer: &Customer, out: &mut Writer) -> Result<(), StateError> {
    let first = stage_number(stage) | evidence(customer) << 4;
    match customer.id_or_address().map(|id| (id, usual_uuid(id))) {
        None => out.put_byte(first),
        Some((_, Some(uuid))) => {
            out.put_byte(first | IS_UUID << 4);
            out.put_bytes(uuid.as_bytes());
        }
        Some((text, None)) => {
            out.put_byte(first);
            out.put(text)?;
        }
    }
    Ok(())
}

fn unpack_customer(number: u8, from: &mut Reader<'_>) -> Result<Customer, StateError> {
    let customer = match number & NUMBER {
        0 if number == 0 => return Ok(Customer::Unknown),
        1 => Customer::Named,
        2 => Customer::Calling,
        3 => Customer::OfChannel,
        4 => Customer::Contact,
        5 => Customer::OfTenant,
        _ => return Err(malformed()),
    };
    if number & IS_UUID == 0 {
        return Ok(customer(from.take()?));
    }
    Ok(customer(Uuid::from_bytes(from.take_bytes()?).to_string()))
}

/// The number by which what stands in a span is told.
fn reference(spans: &[Span], is_it: impl Fn(&Span) -> bool) -> usize {
    spans.iter().position(is_it).map_or(NOT_IN_A_SPAN, |at| at + 1)
}

/// The span of a number; `None` for the one of what stands in none.
fn referred(spans: &[Span], number: usize) -> Result<Option<&Span>, StateError> {
    match number.checked_sub(1) {
        None => Ok(None),
        Some(at) => spans.get(at).map(Some).ok_or_else(malformed),
    }
}

/// The stage in the lowest three bits, above them in which span the participant stands.
fn pack_began(stage: Stage, whose: u32, spans: &[Span], out: &mut Writer) -> Result<(), StateError> {
    let number = reference(spans, |span| name::participant(span.name) == whose);
    out.put(&(number << 3 | usize::from(stage_number(stage))))?;
    if number == NOT_IN_A_SPAN {
        out.put(&whose)?;
    }
    Ok(())
}

fn unpack_began(spans: &[Span], from: &mut Reader<'_>) -> Result<(Stage, u32), StateError> {
    let number: usize = from.take()?;
    let whose = match referred(spans, number >> 3)? {
        Some(span) => name::participant(span.name),
        None => from.take()?,
    };
    Ok((stage((number & usize::from(NUMBER)) as u8)?, whose))
}

fn pack_session(session: u64, spans: &[Span], out: &mut Writer) -> Result<(), StateError> {
    let number = reference(spans, |span| span.name == session);
    out.put(&number)?;
    if number == NOT_IN_A_SPAN {
        out.put_bytes(&session.to_le_bytes());
    }
    Ok(())
}

fn unpack_session(spans: &[Span], from: &mut Reader<'_>) -> Result<u64, StateError> {
    let number = from.take()?;
    Ok(match referred(spans, number)? {
        Some(span) => span.name,
        None => u64::from_le_bytes(from.take_bytes()?),
    })
}

fn pack_answer((whose, told): &(Whose, Told), spans: &[Span], out: &mut Writer) -> Result<(), StateError> {
    let told = told_number(*told) << 4;
    match whose {
        Whose::Session(session) => {
            out.put_byte(told);
            pack_session(*session, spans, out)
        }
        Whose::Participant { participant, media } => {
            out.put_byte(told | 1);
            out.put(participant)?;
            out.put(media)
        }
        Whose::Agent { agent, media, at } => {
            out.put_byte(told | 2);
            let number = reference(spans, |span| span.agent == Some(*agent) && span.media == *media);
            out.put(&number)?;
            if number == NOT_IN_A_SPAN {
                out.put_bytes(&agent.to_le_bytes());
                out.put(media)?;
            }
            out.put_time(*at)
        }
    }
}

fn unpack_answer(spans: &[Span], from: &mut Reader<'_>) -> Result<(Whose, Told), StateError> {
    let first = from.take_bits(NUMBER | NUMBER << 4)?;
    let told = told(first >> 4)?;
    let whose = match first & NUMBER {
        0 => Whose::Session(unpack_session(spans, from)?),
        1 => Whose::Participant { participant: from.take()?, media: from.take()? },
        2 => {
            let number = from.take()?;
            let (agent, media) = match referred(spans, number)? {
                Some(span) => (span.agent.ok_or_else(malformed)?, span.media),
                None => (u64::from_le_bytes(from.take_bytes()?), from.take()?),
            };
            Whose::Agent { agent, media, at: from.take_time()? }
        }
        _ => return Err(malformed()),
    };
    Ok((whose, told))
}

#[cfg(test)]
mod tests;
