//! `trunkline.toml`: read once, checked in full, then plain data.
//!
//! [`load`] and [`parse`] either give a [`Config`] that needs no further checks or every mistake in the file
//! at once, each with its line, its column and what to do about it.
//!
//! Reading takes two steps: text becomes a TOML document in which every value knows its place, and the
//! document becomes validated types, section by section. The second step never stops at a mistake; it notes
//! it and reads on.
//!
//! # Layout
//!
//! - [`Config`] and its sections, one file each: the type, its defaults and how it is read
//! - [`load_rules_test`]: cases for the rules, in files of their own
//! - [`SecretHandle`]: the current value of what a [`SecretReference`] refers to; [`Secret`]: such a value, which
//!   prints as `***`
//! - [`Unresolved`]: a configuration whose secrets in Vault are still to be read
//! - [`Mistakes`]: what [`load`] says when something is wrong
//! - `syntax`: lines that are no TOML
//! - [`Template`], [`BodyTemplate`]: what questions to a [`LookupSource`] are made of
//! - `section`, `values`, `expression`, `expression_kind`, `query_names`, `reference`, `url`, `json_value`: readers of
//!   a table, of single values and of their kinds
//! - [`vocabulary`]: what CEL expressions can name

mod admission;
mod body_template;
mod change_table;
mod config;
mod credentials;
mod enrichment;
mod event_table;
mod extra_headers;
mod http;
mod identity;
mod ingest;
mod json_value;
mod kafka;
mod key_encoding;
mod known_targets;
mod lookup_source;
mod mapping_table;
mod network;
mod plugin;
mod processor;
mod profile_mapping;
mod redaction;
mod registry;
mod retention;
mod rules;
mod rules_test;
mod sink;
mod source;
mod source_kind;
mod target;
mod telemetry;
mod vault;
mod verify;

mod load;
mod log_choices;
mod mistakes;
mod secret;
mod secret_handle;
mod secret_reference;
mod secret_sources;

mod expression;
mod expression_kind;
mod query_names;
mod reference;
mod referred;
mod report;
mod section;
mod suggest;
mod syntax;
mod template;
mod tls;
mod unresolved;
mod url;
mod values;
pub mod vocabulary;

pub use admission::Admission;
pub use body_template::BodyTemplate;
pub use change_table::{ChangeTable, CrmChangeType, EntityPart};
pub use config::Config;
pub use credentials::{Client, Credentials, Introspection, Proof, TokenLogin};
pub use enrichment::Enrichment;
pub use event_table::{EventField, EventTable, TypeRule, WordPattern};
pub use http::{Http, HttpProxy};
pub use identity::{Identity, SearchBy};
pub use ingest::Ingest;
pub use kafka::{Kafka, SaslMechanism, Security};
pub use key_encoding::KeyEncoding;
pub use load::{load, load_with_plugins, load_without_secrets, parse, read};
pub use log_choices::{OnLogChange, OnLoss};
pub use lookup_source::{Asked, BalanceAt, CurrencyAt, LookupSource, SourceMethod};
pub use mapping_table::MappingTable;
pub use mistakes::{EXIT_CODE, Mistake, Mistakes, Place};
pub use network::Networks;
pub use plugin::{CheckSettings, KnownPlugin, Plugin, PluginMistake};
pub use processor::Processor;
pub use profile_mapping::{MoneyMapping, ProfileMapping, RecordMapping, RelatedMapping};
pub use redaction::{PatternPart, PointerPattern, Redaction, RedactionAction, RedactionRule};
pub use reference::{secret_text, without_line_break};
pub use referred::Referred;
pub use registry::{Registry, RegistryAuth};
pub use retention::Retention;
pub use rules::{RoutingRule, Rules, WriteBackRule};
pub use rules_test::{Case, Expected, ExpectedDecision, ExpectedWriteBack, Given, Scalar, load_rules_test};
pub use secret::{ExposeSecret, Secret};
pub use secret_handle::{SecretForm, SecretHandle, Told};
pub use secret_reference::{SecretReference, VaultSecret};
pub use secret_sources::SecretSources;
pub use sink::Sink;
pub use source::{Drift, OrderMode, Source};
pub use source_kind::{ReadBy, SourceKind};
pub use suggest::did_you_mean;
pub use target::{Breaker, Mode, Retry, Target};
pub use telemetry::{LogFormat, Telemetry};
pub use template::{Placeholder, Template, TemplatePart};
pub use tls::{ListenerTls, OwnCertificate, Tls};
pub use unresolved::Unresolved;
pub use url::is_loopback;
pub use vault::{Vault, VaultLogin};
pub use verify::{
    HmacAlgorithm, Jwt, NamePattern, PublicKeys, Signature, SignatureAlgorithm, SignatureEncoding, SignedBy,
    SignedPart, SignedTime, SubjectRule, TimeAt, TimeUnit, Verify,
};
