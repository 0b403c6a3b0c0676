//! From a record of `writebacks.<system>` to a command, or to why it is none.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use trunkline_config::{Mode, Target};
use trunkline_connect::writes::Request;
use trunkline_kafka::InboundRecord;
use trunkline_schemas::codec::{self, Decoder};
use trunkline_schemas::error_codes;
use trunkline_schemas::{WriteBack, headers};
use trunkline_telemetry::trace;

use crate::command::{Command, Issued, Parsed, Poison, TargetIndex};
use crate::decision::Terms;
use crate::ending::Ending;

/// Turns records into commands. It knows the configured targets and the schemas seen so far.
pub struct Parser {
    decoder: Decoder<WriteBack>,
    /// Schema ids that the registry does not know.
    unknown_schemas: HashSet<u32>,
    targets: BTreeMap<String, (TargetIndex, Target)>,
}

/// A record whose schema must be fetched first: [`Parser::add_schema`], then parse it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaNeeded {
    /// Id in the record's header.
    pub id: u32,
    /// The record.
    pub record: Box<InboundRecord>,
}

// === impl Parser ===

impl Parser {
    /// A parser for these targets; their index is their place in the order of their names.
    pub fn new(targets: &BTreeMap<String, Target>) -> Self {
        let targets = targets
            .iter()
            .enumerate()
            .map(|(index, (name, target))| (name.clone(), (index, target.clone())))
            .collect();
        Self { decoder: Decoder::new(), unknown_schemas: HashSet::new(), targets }
    }

    /// Gives the schema of an id, or `None` when the registry does not know it: its records are poison.
    pub fn add_schema(&mut self, id: u32, schema: Option<&str>) {
        let added = schema.map(|schema| self.decoder.add_writer(id, schema));
        match added {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::error!(%error, id, "records of this schema cannot be read");
                self.unknown_schemas.insert(id);
            }
            None => {
                self.unknown_schemas.insert(id);
            }
        }
    }

    /// What a record is.
    ///
    /// # Errors
    /// [`SchemaNeeded`] when its schema was not given yet.
    pub fn parse(&self, record: InboundRecord) -> Result<Parsed, SchemaNeeded> {
        let poison = |record: InboundRecord, code: error_codes::ErrorCode, message: String| {
            Ok(Parsed::Poison(Poison { record, code: code.code, message }))
        };
        if record.key.is_none() {
            return poison(record, error_codes::UNDECODABLE_RECORD, "the command has no key".to_owned());
        }
        let Some(value) = record.value.as_deref() else {
            return poison(record, error_codes::UNDECODABLE_RECORD, "the command has no value".to_owned());
        };
        match self.decoder.decode(value) {
            Ok(write_back) => Ok(self.command(record, write_back)),
            Err(codec::Error::UnknownSchema { id }) if !self.unknown_schemas.contains(&id) => {
                Err(SchemaNeeded { id, record: Box::new(record) })
            }
            Err(error @ codec::Error::UnknownSchema { .. }) => {
                poison(record, error_codes::UNKNOWN_SCHEMA_ID, error.to_string())
            }
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
            expires_at_ms: write_back.expires_at,
            request_lifetime_ms: i64::try_from(target.timeout.as_millis()).unwrap_or(i64::MAX),
        };
        Parsed::Command(Arc::new(Command { issued: Arc::clone(&issued), target: *index, request, terms }))
    }
}

#[cfg(test)]
mod tests;
