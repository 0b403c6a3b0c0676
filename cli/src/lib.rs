//! Trunkline cli.
