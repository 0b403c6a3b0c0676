//! Rules of this repository that neither the compiler nor clippy proves, as tests.
//!
//! Each rule is one file: what it proves, how it finds what breaks it, a test on the repository itself, and tests on
//! made-up repositories that show that the rule can fail. `cargo test -p trunkline-tidy` runs them all in seconds.
//!
//! # Layout
//!
//! The rules:
//! - [`layering`]: which crate may depend on which, and what no pure crate may depend on
//! - [`circles`]: modules of one crate depend on each other in one direction
//! - [`systems`]: only the catalogue of systems and its implementation look at which system it is
//! - [`codes`]: error codes are named by their constants, and every code in a page exists
//! - [`edges`]: clocks and random numbers are read in listed files only
//! - [`sizes`]: the length of files and functions
//! - [`metrics`]: metrics, labels and their values in alerts and pages are what the programs export
//! - [`alerts`]: every alert is tried, by promtool where there is one
//! - [`recorded`]: alerts, and the series they are tried with, are what running programs exported: for who runs them
//! - [`prose`]: the width of comments and pages, and the spelling of words
//! - [`names`]: words that file names do without
//! - [`unsafety`]: the files with `unsafe` code
//! - [`members`]: members of the workspace are sorted, and the image's build sees them
//!
//! What they are made of:
//! - [`tree`]: the repository, read once
//! - [`source`], [`mask`]: a Rust file, with code, strings and comments apart, and which lines only tests build
//! - [`finding`]: what a rule found, as the failure of a test
//! - [`ratchet`]: exceptions that may only shrink

pub mod alerts;
pub mod circles;
pub mod codes;
pub mod edges;
pub mod finding;
pub mod layering;
pub mod mask;
pub mod members;
pub mod metrics;
pub mod names;
pub mod prose;
pub mod ratchet;
pub mod recorded;
pub mod sizes;
pub mod source;
pub mod systems;
pub mod tree;
pub mod unsafety;
