//! Records that wait for the schema they were written with, and schemas that were asked for in vain.
//!
//! A record with a schema id that this build does not know may well be good: its partition waits until the
//! registry has answered, while the others go on. Where the registry does not know the id either, or its
//! schema cannot be used, records of it are undecodable, but not for ever: a registry can be wrong, or
//! behind.
//!
//! A registry that does not give a schema, because it is away, refuses us or answers something else, is asked again for
//! as long as it takes: nothing else can tell whether the record is good. But nobody waits in silence:
//! [`SchemaWait::overdue`] says which partitions wait for long, and why.
//!
//! Nothing here asks for a schema: that is the owner's part ([`crate::SchemaFetcher`]), and so is pausing the
//! partitions. What comes of it is taken in here, in one way for whoever waits.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Display;

use trunkline_schemas::{InboundRecord, error_codes};

use crate::schema_fetcher::{FetchTrouble, FetchedSchema, SchemaSource};

mod overdue;

pub use overdue::Overdue;
use overdue::Watch;

/// How long a schema that was asked for in vain is not asked for again, in milliseconds: an undecodable
/// record of it costs nothing then, and good ones, where the registry was wrong, are not dead-lettered for
/// longer.
const REFUSED_FOR_MS: i64 = 60_000;

/// Refused schemas that are remembered: random ids in garbage must not fill the memory.
const REFUSED_LIMIT: usize = 10_000;

/// See the module's documentation. `P` names a partition.
#[derive(Debug)]
pub struct SchemaWait<P> {
    /// Records in the order in which they were read. No queue is empty.
    waiting: BTreeMap<P, VecDeque<InboundRecord>>,
    /// Why a schema decodes nothing, and until when that is taken for granted (UTC milliseconds).
    refused: HashMap<u32, (String, i64)>,
    /// Since when partitions wait, and what the registry says.
    watch: Watch<P>,
}

// === impl SchemaWait ===

impl<P> Default for SchemaWait<P> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), refused: HashMap::new(), watch: Watch::default() }
    }
}

impl<P: Ord + Clone + Display> SchemaWait<P> {
    /// Whether records of this partition wait: what is read after them has to wait behind them.
    pub fn is_waiting(&self, partition: &P) -> bool {
        self.waiting.contains_key(partition)
    }

    /// Lets a record wait from `now` on (UTC milliseconds), behind those of its partition that wait already. The caller
    /// pauses the partition, which bounds how many there are.
    pub fn wait(&mut self, partition: P, record: InboundRecord, now: i64) {
        self.watch.waits(&partition, record.offset, now);
        self.waiting.entry(partition).or_default().push_back(record);
    }

    /// Takes in the schemas that have arrived at `now` (UTC milliseconds): `add` makes one known to the reader, or says
    /// why it is of no use. Returns all records that wait, to be decoded once more, if any may be read now: those that
    /// lack another schema come back.
    pub fn take_fetched<E: Display>(
        &mut self,
        source: &mut dyn SchemaSource,
        mut add: impl FnMut(u32, &str) -> Result<(), E>,
        now: i64,
    ) -> BTreeMap<P, VecDeque<InboundRecord>> {
        while let Some(FetchTrouble { id, reason }) = source.trouble() {
            self.watch.trouble(format!("schema {id}: {reason}"));
        }
        let mut arrived = false;
        while let Some(FetchedSchema { id, schema }) = source.fetched() {
            arrived = true;
            let added = match schema {
                Some(schema) => add(id, &schema).map_err(|error| error.to_string()),
                None => Err("the registry does not know it".to_owned()),
            };
            if let Err(reason) = added {
                let code = error_codes::UNKNOWN_SCHEMA_ID.as_str();
                tracing::error!(code, reason, id, "records of this schema cannot be read now");
                self.refuse(id, reason, now);
            }
        }
        if !arrived {
            return BTreeMap::new();
        }
        for (partition, records) in &self.waiting {
            tracing::info!(%partition, records = records.len(), "decoding records that waited for a schema");
        }
        std::mem::take(&mut self.waiting)
    }

