//! Trunkline telemetry.
