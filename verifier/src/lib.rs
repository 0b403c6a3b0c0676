//! Trunkline verifier.
