//! Enriched events from the bytes of platform events.
//!
//! An `EnrichedEvent` begins with the fields of its `PlatformEvent`, so all that has to be encoded is what
//! was found out about it; the rest is passed on in the bytes it came in.

use super::{EncodedEvent, findings};
use crate::codec::{Encoder, Error, Value, frame};
use crate::{EnrichedEvent, Findings};

/// An event and what was found out about it, before it is put together.
#[derive(Debug, Clone)]
pub struct EnrichedParts {
    /// The event as it came.
    pub event: EncodedEvent,
    /// Whose event it is, where its conversation knows that and the event does not, or not as well.
    pub customer_id: Option<String>,
    /// Whether the platform's payload is published.
    pub include_data: bool,
    /// What was found out.
    pub findings: Findings,
}

/// Encodes enriched events under one schema id, whole ones and those in parts; made once, used for every record.
pub struct EnrichedEncoder {
    whole: Encoder<EnrichedEvent>,
    /// By how many bytes the last record was longer than its event; the next may be as well.
    longer_by: usize,
}

// === impl EnrichedEncoder ===

impl EnrichedEncoder {
    /// As [`Encoder::new`].
    pub fn new(schema_id: u32) -> Self {
        Self { whole: Encoder::new(schema_id), longer_by: 0 }
    }

    /// The value of a record, of a whole event.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn whole(&mut self, event: &EnrichedEvent) -> Result<Vec<u8>, Error> {
        self.whole.encode_to_vec(event)
    }

    /// The value of a record, of an event in parts: the same bytes as of the whole one.
    ///
    /// # Errors
    /// [`Error::Encode`] when what was found out does not fit its schema.
    pub fn parts(&mut self, parts: &EnrichedParts) -> Result<Vec<u8>, Error> {
        let EnrichedParts { event, customer_id, include_data, findings } = parts;
        // A quarter more, since few find out exactly as much as the last.
        let mut out = Vec::with_capacity(event.size() + self.longer_by + self.longer_by / 4);
        out.extend_from_slice(&frame(self.whole.schema_id()));
        let [before_customer, customer, before_data, data] = event.pieces();
        out.extend_from_slice(before_customer);
        match customer_id {
            Some(customer) => {
                findings::optional(Some(customer.as_str()), findings::text, &mut out);
            }
            None => out.extend_from_slice(customer),
        }
        out.extend_from_slice(before_data);
        findings::optional(include_data.then_some(data), |data, out| out.extend_from_slice(data), &mut out);
        findings::append(findings, &mut out)
            .map_err(|error| Error::Encode { name: EnrichedEvent::NAME, reason: error.to_string() })?;
        self.longer_by = out.len().saturating_sub(event.size());
        Ok(out)
    }
}