    /// Forgets the records of a partition that is given up: whoever owns it reads them again.
    pub fn forget(&mut self, partition: &P) {
        self.waiting.remove(partition);
    }

    /// Partitions that wait for so long at `now` (UTC milliseconds) that an operator should know, each again from time
    /// to time for as long as it waits.
    pub fn overdue(&mut self, now: i64) -> Vec<Overdue<P>> {
        self.watch.keep(|partition| self.waiting.contains_key(partition));
        self.watch.overdue(now)
    }

    /// Whether no partition waits at `now` for longer than it should, and the detail of it; `None` when that is known.
    pub fn readiness(&mut self, now: i64) -> Option<(bool, String)> {
        self.watch.keep(|partition| self.waiting.contains_key(partition));
        self.watch.readiness(now)
    }

    /// How many partitions wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes note that a schema is of no use, and why: its records are undecodable for a minute from `now` (UTC
    /// milliseconds).
    fn refuse(&mut self, id: u32, reason: String, now: i64) {
        if self.refused.len() >= REFUSED_LIMIT {
            self.refused.retain(|_, (_, until)| *until > now);
        }
        if self.refused.len() >= REFUSED_LIMIT {
            self.refused.clear();
        }
        self.refused.insert(id, (reason, now.saturating_add(REFUSED_FOR_MS)));
    }

