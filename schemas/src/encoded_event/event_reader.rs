//! From the bytes of a record of `events.normalized` to an event that stays in its bytes.

use super::EncodedEvent;
use crate::PlatformEvent;
use crate::codec::{self, Decoder, Encoder, Error, Value};

/// Reads events, whichever of the schemas it has been given they were written with.
pub struct EventReader {
    decoder: Decoder<PlatformEvent>,
    /// For what another version of the schema wrote.
    encoder: Encoder<PlatformEvent>,
}

// === impl EventReader ===

impl Default for EventReader {
    fn default() -> Self {
        Self { decoder: Decoder::new(), encoder: Encoder::new(0) }
    }
}

impl EventReader {
    /// A reader that knows no schema id yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Decoder::add_writer`].
    ///
    /// # Errors
    /// As [`Decoder::add_writer`].
    pub fn add_writer(&mut self, id: u32, schema_json: &str) -> Result<(), Error> {
        self.decoder.add_writer(id, schema_json)
    }

    /// Takes the value of a record. One that another version of the schema wrote is resolved, and encoded by
    /// this one's.
    ///
    /// # Errors
    /// Those of [`Decoder::decode`], with the value untouched.
    pub fn read(&mut self, value: Vec<u8>) -> Result<EncodedEvent, (Vec<u8>, Error)> {
        let id = match codec::schema_id(&value) {
            Ok(id) => id,
            Err(error) => return Err((value, error)),
        };
        if self.decoder.is_own(id) {
            return EncodedEvent::of_value(value, &mut self.encoder).map_err(|(value, reason)| {
                (value, Error::Malformed { id, name: PlatformEvent::NAME, reason })
            });
        }
        let event = self.decoder.decode(&value);
        match event.and_then(|event| EncodedEvent::encode_by(&mut self.encoder, &event)) {
            Ok(event) => Ok(event.read_from(value)),
            Err(error) => Err((value, error)),
        }
    }
}
