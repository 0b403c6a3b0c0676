//! Trunkline processor.
