//! Trunkline tests.
