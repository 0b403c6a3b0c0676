//! From a record to the lanes, by way of a schema that may have to be fetched.

use trunkline_kafka::{InboundRecord, startup};
use trunkline_schemas::error_codes;

use super::{Error, Worker};
use crate::command::{Parsed, Poison};
use crate::lanes::Input;
use crate::metrics;
use crate::parser::SchemaNeeded;
use crate::ports::{GroupOffsets, SavedState, TargetCalls};

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    pub(super) fn read(&mut self, record: InboundRecord) -> Result<(), Error> {
        let partition = record.topic_partition();
        if self.state.schema_wait.is_waiting(&partition) {
            let at_ms = self.clock.now_ms();
            self.state.schema_wait.wait(partition, record.clone(), at_ms);
            return self.apply(Input::Undecided(record));
        }
        let at_ms = self.clock.now_ms();
        let SchemaNeeded { id, record } = match self.parser.parse(record, at_ms) {
            Ok(parsed) => return self.apply(Input::Read(parsed)),
            Err(needed) => needed,
        };
        if let Some(message) = self.state.schema_wait.refusal(id, at_ms) {
            let code = error_codes::UNKNOWN_SCHEMA_ID.as_str();
            return self.apply(Input::Read(Parsed::Poison(Poison { record: *record, code, message, at_ms })));
        }
        self.schemas.fetch(id);
        self.state.schema_wait.wait(partition, record.as_ref().clone(), at_ms);
        self.apply(Input::Undecided(*record))
    }

    pub(super) fn take_schemas(&mut self) -> Result<(), Error> {
        let (parser, now_ms) = (&mut self.parser, self.clock.now_ms());
        let add = |id, schema: &str| parser.add_schema(id, schema);
        for (_, records) in self.state.schema_wait.take_fetched(&mut *self.schemas, add, now_ms) {
            for record in records {
                self.read(record)?;
            }
        }
        for overdue in self.state.schema_wait.overdue(now_ms) {
            self.state.pending.push(self.reporter.waits_for_schema(&overdue, now_ms));
        }
        metrics::waiting_for_schema(self.state.schema_wait.waiting());
        if let Some((ready, detail)) = self.state.schema_wait.readiness(now_ms) {
            self.health.set(startup::REGISTRY, ready, &detail);
        }
        Ok(())
    }
}
