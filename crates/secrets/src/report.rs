//! What is said and counted of a reading. Secrets are named by their references.

use trunkline_schemas::error_codes::SECRET_KEPT;

use crate::followed::{Followed, News};
use crate::metrics;

/// Reports what is known of a secret before it is read again.
pub(crate) fn begin(followed: &Followed) {
    metrics::begin(followed.name());
    if let Some(end) = followed.certificate_end() {
        metrics::certificate_end(followed.name(), end);
    }
}

/// Reports what a reading of a secret means.
pub(crate) fn report(followed: &Followed, news: &News) {
    let secret = followed.name();
    match news {
        News::None => {}
        News::Changed => changed(followed),
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
                changed(followed);
            }
        }
    }
}

fn changed(followed: &Followed) {
    let secret = followed.name();
    metrics::changed(secret);
    if let Some(end) = followed.certificate_end() {
        metrics::certificate_end(secret, end);
    }
    tracing::info!(secret, "the secret has a new value");
}
