//! Trunkline ingest.
