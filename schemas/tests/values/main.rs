//! What every value of the topics has to hold: its bytes for ever, its schema's manners, other versions, hostile input.

#![allow(clippy::unwrap_used, reason = "tests")]

mod documented;
mod evolution;
mod golden;
mod headers;
mod hostile;
mod in_bytes;
mod libraries;
mod samples;
mod source_parts;
