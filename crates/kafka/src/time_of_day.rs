//! What the machine's clock says. It may be set at any moment: see [`crate::SteadyClock`] for what goes by it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now; UTC milliseconds.
pub(crate) fn time_of_day() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
