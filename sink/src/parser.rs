//! From a record of `writebacks.<system>` to a command, or to why it is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_config::{Mode, Target};
use trunkline_connect::writes::Request;
use trunkline_kafka::InboundRecord;
use trunkline_schemas::codec::{self, Decoder};
use trunkline_schemas::error_codes;
use trunkline_schemas::{WriteBack, headers};
use trunkline_telemetry::trace;

use crate::command::{Command, Issued, Parsed, Poison, TargetIndex};
use crate::decision::{Expiry, Terms};
use crate::ending::Ending;

/// Turns records into commands. It knows the configured targets and the schemas seen so far.
pub struct Parser {
    decoder: Decoder<WriteBack>,
    targets: BTreeMap<String, (TargetIndex, Target)>,
    expire_after_ms: i64,
}

/// A record whose schema is not known: [`Parser::add_schema`], then parse it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaNeeded {
    /// Id in the record's header.
    pub id: u32,
    /// The record.
    pub record: Box<InboundRecord>,
}

// === impl Parser ===

impl Parser {
    /// A parser for these targets; their index is their place in the order of their names. Commands whose rule gives
    /// them no time expire so long after they were issued.
    pub fn new(targets: &BTreeMap<String, Target>, expire_after: Duration) -> Self {
        let targets = targets
            .iter()
            .enumerate()
            .map(|(index, (name, target))| (name.clone(), (index, target.clone())))
            .collect();
        Self { decoder: Decoder::new(), targets, expire_after_ms: milliseconds(expire_after) }
    }

    /// Gives the schema of an id.
    ///
    /// # Errors
    /// [`codec::Error`] when no command can be read with it.
    pub fn add_schema(&mut self, id: u32, schema: &str) -> Result<(), codec::Error> {
        self.decoder.add_writer(id, schema)
    }

    /// What a record is, read at `now_ms` (UTC milliseconds).
    ///
    /// # Errors
    /// [`SchemaNeeded`] when its schema was not given yet.
    pub fn parse(&self, record: InboundRecord, now_ms: i64) -> Result<Parsed, SchemaNeeded> {
        let poison = |record: InboundRecord, code: error_codes::ErrorCode, message: String| {
            Ok(Parsed::Poison(Poison { record, code: code.code, message, at_ms: now_ms }))
        };
        if record.key.is_none() {
            return poison(record, error_codes::UNDECODABLE_RECORD, "the command has no key".to_owned());
        }
        let Some(value) = record.value.as_deref() else {
            return poison(record, error_codes::UNDECODABLE_RECORD, "the command has no value".to_owned());
        };
        match self.decoder.decode(value) {
            Ok(write_back) => Ok(self.command(record, write_back)),
            Err(codec::Error::UnknownSchema { id }) => Err(SchemaNeeded { id, record: Box::new(record) }),
            Err(error) => poison(record, error_codes::UNDECODABLE_RECORD, error.to_string()),
        }
    }

    fn command(&self, record: InboundRecord, write_back: WriteBack) -> Parsed {
        let incoming = record.header_text(headers::TRACEPARENT);
        let span = trace::span_from(incoming, "write back");
        let traceparent = span.in_scope(|| trace::propagated(incoming));
        let issued = Arc::new(Issued { record, write_back, traceparent, span });
        let refused = |message: String| {
            let ending = Ending::dead(error_codes::UNKNOWN_OPERATION, message, None);
            Parsed::Refused(Arc::clone(&issued), ending)
        };
        let write_back = &issued.write_back;
        let Some((index, target)) = self.targets.get(&write_back.target) else {
            return refused(format!("target '{}' is not configured here", write_back.target));
        };
        let Some(operation) = target.system.operation(&write_back.operation) else {
            return refused(format!("{} has no operation '{}'", target.system, write_back.operation));
        };
        let request = match Request::from_write_back(write_back, target.system, Some(&issued.traceparent)) {
            Ok(request) => request,
            Err(error) => return refused(error.to_string()),
        };
        let terms = Terms {
            guarantee: operation.guarantee,
            observe: write_back.observe || target.mode == Mode::Observe,
            // One that is written again after it was a dead letter has a record of its own, and as much time again.
            expiry: Expiry::of(
                write_back.expires_at,
                write_back.issued_at.max(issued.record.timestamp),
                self.expire_after_ms,
            ),
            request_lifetime_ms: milliseconds(target.timeout),
        };
        Parsed::Command(Arc::new(Command { issued: Arc::clone(&issued), target: *index, request, terms }))
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
