//! From a record to the lanes, by way of a schema that may have to be fetched.

use trunkline_kafka::{FetchedSchema, InboundRecord};
use trunkline_schemas::error_codes;

use super::{Error, Worker};
use crate::command::{Parsed, Poison};
use crate::lanes::Input;
use crate::parser::SchemaNeeded;
use crate::ports::{Brokers, TargetCalls};

impl<B: Brokers, C: TargetCalls> Worker<B, C> {
    pub(super) fn read(&mut self, record: InboundRecord) -> Result<(), Error> {
        let partition = record.topic_partition();
        if self.state.schema_wait.is_waiting(&partition) {
            self.state.schema_wait.wait(partition, record.clone());
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
        self.state.schema_wait.wait(partition, record.as_ref().clone());
        self.apply(Input::Undecided(*record))
    }

    pub(super) fn take_schemas(&mut self) -> Result<(), Error> {
        let mut any = false;
        while let Some(FetchedSchema { id, schema }) = self.schemas.fetched() {
            any = true;
            let added = match schema {
                Some(schema) => self.parser.add_schema(id, &schema).map_err(|error| error.to_string()),
                None => Err("the registry does not know it".to_owned()),
            };
            if let Err(reason) = added {
                let code = error_codes::UNKNOWN_SCHEMA_ID;
                tracing::error!(%code, reason, id, "commands of this schema cannot be read now");
                self.state.schema_wait.refuse(id, reason, self.clock.now_ms());
            }
        }
        if !any {
            return Ok(());
        }
        for (partition, records) in self.state.schema_wait.take() {
            tracing::info!(%partition, records = records.len(), "decoding records that waited for a schema");
            for record in records {
                self.read(record)?;
            }
        }
        Ok(())
    }
}
