//! The only crate that knows the Kafka client: producers, consumers, transactions, topics, the registry.
//!
//! # Layout
//!
//! - `client`: every setting of every client, each explained
//! - [`startup`]: waiting for the registry, the topics and the brokers
//! - [`names`]: what brokers know a program by
//! - [`Producer`]: idempotent, for those who wait for each record's acknowledgement
//! - [`TransactionalProducer`]: records and offsets that take effect together; `transaction_timeouts`: how
//!   long that may take
//! - [`GroupConsumer`]: a member of a consumer group that decides when partitions come and go; it joins by
//!   its [`GroupSettings`]
//! - [`ports`]: what both stream loops ask of the brokers and the clock, for the real ones and for models of them;
//!   [`KafkaBrokers`]: the real ones; [`SteadyClock`]: the time of day without its jumps
//! - [`end_transaction`]: what follows from how a commit went
//! - [`isolation`]: which record has its transaction aborted again and again; pure
//! - [`OffsetTracker`]: which offsets of a partition are finished out of order, and what is saved of that; pure
//! - [`logs`]: whether a log that is read is still the one that was read, with all that was not read yet
//! - [`reports`]: what the programs report on `pipeline.errors`, bounded, as one kind of record
//! - [`limits`]: how large records may be
//! - [`SchemaWait`]: records that wait for a schema, and schemas that are refused for a while; pure, with a source of
//!   schemas as its port
//! - [`CommittedOffsets`]: a group's offsets, asked for by one who is no member
//! - [`EndOffsets`]: where partitions end, asked for beside the member that reads them
//! - [`ConsumerError`]: what can go wrong in any of them
//! - [`changelog`]: reading state back to the end of what is committed
//! - [`tail`]: reading topics from the start or a time to their end, or following them; outside any group
//! - [`topics`]: what is to be done so that the topics are as [`trunkline_schemas::catalog`] says, and doing it
//! - [`Registry`] and [`schemas`]: the schema registry, and the schemas of the catalog in it;
//!   [`SchemaFetcher`] asks it in
//!   the background
//! - [`BesideLoop`] and [`measuring`]: what is asked of the brokers again and again, beside the loops: [`lag`], how
//!   far the last stable offset is behind, since one hung transaction freezes every read_committed reader;
//!   [`group_lag`], how far the group is; [`partition_counts`], whether topics have the configured number of partitions
//! - `partitioner`: in which partition a key lies, by the configured number
//! - [`Uncommitted`]: how old the records are that are read and not committed; pure

pub mod changelog;
pub mod committed_offsets;
pub mod group_consumer;
pub mod group_lag;
pub mod isolation;
pub mod lag;
mod leader_epoch;
pub mod limits;
pub mod logs;
pub mod measuring;
pub mod names;
pub mod offset_tracker;
pub mod partition_counts;
pub mod ports;
pub mod producer;
pub mod registry;
pub mod reports;
pub mod schema_fetcher;
pub mod schema_wait;
pub mod schemas;
pub mod startup;
pub mod tail;
pub mod topics;
pub mod transactional_producer;

mod arrivals;
mod beside_loop;
mod brokers;
mod client;
mod client_errors;
mod clock_skew;
mod consumer_error;
mod end_offsets;
mod group_settings;
mod inbound;
mod last_topic;
mod partition_list;
mod partitioner;
mod quiet;
mod stamps;
mod steady_clock;
mod time_of_day;
mod transaction_end;
mod transaction_timeouts;
mod uncommitted;

pub use beside_loop::Subjects as BesideLoop;
pub use brokers::KafkaBrokers;
pub use client::{CERTIFICATES, CertificatesInUse};
pub use clock_skew::ClockSkew;
pub use committed_offsets::CommittedOffsets;
pub use consumer_error::ConsumerError;
pub use end_offsets::EndOffsets;
pub use group_consumer::{GroupConsumer, Polled};
pub use group_settings::GroupSettings;
pub use logs::{LogGuard, LogLooks, LogNow, LogPosition, LogReader, LogWatch};
pub use measuring::Measuring;
pub use offset_tracker::{OffsetTracker, SavedOffsets, SavedOffsetsError, Seen};
pub use producer::{Delivery, ProduceError, Producer};
pub use registry::{Registry, RegistryError};
pub use reports::{ReportEncoder, ReportQueue};
pub use schema_fetcher::{FetchTrouble, FetchedSchema, SchemaFetcher, SchemaSource};
pub use schema_wait::{Overdue, SchemaWait};
pub use steady_clock::{Steady, SteadyClock};
pub use tail::{From, Tail, TailError, Tailed};
pub use topics::TopicsError;
pub use transaction_end::{Aborting, Ended, end_transaction};
pub use transactional_producer::{CommitOutcome, TransactionError, TransactionalProducer};
pub use trunkline_schemas::record::{InboundRecord, OutboundRecord, TopicPartition};
pub use uncommitted::Uncommitted;
