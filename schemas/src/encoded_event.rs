//! A platform event in the bytes it was written in.
//!
//! The processor looks at a dozen fields of an event and publishes the others as they came. Making a
//! [`PlatformEvent`] of the bytes means some thirty strings, and writing an
//! [`EnrichedEvent`](crate::EnrichedEvent) of it the same bytes again; here the fields are found once, read
//! where they lie, and passed on as one piece ([`EnrichedEncoder`]).
//!
//! # Layout
//!
//! - [`EncodedEvent`]: the event; `fields` finds what it consists of
//! - [`EventReader`]: from a record's bytes to an event
//! - [`EnrichedEncoder`]: from an event in parts to the bytes of a record; `findings` writes what was found
//!   out

mod enriched_encoder;
mod event_reader;
mod fields;
mod findings;

pub use enriched_encoder::{EnrichedEncoder, EnrichedParts};
pub use event_reader::EventReader;

use self::fields::{Fields, Text};
use crate::PlatformEvent;
use crate::codec::{self, Encoder, Error, FRAME_LENGTH, Value};
use crate::key::entity_key;

/// A platform event, encoded by the schema of this build, whose fields are known to be where they belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedEvent {
    /// A record's value: frame and body.
    value: Vec<u8>,
    fields: Fields,
    /// The value that was read, where another version of the schema wrote it.
    original: Option<Vec<u8>>,
}

/// One attribute of an event where it lies. Its name is compared as bytes: an event has a dozen attributes of which a
/// reader wants one or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'e> {
    /// Its name.
    pub name: &'e [u8],
    value: &'e [u8],
}

// === impl Attribute ===

impl<'e> Attribute<'e> {
    /// Its value.
    pub fn value(&self) -> &'e str {
        known_text(self.value)
    }
}

// === impl EncodedEvent ===

impl EncodedEvent {
    /// Encodes an event, under the schema id 0.
    ///
    /// # Errors
    /// [`Error::Encode`] when it does not fit its schema.
    pub fn encode(event: &PlatformEvent) -> Result<Self, Error> {
        Self::encode_by(&mut Encoder::new(0), event)
    }

    /// As [`Self::encode`], by an encoder that is kept.
    pub(crate) fn encode_by(
        encoder: &mut Encoder<PlatformEvent>,
        event: &PlatformEvent,
    ) -> Result<Self, Error> {
        let value = encoder.encode_to_vec(event)?;
        match Fields::find(&value, FRAME_LENGTH) {
            Ok((fields, _)) => Ok(Self { value, fields, original: None }),
            Err(reason) => Err(Error::Encode { name: PlatformEvent::NAME, reason }),
        }
    }

    /// Takes a record's value that was written by this build's schema; gives it back, with what is wrong, when it is no
    /// event. One in other bytes than ours is encoded anew, so that readers get what our serializer writes.
    pub(crate) fn of_value(
        value: Vec<u8>,
        encoder: &mut Encoder<PlatformEvent>,
    ) -> Result<Self, (Vec<u8>, String)> {
        match Fields::find(&value, FRAME_LENGTH) {
            Ok((fields, true)) => Ok(Self { value, fields, original: None }),
            Ok((_, false)) => {
                match codec::decode_own(&value).and_then(|event| Self::encode_by(encoder, &event)) {
                    Ok(event) => Ok(event.read_from(value)),
                    Err(error) => Err((value, error.to_string())),
                }
            }
            Err(reason) => Err((value, reason)),
        }
    }

    /// As if `original` had been read.
    pub(crate) fn read_from(mut self, original: Vec<u8>) -> Self {
        self.original = Some(original);
        self
    }

    /// The record's value as it was read, byte for byte.
    pub fn into_value(self) -> Vec<u8> {
        self.original.unwrap_or(self.value)
    }

    /// Bytes of its value.
    pub fn size(&self) -> usize {
        self.value.len()
    }

    /// Bytes that it keeps in memory: of its value, and of the one that was read where that is another.
    pub fn held_bytes(&self) -> usize {
        self.value.len() + self.original.as_ref().map_or(0, Vec::len)
    }

    /// Bytes of its value but for the platform's payload.
    pub fn size_without_data(&self) -> usize {
        self.fields.data_from as usize
    }

    /// All of its fields.
    ///
    /// # Errors
    /// [`Error::Malformed`] should the decoder refuse what was found to be an event.
    pub fn decode(&self) -> Result<PlatformEvent, Error> {
        codec::decode_own(&self.value)
    }

    /// As [`PlatformEvent::event_id`].
    pub fn event_id(&self) -> &str {
        self.text(self.fields.event_id)
    }

    /// As [`PlatformEvent::event_type`].
    pub fn event_type(&self) -> &str {
        self.fields.known_type.unwrap_or_else(|| self.text(self.fields.event_type))
    }

    /// As [`PlatformEvent::content_id`].
    pub fn content_id(&self) -> Option<&str> {
        self.fields.content_id.map(|at| self.text(at))
    }

    /// As [`PlatformEvent::source_type`].
    pub fn source_type(&self) -> &str {
        self.text(self.fields.source_type)
    }

    /// The platform's topic with its ids, where the event names it: the attribute `topicName`.
    pub fn topic(&self) -> Option<&str> {
        self.fields.topic.map(|at| self.text(at))
    }

