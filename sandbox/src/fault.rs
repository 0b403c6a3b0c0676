//! Faults that a system can be told to have, at start or while it runs.

use serde::{Deserialize, Serialize};

/// How a system misbehaves. The default is that it does not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FaultProfile {
    /// Milliseconds added to every answer.
    pub latency_ms: u64,
    /// Share of requests (0 to 1) answered with a server error and no effect.
    pub error_rate: f64,
    /// Share of requests (0 to 1) that take effect but whose answer is withheld until the caller has given up.
    pub hang_rate: f64,
    /// True: everything is answered 503, in the system's own shape.
    pub down: bool,
    /// Calls that a quota window allows from now on, instead of the configured number.
    pub rate_limit: Option<u32>,
    /// True: every token and session given out so far is invalid. Takes effect once, when set.
    pub revoke_tokens: bool,
}
