//! The records that events, quarantined payloads and drift become: topic, key, Avro value, headers and
//! timestamp of each kind.

use std::cell::RefCell;

use trunkline_schemas::codec::{self, Encoder, Value};
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{CrmChange, OutboundRecord, PlatformEvent, QuarantinedPayload, SchemaDrift};

use crate::trace_context::TraceContext;

/// Topics and schema ids, fixed at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// `events.normalized`.
    pub normalized: Destination,
    /// `crm.changes`; `None` where no source tells of changes.
    pub changes: Option<Destination>,
    /// `quarantine`.
    pub quarantine: Destination,
    /// `schema.drift`.
    pub drift: Destination,
}

/// One topic, and the schema its values are written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Name with the deployment's prefix.
    pub topic: String,
    /// Id of the value's schema in the registry.
    pub schema_id: u32,
}

// === impl Records ===

impl Records {
    /// An event on its way to the processor. Its timestamp is the time of ingestion.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn event(&self, event: &PlatformEvent, trace: &TraceContext) -> Result<OutboundRecord, codec::Error> {
        let mut headers = headers::cloud_event(event);
        trace.write(&mut headers);
        self.normalized.record(event.key(), event, headers, event.ingest_time)
    }

    /// A change of a CRM's record. Its timestamp is the time of receipt.
    ///
    /// # Errors
    /// Those of the serializer, and where no destination of changes is known.
    pub fn change(&self, change: &CrmChange, trace: &TraceContext) -> Result<OutboundRecord, codec::Error> {
        let mut headers = headers::correlation(None, None, None, Some(&change.correlation_id));
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
        trace.write(&mut headers);
        let unprepared = || codec::Error::Encode {
            name: "CrmChange",
            reason: "no source told of changes at the start, so that their topic is not known".to_owned(),
        };
        let changes = self.changes.as_ref().ok_or_else(unprepared)?;
        changes.record(change.key(), change, headers, change.received_at.unwrap_or(change.changed_at))
    }

    /// A payload that is kept in quarantine.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn quarantined(
        &self,
        payload: &QuarantinedPayload,
        trace: &TraceContext,
    ) -> Result<OutboundRecord, codec::Error> {
        let mut headers = headers::correlation(None, None, None, Some(&payload.correlation_id));
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
        trace.write(&mut headers);
        self.quarantine.record(payload.key(), payload, headers, payload.received_at)
    }

    /// A report of drift.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn drift(&self, drift: &SchemaDrift, now: i64) -> Result<OutboundRecord, codec::Error> {
        self.drift.record(drift.key(), drift, avro(), now)
    }
}

fn avro() -> Headers {
    [(headers::CONTENT_TYPE, headers::AVRO)].into_iter().collect()
}

// === impl Destination ===

impl Destination {
    fn record<T: PerThread>(
        &self,
        key: String,
        value: &T,
        headers: Headers,
        timestamp: i64,
    ) -> Result<OutboundRecord, codec::Error> {
        let value = T::with_encoder(self.schema_id, |encoder| encoder.encode_to_vec(value))?;
        Ok(OutboundRecord {
            topic: self.topic.clone(),
            partition: None,
            key: Some(key.into_bytes()),
            value: Some(value),
            headers,
            timestamp: Some(timestamp),
        })
    }
}

/// Values that every worker thread keeps an encoder for: encoders have buffers worth keeping, and no lock is
/// needed.
trait PerThread: Value + Sized {
    fn with_encoder<R>(schema_id: u32, work: impl FnOnce(&mut Encoder<Self>) -> R) -> R;
}

macro_rules! per_thread {
    ($($value:ident),+) => {$(
        impl PerThread for $value {
            fn with_encoder<R>(schema_id: u32, work: impl FnOnce(&mut Encoder<Self>) -> R) -> R {
                thread_local! {
                    static ENCODER: RefCell<Option<Encoder<$value>>> = const { RefCell::new(None) };
                }
                ENCODER.with_borrow_mut(|kept| {
                    let mut encoder = match kept.take() {
                        Some(encoder) if encoder.schema_id() == schema_id => encoder,
                        _ => Encoder::new(schema_id),
                    };
                    let result = work(&mut encoder);
                    *kept = Some(encoder);
                    result
                })
            }
        }
    )+};
}

per_thread!(CrmChange, PlatformEvent, QuarantinedPayload, SchemaDrift);