    /// What its content, or else its event, would be known by without the fields of its payload that the platform's
    /// schema does not name; `None` where it has none: the attribute `declaredId`.
    pub fn declared_id(&self) -> Option<&str> {
        self.fields.declared.map(|at| self.text(at))
    }

    /// As [`PlatformEvent::participant_id`].
    pub fn participant_id(&self) -> Option<&str> {
        self.fields.participant_id.map(|at| self.text(at))
    }

    /// The participant's session: the attribute `sessionId`.
    pub fn session_attribute(&self) -> Option<&str> {
        self.fields.session.map(|at| self.text(at))
    }

    /// The participant's session, from the attribute `sessionId`; that of a flow else.
    pub fn session(&self) -> Option<&str> {
        self.fields.session.or(self.fields.flow_session_id).map(|at| self.text(at))
    }

    /// As [`PlatformEvent::platform`].
    pub fn platform(&self) -> &str {
        self.text(self.fields.platform)
    }

    /// As [`PlatformEvent::entity_type`].
    pub fn entity_type(&self) -> &str {
        self.text(self.fields.entity_type)
    }

    /// As [`PlatformEvent::agent_id`].
    pub fn agent_id(&self) -> Option<&str> {
        self.fields.agent_id.map(|at| self.text(at))
    }

    /// As [`PlatformEvent::contact_id`].
    pub fn contact_id(&self) -> Option<&str> {
        self.fields.contact_id.map(|at| self.text(at))
    }

    /// As [`PlatformEvent::customer_id`].
    pub fn customer_id(&self) -> Option<&str> {
        self.fields.customer_id.map(|at| self.text(at))
    }

    /// As [`PlatformEvent::media_type`].
    pub fn media_type(&self) -> Option<&str> {
        self.fields.media_type.map(|at| self.text(at))
    }

    /// As [`PlatformEvent::direction`].
    pub fn direction(&self) -> Option<&str> {
        self.fields.direction.map(|at| self.text(at))
    }

    /// Its attributes in the order of their names, read where they lie.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.entries(self.fields.attributes_from)
    }

    /// Attributes that the tenant set, as [`Self::attributes`].
    pub fn tenant_attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.entries(self.fields.tenant_attributes_from)
    }

    /// One of its attributes.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes()
            .find(|attribute| attribute.name == name.as_bytes())
            .map(|attribute| attribute.value())
    }

    /// As [`PlatformEvent::conversation_id`].
    pub fn conversation_id(&self) -> Option<&str> {
        self.fields.conversation_id.map(|at| self.text(at))
    }

    /// Whether it belongs to a conversation.
    pub fn is_conversational(&self) -> bool {
        self.fields.conversation_id.is_some()
    }

    /// As [`PlatformEvent::event_time`].
    pub fn event_time(&self) -> i64 {
        self.fields.event_time
    }

    /// As [`PlatformEvent::ingest_time`].
    pub fn ingest_time(&self) -> i64 {
        self.fields.ingest_time
    }

    /// As [`PlatformEvent::sequence`].
    pub fn sequence(&self) -> Option<i64> {
        self.fields.sequence
    }

    /// The name in [`PlatformEvent::source`].
    pub fn source(&self) -> &str {
        self.text(self.fields.source)
    }

    /// The channel in [`PlatformEvent::source`].
    pub fn channel(&self) -> &str {
        self.text(self.fields.channel)
    }

    /// Whether this is the key of its record, see [`PlatformEvent::key`].
    pub fn has_key(&self, key: &[u8]) -> bool {
        let Fields { platform, org_id: org, conversation_id, entity_id, .. } = self.fields;
        let native = conversation_id.unwrap_or(entity_id);
        let rest = key.strip_prefix(self.bytes(platform)).and_then(|key| key.strip_prefix(b"/"));
        let rest = rest.and_then(|key| key.strip_prefix(self.bytes(org))?.strip_prefix(b"/"));
        // Nearly all ids stand in keys as they are; making a key anew is for the others.
        let is_plain = |part| !self.bytes(part).iter().any(|byte| matches!(byte, b'/' | b'%'));
        (rest == Some(self.bytes(native)) && is_plain(platform) && is_plain(org))
            || key == entity_key(self.text(platform), self.text(org), self.text(native)).as_bytes()
    }

    /// Its body in pieces: up to the customer's id, that id, from behind it to the payload, and the payload with its
    /// length. An enriched event begins with the same fields.
    pub(crate) fn pieces(&self) -> [&[u8]; 4] {
        let customer = self.fields.customer_field.range();
        let (before, behind, data) = (customer.start, customer.end, self.size_without_data());
        [
            &self.value[FRAME_LENGTH..before],
            &self.value[customer],
            &self.value[behind..data],
            &self.value[data..],
        ]
    }

    fn entries(&self, from: u32) -> impl Iterator<Item = Attribute<'_>> {
        let entries = fields::entries(&self.value, from);
        entries.map(|(name, value)| Attribute { name: self.bytes(name), value: self.bytes(value) })
    }

    fn text(&self, at: Text) -> &str {
        known_text(self.bytes(at))
    }

    fn bytes(&self, at: Text) -> &[u8] {
        &self.value[at.range()]
    }
}

/// A text of an event: it was UTF-8 when it was found.
fn known_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
