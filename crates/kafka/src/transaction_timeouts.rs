//! Time limits of transactions, by which the client is set and its calls are judged.

use std::time::Duration;

/// A coordinator aborts a transaction that its producer left open for this long.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The outcome of a transactional call that takes longer is indeterminate.
pub const INDETERMINATE_AFTER: Duration = Duration::from_secs(1);
