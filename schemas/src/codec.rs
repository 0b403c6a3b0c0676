//! The Confluent wire format: one zero byte, the schema id as a big-endian `u32`, the Avro body.
//!
//! # Layout
//!
//! - [`Value`]: a Rust type with its Avro schema; implemented for every value of [`crate::catalog`]
//! - [`Encoder`]: value to bytes, with the compiled schema kept
//! - [`Decoder`]: bytes to value; same schema directly, another one resolved by the reader's schema
//! - [`schema_id`]: the id in a record's header
//! - [`bytes`]: serde module for `Vec<u8>` as Avro `bytes`
//!
//! Decoding any bytes gives a value or an [`Error`], never a panic, and allocates in proportion to the input.

pub mod bytes;

mod decoder;
mod encoder;
mod error;
mod frame;
mod resolve;
mod value;
mod walk;

pub use decoder::Decoder;
pub(crate) use decoder::decode_own;
pub use encoder::Encoder;
pub use error::Error;
pub use frame::{FRAME_LENGTH, frame, schema_id};
pub use value::Value;
