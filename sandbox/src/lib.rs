//! Trunkline sandbox.
