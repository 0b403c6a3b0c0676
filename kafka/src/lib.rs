//! Trunkline kafka.
