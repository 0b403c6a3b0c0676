//! Trunkline connect.
