//! How often a system may be called.

use std::time::Duration;

/// Calls allowed in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub calls: u32,
    /// In how long.
    pub per: Duration,
}

/// How often a system may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls allowed to one credential where the configuration does not say.
    pub default_rate: Rate,
    /// How long what an answer says about the quota holds: the length of the window by which the system
    /// counts, or, where that one rolls, the time after which the system is asked again. `None` where answers
    /// say nothing.
    pub window: Option<Duration>,
}
