//! What is said and counted of a reading. Secrets are named by their references.

use trunkline_schemas::error_codes::SECRET_KEPT;

use crate::followed::News;
use crate::metrics;

/// Reports what a reading of a secret means.
pub(crate) fn report(secret: &str, news: &News) {
    match news {
        News::None => {}
        News::Changed => changed(secret),
        News::Lost(reason) => {
            metrics::failed(secret);
            metrics::unreadable(secret, true);
            tracing::warn!(
                code = SECRET_KEPT.as_str(),
                secret,
                reason,
                "a secret cannot be read again, its last value is kept"
            );
        }
        News::StillLost => metrics::failed(secret),
        News::Found { changed: has_changed } => {
            metrics::unreadable(secret, false);
            tracing::info!(secret, "the secret can be read again");
            if *has_changed {
                changed(secret);
            }
        }
    }
}

fn changed(secret: &str) {
    metrics::changed(secret);
    tracing::info!(secret, "the secret has a new value");
}
