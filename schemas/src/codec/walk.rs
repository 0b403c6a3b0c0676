//! Reads a body to its end without keeping anything of it.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_avro_fast::Schema;
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};

/// A deserializer over `body` whose collections cannot be longer than the body has bytes, however long it
/// claims they are.
pub(super) fn state<'s, 'b>(body: &'b [u8], schema: &'s Schema) -> DeserializerState<'s, SliceRead<'b>> {
    let mut config = DeserializerConfig::new(schema);
    config.max_seq_size = body.len();
    DeserializerState::with_config(SliceRead::new(body), config)
}

/// Bytes that a reader has not consumed.
pub(super) fn left_over(reader: &mut SliceRead<'_>) -> usize {
    std::io::BufRead::fill_buf(reader).map_or(0, <[u8]>::len)
}

/// Checks that the body is exactly one datum of its schema: every length within the body, every string UTF-8, no byte
/// too few or too many.
pub(super) fn check(body: &[u8], schema: &Schema) -> Result<(), String> {
    let mut state = state(body, schema);
    Anything::deserialize(state.deserializer()).map_err(|error| error.to_string())?;
    match left_over(&mut state.into_reader()) {
        0 => Ok(()),
        bytes => Err(format!("{bytes} bytes follow its end")),
    }
}

/// As `serde::de::IgnoredAny`, but nothing is skipped unread.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self, A::Error> {
        while sequence.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}
