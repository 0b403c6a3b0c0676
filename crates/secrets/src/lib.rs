//! Secrets whose sources change while a process runs: files that are replaced, and secrets in Vault or OpenBao.
//!
//! [`load`] reads a configuration with all its secrets, and gives the [`Sources`] that these came from.
//! [`Sources::follow`] reads them again and again, and hands each change to the handles in the configuration. What
//! cannot be read any more keeps its last value, and is reported as
//! [TL-1003](trunkline_schemas::error_codes::SECRET_KEPT).
//!
//! # Layout
//!
//! - [`load`], [`Sources`]: from a file to a configuration and the sources of its secrets
//! - `files`: files that are looked at again and again; `settling`: whether a content is whole; pure
//! - `vault`: the client of Vault, its session, and what is read there again and again; `vault/token_life`: when to
//!   renew a login; pure
//! - `schedule`: when a source is read again; pure
//! - `followed`: one secret, and what reading it means; pure
//! - `certificate_end`: when the certificates of a secret end; pure
//! - `metrics`, `report`: what is counted and said of each change

mod certificate_end;
mod files;
mod followed;
mod load;
mod metrics;
mod report;
mod schedule;
mod settling;
mod sources;
mod vault;

pub use load::load;
pub use sources::{Following, Sources};
