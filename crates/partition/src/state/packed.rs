//! Writing and reading a value part by part, where a part can be told from those before it: a time as what it differs
//! from the last one.

use serde::{Deserialize, Serialize};

use super::StateError;

/// A value on its way to bytes.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    /// The last time, UTC milliseconds.
    last: i64,
}

/// Bytes on their way to a value.
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
    last: i64,
}

// === impl Writer ===

impl Writer {
    /// Goes on behind these bytes.
    pub(crate) fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, last: 0 }
    }

    /// The next time is told by what it differs from this one, UTC milliseconds.
    pub(crate) fn times_from(&mut self, time: i64) {
        self.last = time;
    }

    /// A part as postcard writes it.
    pub(crate) fn put<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), StateError> {
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(part, bytes).map_err(StateError::Codec)?;
        Ok(())
    }

    /// How many parts of one kind follow.
    pub(crate) fn put_length(&mut self, length: usize) -> Result<(), StateError> {
        self.put(&length)
    }

    /// One byte, mostly of flags.
    pub(crate) fn put_byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Bytes as they are: of hashes, which no shorter form is found for.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A time, UTC milliseconds.
    pub(crate) fn put_time(&mut self, time: i64) -> Result<(), StateError> {
        let since = time.wrapping_sub(self.last);
        self.last = time;
        self.put(&since)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

// === impl Reader ===

impl<'b> Reader<'b> {
    /// Reads from here on.
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, last: 0 }
    }

    /// As it was written.
    pub(crate) fn times_from(&mut self, time: i64) {
        self.last = time;
    }

    /// A part as postcard writes it.
    pub(crate) fn take<T: Deserialize<'b>>(&mut self) -> Result<T, StateError> {
        let (part, rest) = postcard::take_from_bytes(self.rest).map_err(StateError::Codec)?;
        self.rest = rest;
        Ok(part)
    }

    /// Parts of one kind, each of which takes a byte at least.
    pub(crate) fn take_all<T>(
        &mut self,
        mut part: impl FnMut(&mut Self) -> Result<T, StateError>,
    ) -> Result<Vec<T>, StateError> {
        let length: usize = self.take()?;
        // A length that is broken makes room for no more parts than there are bytes.
        let mut parts = Vec::with_capacity(length.min(self.rest.len()));
        for _ in 0..length {
            parts.push(part(self)?);
        }
        Ok(parts)
    }

    /// A byte in which no other bits than these have a meaning.
    pub(crate) fn take_bits(&mut self, known: u8) -> Result<u8, StateError> {
        let [byte] = self.take_bytes()?;
        if byte & !known == 0 { Ok(byte) } else { Err(malformed()) }
    }

    pub(crate) fn take_bytes<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or_else(Self::ended)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// A time, UTC milliseconds.
    pub(crate) fn take_time(&mut self) -> Result<i64, StateError> {
        self.last = self.last.wrapping_add(self.take()?);
        Ok(self.last)
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    fn ended() -> StateError {
        StateError::Codec(postcard::Error::DeserializeUnexpectedEnd)
    }
}

/// Those bits that are set; each is another one.
pub(crate) fn bits(flags: &[(u8, bool)]) -> u8 {
    flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag).sum()
}

/// A number that no build wrote here.
pub(crate) fn malformed() -> StateError {
    StateError::Codec(postcard::Error::DeserializeBadEnum)
}
