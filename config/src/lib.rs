//! Trunkline config.
