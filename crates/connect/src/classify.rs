//! What an answer means: by its body and code as each system uses them, not by its status alone.
//!
//! Pure. What a system adds of its own stands in its folder of `systems`.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::breaker::Outcome;
use crate::feedback;

/// Texts of systems are cut to so many characters in errors.
const LONGEST_TEXT: usize = 300;

/// An answer, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body, whole.
    pub body: &'a [u8],
    /// The wall clock, in Unix seconds, for headers that tell times of day.
    pub now_unix: i64,
}

/// What an answer means for the caller and for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done; also answers that say "nothing there" to a search.
    Success,
    /// The resource does not exist.
    NotFound,
    /// The token or password is not accepted.
    Unauthorized,
    /// Too many calls. The credential as a whole, or this endpoint only.
    RateLimited {
        /// When to try again, where the system says.
        retry_after: Option<Duration>,
        /// True when every endpoint of the credential is affected.
        whole_credential: bool,
    },
    /// Someone else changed the resource: fetch it again and apply again.
    Conflict,
    /// Someone else holds the resource for a moment: the same call can be tried again.
    Locked,
    /// The caller is wrong, and will be wrong again.
    Rejected,
    /// The system cannot answer now.
    Unavailable,
}

/// A classified answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// What it means.
    pub verdict: Verdict,
    /// The system's own code.
    pub code: Option<String>,
    /// The system's own words, shortened.
    pub message: Option<String>,
}

// === impl Classified ===

impl Classified {
    /// With the system's words cut to what errors hold.
    pub(crate) fn shortened(self) -> Self {
        Self { message: self.message.map(shorten), ..self }
    }
}

// === impl Verdict ===

impl Verdict {
    /// What the answer tells the endpoint's breaker: an endpoint that refuses a wrong call is a healthy one.
    pub fn health(self) -> Outcome {
        match self {
            Self::Success | Self::NotFound | Self::Conflict | Self::Locked | Self::Rejected => {
                Outcome::Success
            }
            Self::Unauthorized | Self::RateLimited { .. } => Outcome::Neutral,
            Self::Unavailable => Outcome::Failure,
        }
    }
}

/// The meaning of a status where a system adds nothing of its own.
pub(crate) fn by_status(answer: &Answer<'_>) -> Verdict {
    match answer.status {
        200..=299 => Verdict::Success,
        401 => Verdict::Unauthorized,
        404 | 410 => Verdict::NotFound,
        409 | 412 => Verdict::Conflict,
        423 => Verdict::Locked,
        429 => rate_limited(answer, false),
        408 | 425 | 500.. => Verdict::Unavailable,
        _ => Verdict::Rejected,
    }
}

/// A rate limit, with the time that `Retry-After` gives.
pub(crate) fn rate_limited(answer: &Answer<'_>, whole_credential: bool) -> Verdict {
    Verdict::RateLimited {
        retry_after: feedback::retry_after(answer.headers, answer.now_unix),
        whole_credential,
    }
}

/// A text that is not empty.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! One helper for the tests of all systems.

    use reqwest::header::{HeaderName, HeaderValue};
    use trunkline_systems::System;

    use super::*;
    use crate::systems::classify;

    /// Headers of an answer.
    pub(crate) fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    /// Classifies an answer with these headers and this body.
    pub(crate) fn classified(
        system: System,
        status: u16,
        pairs: &[(&'static str, &'static str)],
        body: &str,
    ) -> Classified {
        let headers = headers(pairs);
        classify(
            system,
            &Answer { status, headers: &headers, body: body.as_bytes(), now_unix: 1_700_000_000 },
        )
    }

    /// A rate limit's verdict.
    pub(crate) fn limited(seconds: Option<u64>, whole_credential: bool) -> Verdict {
        Verdict::RateLimited { retry_after: seconds.map(Duration::from_secs), whole_credential }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("ä".repeat(1_000)).chars().count(), LONGEST_TEXT + 1);
    }
}
