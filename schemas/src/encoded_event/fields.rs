//! Where the fields of an encoded platform event are, by the schema of this build: Avro 1.12, "Binary encoding".

use std::num::NonZeroU32;
use std::ops::Range;

use crate::event_type;

/// A piece of a record's value. Events wait by the ten thousand, and each has thirty of these: a place takes four bytes
/// since no value of Kafka is longer (its protocol gives lengths as 32 bits), and none ends at 0, where the frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    from: u32,
    to: NonZeroU32,
}

/// What is looked at on an event's way, and where the pieces begin that it is published from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) event_id: Text,
    pub(super) event_type: Text,
    /// The event's type, where it is one of this build's vocabulary.
    pub(super) known_type: Option<&'static str>,
    pub(super) source_type: Text,
    pub(super) platform: Text,
    pub(super) org_id: Text,
    pub(super) entity_type: Text,
    pub(super) entity_id: Text,
    pub(super) conversation_id: Option<Text>,
    pub(super) contact_id: Option<Text>,
    pub(super) flow_session_id: Option<Text>,
    pub(super) participant_id: Option<Text>,
    pub(super) agent_id: Option<Text>,
    pub(super) customer_id: Option<Text>,
    /// The customer's id with what says whether there is one.
    pub(super) customer_field: Text,
    pub(super) media_type: Option<Text>,
    pub(super) direction: Option<Text>,
    pub(super) event_time: i64,
    pub(super) ingest_time: i64,
    pub(super) sequence: Option<i64>,
    pub(super) source: Text,
    pub(super) channel: Text,
    /// Where the attributes begin.
    pub(super) attributes_from: u32,
    /// The attribute of that name.
    pub(super) session: Option<Text>,
    /// The attribute of that name.
    pub(super) topic: Option<Text>,
    /// The attribute of that name.
    pub(super) declared: Option<Text>,
    /// Where the tenant's attributes begin.
    pub(super) tenant_attributes_from: u32,
    pub(super) content_id: Option<Text>,
    /// Where the payload begins, with its length.
    pub(super) data_from: u32,
}

/// The attribute that names the participant's session.
const SESSION: &str = "sessionId";

/// The attribute that names the topic with its ids.
const TOPIC: &str = "topicName";

/// The attribute that names what an event says but for fields that its platform's schema does not name.
const DECLARED: &str = "declaredId";

/// Symbols of `EventTimeSource`.
const EVENT_TIME_SOURCES: i64 = 3;

/// The entries of a map of texts that begins at `from`, in the order of their names: of a value in which it was found,
/// and which has the bytes that our serializer gives it.
pub(super) fn entries(value: &[u8], from: u32) -> impl Iterator<Item = (Text, Text)> + '_ {
    let mut cursor = Cursor { value, at: from as usize, canonical: true };
    let count = cursor.number().unwrap_or_default();
    (0..count).map_while(move |_| Some((cursor.span()?, cursor.span()?)))
}

/// Reads on through a record's value.
struct Cursor<'v> {
    value: &'v [u8],
    at: usize,
    /// Whether everything so far is as our serializer writes it: Avro lets others write numbers longer than
    /// they need be, maps in several blocks, and their entries in any order.
    canonical: bool,
}

// === impl Text ===

impl Text {
    /// `None` where a value cannot be that long.
    fn new(from: usize, to: usize) -> Option<Self> {
        Some(Self { from: u32::try_from(from).ok()?, to: NonZeroU32::new(u32::try_from(to).ok()?)? })
    }

    /// Where it lies.
    pub(super) fn range(self) -> Range<usize> {
        self.from as usize..self.to.get() as usize
    }
}

// === impl Fields ===