    /// Why records of this schema are undecodable now; `None` when the schema is to be asked for, again or
    /// for the first time.
    pub fn refusal(&self, id: u32, now: i64) -> Option<String> {
        let (reason, until) = self.refused.get(&id)?;
        (*until > now).then(|| format!("schema {id}: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::headers::Headers;

    use super::*;

    fn record(offset: i64) -> InboundRecord {
        InboundRecord {
            topic: "t".into(),
            partition: 0,
            offset,
            key: None,
            value: None,
            headers: Headers::new(),
            timestamp: 0,
            leader_epoch: None,
        }
    }

    /// Has these answers.
    struct Fetched(Vec<(u32, Option<&'static str>)>);

    impl SchemaSource for Fetched {
        fn fetch(&mut self, _: u32) {}

        fn fetched(&mut self) -> Option<FetchedSchema> {
            let (id, schema) = self.0.pop()?;
            Some(FetchedSchema { id, schema: schema.map(str::to_owned) })
        }
    }

    /// Takes schemas that are not empty.
    fn add(_: u32, schema: &str) -> Result<(), &'static str> {
        if schema.is_empty() { Err("it is empty") } else { Ok(()) }
    }

    #[test]
    fn records_wait_until_any_schema_has_arrived() {
        let mut schemas = SchemaWait::default();
        schemas.wait(0, record(5), 0);
        assert!(schemas.take_fetched(&mut Fetched(Vec::new()), add, 0).is_empty());
        assert!(schemas.is_waiting(&0), "no schema has arrived");
        assert_eq!(schemas.take_fetched(&mut Fetched(vec![(7, Some("long"))]), add, 0).len(), 1);
        assert_eq!(schemas.refusal(7, 0), None);
    }

    #[test]
    fn a_schema_that_nobody_knows_or_that_is_of_no_use_is_refused_and_its_records_come_back() {
        for (schema, reason) in
            [(None, "schema 7: the registry does not know it"), (Some(""), "schema 7: it is empty")]
        {
            let mut schemas = SchemaWait::default();
            schemas.wait(0, record(5), 0);
            assert_eq!(schemas.take_fetched(&mut Fetched(vec![(7, schema)]), add, 0).len(), 1);
            assert_eq!(schemas.refusal(7, 0).as_deref(), Some(reason));
        }
    }

    #[test]
    fn records_wait_by_partition_and_keep_their_order() {
        let mut schemas = SchemaWait::default();
        for (partition, offset) in [(0, 5), (1, 1), (0, 6)] {
            schemas.wait(partition, record(offset), 0);
        }
        assert!(schemas.is_waiting(&0) && schemas.is_waiting(&1) && !schemas.is_waiting(&2));
        schemas.forget(&1);
        let waiting: Vec<(i32, Vec<i64>)> = schemas
            .take_fetched(&mut Fetched(vec![(7, Some("long"))]), add, 0)
            .into_iter()
            .map(|(partition, records)| (partition, records.iter().map(|record| record.offset).collect()))
            .collect();
        assert_eq!(waiting, [(0, vec![5, 6])]);
        assert!(!schemas.is_waiting(&0));
    }

    #[test]
    fn a_schema_is_refused_for_a_minute_and_then_asked_for_again() {
        let mut schemas = SchemaWait::<i32>::default();
        assert_eq!(schemas.refusal(7, 0), None);
        schemas.refuse(7, "nobody knows it".to_owned(), 1_000);
        assert_eq!(schemas.refusal(7, 60_999).as_deref(), Some("schema 7: nobody knows it"));
        assert_eq!(schemas.refusal(7, 61_000), None);
    }

    #[test]
    fn a_partition_that_waits_for_long_is_named_once_and_again_after_minutes() {
        let mut schemas = SchemaWait::default();
        schemas.wait(3, record(5), 1_000);
        schemas.wait(3, record(6), 9_000);
        assert!(schemas.overdue(10_999).is_empty() && schemas.readiness(10_999).is_none());
        let overdue = schemas.overdue(11_000);
        let [one] = overdue.as_slice() else { panic!("{overdue:?}") };
        assert_eq!((one.partition, one.offset, one.waited_ms), (3, 5, 10_000));
        assert!(schemas.readiness(11_000).is_some_and(|(ready, _)| !ready));
        assert!(schemas.overdue(11_001).is_empty(), "said already");
        assert_eq!(schemas.overdue(311_000).len(), 1, "still so");
        schemas.forget(&3);
        assert!(schemas.overdue(900_000).is_empty());
        assert!(schemas.readiness(900_000).is_some_and(|(ready, _)| ready), "said once");
        assert_eq!(schemas.readiness(900_001), None);
    }

    #[test]
    fn a_partition_that_waits_again_for_another_schema_has_waited_all_the_time() {
        let mut schemas = SchemaWait::default();
        schemas.wait(0, record(5), 0);
        schemas.wait(1, record(7), 0);
        for (_, records) in schemas.take_fetched(&mut Fetched(vec![(7, Some("long"))]), add, 9_000) {
            // Partition 0 lacks another one.
            for record in records.into_iter().filter(|record| record.offset == 5) {
                schemas.wait(0, record, 9_000);
            }
        }
        let overdue = schemas.overdue(10_000);
        assert_eq!(overdue.iter().map(|one| one.partition).collect::<Vec<_>>(), [0], "{overdue:?}");
    }

    #[test]
    fn what_the_registry_says_is_passed_on() {
        struct Troubled(Option<FetchTrouble>);
        impl SchemaSource for Troubled {
            fn fetch(&mut self, _: u32) {}
            fn fetched(&mut self) -> Option<FetchedSchema> {
                None
            }
            fn trouble(&mut self) -> Option<FetchTrouble> {
                self.0.take()
            }
        }
        let mut schemas = SchemaWait::default();
        schemas.wait(0, record(5), 0);
        for reason in ["status 403: no", "garbage"] {
            let trouble = FetchTrouble { id: 9, reason: reason.to_owned() };
            schemas.take_fetched(&mut Troubled(Some(trouble)), add, 0);
        }
        let report = schemas.overdue(10_000)[0].report("e".to_owned(), "sink", "sink-0", 10_000);
        assert_eq!((report.code.as_str(), report.subject.as_deref()), ("TL-5002", Some("0")));
        for part in ["offset 5", "10 s", "schema 9: garbage"] {
            assert!(report.message.contains(part), "{}", report.message);
        }
    }

    #[test]
    fn garbage_does_not_fill_the_memory() {
        let mut schemas = SchemaWait::<i32>::default();
        for id in 0..=REFUSED_LIMIT as u32 {
            schemas.refuse(id, String::new(), i64::from(id));
        }
        assert!(schemas.refused.len() <= REFUSED_LIMIT);
        assert!(schemas.refusal(REFUSED_LIMIT as u32, REFUSED_LIMIT as i64).is_some(), "the latest is known");
    }
}
