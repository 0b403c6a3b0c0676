//! What every simulated system is.

use crate::http::{Answer, Call};
use crate::quota;

/// A system: its state, and what it answers. Pure: time is an argument, and nothing here waits.
pub trait Simulator: Send {
    /// Answers a request that arrived at `now_ms` (UTC milliseconds).
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer;

    /// What this system sends when it is broken or refuses: `status` 500 (a fault), 503 (down) or 403 (the caller
    /// lacks a permission), in its own shape.
    fn broken(&mut self, call: &Call, status: u16) -> Answer;

    /// From now on takes these secrets of its client (of SAP these passwords of its user), and no others.
    fn accept_secrets(&mut self, secrets: Vec<String>);

    /// From now on shows its callers none of these objects and fields, as [`FaultProfile::hidden`] has them; those that
    /// were hidden before are shown again. Systems that hide nothing need not do anything.
    ///
    /// [`FaultProfile::hidden`]: crate::FaultProfile::hidden
    fn hide(&mut self, hidden: &[String]) {
        let _nothing_is_hidden = hidden;
    }

    /// Makes every token and session given out so far invalid.
    fn revoke_tokens(&mut self);

    /// Replaces the calls a window allows, or goes back to the configured number.
    fn limit(&mut self, calls: Option<u32>);

    /// How much of its quota each credential has used.
    fn quota(&self, now_ms: i64) -> Vec<quota::Usage>;

    /// Every token and session id given out so far, for a search that must not find them anywhere.
    fn issued(&self) -> Vec<String>;
}