impl Fields {
    /// Goes through a body that begins at `from`, field by field as the schema has them; also whether it has
    /// the bytes that our serializer would give it. Whatever is not exactly one event is refused, with what
    /// is wrong.
    pub(super) fn find(value: &[u8], from: usize) -> Result<(Self, bool), String> {
        let mut cursor = Cursor { value, at: from, canonical: true };
        let fields = Self::read(&mut cursor).ok_or_else(|| {
            format!("up to byte {} of its value it is what its schema has there, then no longer", cursor.at)
        })?;
        match value.len() - cursor.at {
            0 => Ok((fields, cursor.canonical)),
            bytes => Err(format!("{bytes} bytes follow its end")),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let event_id = cursor.text()?;
        let event_type = cursor.text()?;
        let source_type = cursor.text()?;
        let platform = cursor.text()?;
        let org_id = cursor.text()?;
        let entity_type = cursor.text()?;
        let entity_id = cursor.text()?;
        let conversation_id = cursor.optional(Cursor::text)?;
        let contact_id = cursor.optional(Cursor::text)?;
        let flow_session_id = cursor.optional(Cursor::text)?;
        let participant_id = cursor.optional(Cursor::text)?;
        let agent_id = cursor.optional(Cursor::text)?;
        let _queue_id = cursor.optional(Cursor::text)?;
        let customer_from = cursor.at;
        let customer_id = cursor.optional(Cursor::text)?;
        let customer_field = Text::new(customer_from, cursor.at)?;
        let media_type = cursor.optional(Cursor::text)?;
        let direction = cursor.optional(Cursor::text)?;
        let event_time = cursor.number()?;
        let _event_time_source = cursor.below(EVENT_TIME_SOURCES)?;
        let ingest_time = cursor.number()?;
        let sequence = cursor.optional(Cursor::number)?;
        let [_correlation_id, source, _kind, channel] =
            [cursor.text()?, cursor.text()?, cursor.text()?, cursor.text()?];
        let _transport_id = cursor.optional(Cursor::text)?;
        let [_adapter, _schema_version] = [cursor.text()?, cursor.text()?];
        let _backfilled = cursor.truth()?;
        let attributes_from = cursor.place()?;
        let [session, topic, declared] = cursor.texts_by_name([SESSION, TOPIC, DECLARED])?;
        let tenant_attributes_from = cursor.place()?;
        cursor.texts_by_name([])?;
        let _attributes_cut = cursor.truth()?;
        cursor.texts()?;
        let content_id = cursor.optional(Cursor::text)?;
        let data_from = cursor.place()?;
        let _data = cursor.text()?;
        Some(Self {
            event_id,
            event_type,
            known_type: event_type::known(cursor.bytes(event_type)),
            source_type,
            platform,
            org_id,
            entity_type,
            entity_id,
            conversation_id,
            contact_id,
            flow_session_id,
            participant_id,
            agent_id,
            customer_id,
            customer_field,
            media_type,
            direction,
            event_time,
            ingest_time,
            sequence,
            source,
            channel,
            attributes_from,
            session,
            topic,
            declared,
            tenant_attributes_from,
            content_id,
            data_from,
        })
    }
}

// === impl Cursor ===

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.value.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// Where it is; `None` where a value cannot be that long.
    fn place(&self) -> Option<u32> {
        u32::try_from(self.at).ok()
    }

    /// A long: seven bits a byte, the least first, zig-zag.
    #[inline]
    fn number(&mut self) -> Option<i64> {
        let first = u64::from(self.byte()?);
        // Most are lengths, and lengths are mostly short.
        if first < 0x80 { Some(zigzag(first)) } else { self.longer_number(first & 0x7F) }
    }

    /// The same, behind its first byte, which has more behind it.
    fn longer_number(&mut self, mut bits: u64) -> Option<i64> {
        for shift in (7..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            // The tenth has one bit to give.
            if shift == 63 && byte > 1 {
                return None;
            }
            bits |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                self.canonical &= byte != 0;
                return Some(zigzag(bits));
            }
        }
        None
    }

    fn below(&mut self, end: i64) -> Option<i64> {
        self.number().filter(|number| (0..end).contains(number))
    }

    fn text(&mut self) -> Option<Text> {
        let before = self.at;
        let text = self.span()?;
        // Nearly all are ASCII, which is seen a word at a time wherever a text begins; the check for UTF-8 goes byte by
        // byte up to the next word, which is most of an id.
        let bytes = self.bytes(text);
        if !bytes.is_ascii() && std::str::from_utf8(bytes).is_err() {
            self.at = before;
            return None;
        }
        Some(text)
    }

    /// A text, whatever its bytes are.
    fn span(&mut self) -> Option<Text> {
        let length = usize::try_from(self.number()?).ok()?;
        let from = self.at;
        let to = from.checked_add(length)?;
        self.value.get(from..to)?;
        self.at = to;
        Text::new(from, to)
    }

    fn truth(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A union of null and something else.
    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.below(2)? {
            0 => Some(None),
            _ => read(self).map(Some),
        }
    }

    /// A map of texts: blocks of entries, each with its count, a negative one followed by the block's bytes. Gives
    /// the texts of these names.
    fn texts_by_name<const N: usize>(&mut self, wanted: [&str; N]) -> Option<[Option<Text>; N]> {
        let mut found = [None; N];
        let mut last: Option<Text> = None;
        let mut blocks = 0;
        loop {
            let count = self.number()?;
            if count < 0 {
                self.number()?;
            }
            if count == 0 {
                return Some(found);
            }
            blocks += 1;
            self.canonical &= count > 0 && blocks == 1;
            for _ in 0..count.unsigned_abs() {
                let name = self.text()?;
                let text = self.text()?;
                for (found, wanted) in found.iter_mut().zip(wanted) {
                    if self.bytes(name) == wanted.as_bytes() {
                        *found = Some(text);
                    }
                }
                let in_order = last.is_none_or(|last| self.bytes(last) < self.bytes(name));
                self.canonical &= in_order;
                last = Some(name);
            }
        }
    }

    /// An array of texts: blocks of them, as in a map.
    fn texts(&mut self) -> Option<()> {
        let mut blocks = 0;
        loop {
            let count = self.number()?;
            if count < 0 {
                self.number()?;
            }
            if count == 0 {
                return Some(());
            }
            blocks += 1;
            self.canonical &= count > 0 && blocks == 1;
            for _ in 0..count.unsigned_abs() {
                self.text()?;
            }
        }
    }

    fn bytes(&self, at: Text) -> &[u8] {
        &self.value[at.range()]
    }
}

/// A long from its bits, of which the last is the sign.
fn zigzag(bits: u64) -> i64 {
    (bits >> 1) as i64 ^ -((bits & 1) as i64)
}
