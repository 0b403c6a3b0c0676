//! Secrets in Vault or OpenBao: key/value stores of version 2.
//!
//! Five calls of a plain HTTP API (<https://developer.hashicorp.com/vault/api-docs>), made with the HTTP client that
//! the other crates have. A client library would add its own types for all of Vault, and its errors carry answers,
//! which may hold secrets.
//!
//! # Layout
//!
//! - `answer`: what answers hold; pure
//! - `client`: the calls
//! - `token_life`: when to renew a login and when to log in again; pure
//! - [`Session`]: the login
//! - [`VaultSource`]: what is read again and again

mod answer;
mod client;
mod follow;
mod session;
mod token_life;

pub(crate) use answer::Entry;
pub(crate) use client::{Kind, Trouble};
pub(crate) use follow::VaultSource;
pub(crate) use session::Session;
