//! One source: who may send to it, and whether a request comes from whom it says.

use std::sync::Arc;
use std::time::Instant;

use metrics::counter;
use parking_lot::Mutex;
use trunkline_config::Source;

use crate::metric_names;
use crate::rates::Rates;
use crate::refusal::Refusal;
use crate::unverified_log::UnverifiedLog;
use crate::verify::{Asked, Failure, HeaderCheck, Shown, Verifier};

/// A source, and what is remembered of its callers.
pub struct SourceIntake {
    /// As it is configured.
    pub source: Arc<Source>,
    /// What its requests prove.
    pub verifier: Verifier,
    unverified: Mutex<UnverifiedLog>,
    /// How often who may call.
    pub rates: Mutex<Rates>,
}

// === impl SourceIntake ===

impl SourceIntake {
    /// Prepares a source.
    pub fn new(source: &Source) -> Self {
        Self {
            source: Arc::new(source.clone()),
            verifier: Verifier::new(&source.verify),
            unverified: Mutex::default(),
            rates: Mutex::new(Rates::new(&source.admission)),
        }
    }

    /// What a request's headers prove. One that names a key that is not known, or comes while none is, is looked at
    /// again once keys have been fetched. Its key is one that the issuer does not have only where a fetch that began
    /// after it came says so.
    pub async fn check(&self, shown: &Shown<'_>) -> Result<HeaderCheck<'_>, Failure> {
        let checked = self.verifier.check(shown);
        let (Err(Failure::UnknownKey | Failure::NoKeys), Some(keys)) =
            (&checked, self.verifier.fetched_keys())
        else {
            return checked;
        };
        let checked = match keys.ask(shown.now).await {
            Asked::Looked => return self.verifier.check(shown),
            Asked::Waited => self.verifier.check(shown),
            Asked::NotNow => checked,
        };
        checked.map_err(|failure| if failure == Failure::UnknownKey { Failure::NoKeys } else { failure })
    }

    /// Counts and logs which proof failed; the answer does not say it.
    pub fn not_verified(&self, failure: Failure, now: Instant) -> Refusal {
        let (source, name) = (&self.source.name, failure.as_str());
        counter!(metric_names::UNVERIFIED, "source" => source.clone(), "failure" => name).increment(1);
        if let Some(requests) = self.unverified.lock().log(failure, now) {
            tracing::warn!(source, failure = name, requests, "requests that are not verified are refused");
        }
        match failure {
            // The sender may be who they say, and is asked to send it again.
            Failure::NoKeys => Refusal::Unavailable,
            _ => Refusal::NotVerified,
        }
    }
}

#[cfg(test)]
mod tests;
