//! Trunkline sink.
