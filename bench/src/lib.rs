//! Trunkline bench.
