//! Ingest: from a platform's webhook to a durable, typed event.
//!
//! A request is accepted when every in-sync replica has what it brought, and not before. What it brought is
//! understood by `trunkline-mapping`, which knows nothing of HTTP; here is what does.
//!
//! # Layout
//!
//! The way of a request, in order:
//!
//! - [`accept`], [`connections`]: connections, and which of them goes when there are too many
//! - [`http`], [`cors`]: the route, answers as JSON, and which web pages may call
//! - [`verify`]: does it come from whom the source says?
//! - [`body`], [`content_coding`]: reading the body within its limits
//! - [`delivery`], [`trace_context`]: from the request to a delivery, which `trunkline-mapping` maps
//! - [`unverified_log`]: what is logged of requests that prove nothing
//! - [`key_fetches`]: fetching the public keys that [`verify`] checks with
//! - [`tls`], [`certificate_names`]: what takes TLS off a connection, and whose certificate it showed
//! - [`caller`], [`rates`], [`peer`]: who calls, and how often each may
//! - [`slots`], [`shares`]: how many requests, and how many bytes of them, at once
//! - [`intake`]: verify, map, publish, answer
//! - [`publish`]: Kafka, or a stand-in in tests
//!
//! Beside it: [`files`] (how many connections the process may have), [`refusal`] (every answer that is no),
//! [`metric_names`], [`start`] (what must be there first), [`run`](mod@run), which puts it together, and [`Error`] (why
//! it ends).

pub mod accept;
pub mod body;
pub mod caller;
pub mod certificate_names;
pub mod connections;
pub mod content_coding;
pub mod cors;
pub mod delivery;
pub mod error;
pub mod files;
pub mod http;
pub mod intake;
pub mod key_fetches;
pub mod metric_names;
pub mod peer;
pub mod publish;
pub mod rates;
pub mod refusal;
pub mod run;
pub mod shares;
pub mod slots;
pub mod start;
pub mod tls;
pub mod trace_context;
pub mod unverified_log;
pub mod verify;

pub use error::Error;
pub use run::run;
