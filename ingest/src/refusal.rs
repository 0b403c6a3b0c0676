//! Answers to requests that are not accepted: a status, a stable code, and a message that says what to do
//! about it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use trunkline_mapping::OverLimit;
use trunkline_schemas::ErrorCode;
use trunkline_schemas::error_codes as codes;

/// Why a request is not accepted. Nothing in it tells a caller about the inside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No source of that name.
    #[error("there is no source of this name; the path is /v1/webhooks/{{source}}")]
    UnknownSource,
    /// Another method than POST.
    #[error("webhooks are taken by POST")]
    WrongMethod,
    /// The request does not prove where it comes from.
    #[error("the request could not be verified")]
    NotVerified,
    /// The caller's address is none of those that the source takes requests from.
    #[error("requests for this source are not taken from this address")]
    NotAllowed,
    /// The caller, or all callers of the source together, send more than it takes.
    #[error("too many requests for this source; send it again after {seconds} s")]
    TooMany {
        /// How long the caller is to wait.
        seconds: u64,
    },
    /// Larger than the configuration takes.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// Largest body taken.
        limit: usize,
    },
    /// Larger than Kafka takes, whatever the configuration says.
    #[error("the body is larger than this installation can store")]
    TooLargeToStore,
    /// It stopped coming, or did not come in time.
    #[error("the body did not arrive in full within {seconds} s")]
    Incomplete {
        /// Time given.
        seconds: u64,
    },
    /// Beyond what is taken, in another way than by its size.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// Nothing of it became an event, and it is kept in quarantine.
    #[error("{reason}; the payload is kept in quarantine as {hash}")]
    Quarantined {
        /// What is wrong with it.
        code: ErrorCode,
        /// The same in words; of a batch, what is wrong with its first element.
        reason: String,
        /// Hash of the payload, by which an operator finds it.
        hash: String,
    },
    /// Too many requests at once.
    #[error("too many requests at once; send it again")]
    Full,
    /// It could not be stored durably, or not be verified for want of keys.
    #[error("it cannot be taken at this moment; send it again")]
    Unavailable,
}

/// Seconds a caller waits when there were too many at once: the next second has room.
const RETRY_FULL: HeaderValue = HeaderValue::from_static("1");
/// Seconds a caller waits when Kafka did not take it: a leader's election takes a few seconds.
const RETRY_UNAVAILABLE: HeaderValue = HeaderValue::from_static("5");

// === impl Refusal ===

impl Refusal {
    /// Status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::UnknownSource => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotVerified => StatusCode::UNAUTHORIZED,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } | Self::TooLargeToStore | Self::OverLimit(OverLimit::TooMany { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Incomplete { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::OverLimit(OverLimit::TooDeep { .. }) => StatusCode::BAD_REQUEST,
            Self::Quarantined { code: codes::CODING_UNSUPPORTED, .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Quarantined { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Full | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether it is nothing that the caller did: the same request may be taken a little later.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Full | Self::Unavailable)
    }

    /// Stable code, with a page of its own.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownSource | Self::WrongMethod => codes::UNKNOWN_SOURCE,
            Self::NotVerified => codes::SIGNATURE_WRONG,
            Self::NotAllowed => codes::ADDRESS_NOT_ALLOWED,
            Self::TooMany { .. } => codes::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } | Self::TooLargeToStore | Self::OverLimit(OverLimit::TooMany { .. }) => {
                codes::BODY_TOO_LARGE
            }
            Self::OverLimit(OverLimit::TooDeep { .. }) => codes::NESTED_TOO_DEEP,
            Self::Incomplete { .. } => codes::NOT_JSON,
            Self::Quarantined { code, .. } => *code,
            Self::Full | Self::Unavailable => codes::UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "code": self.code().code, "message": self.to_string() }));
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Full => drop(headers.insert(header::RETRY_AFTER, RETRY_FULL)),
            Self::TooMany { seconds } => drop(headers.insert(header::RETRY_AFTER, seconds.into())),
            Self::Unavailable => drop(headers.insert(header::RETRY_AFTER, RETRY_UNAVAILABLE)),
            Self::WrongMethod => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
            Self::Quarantined { code: codes::CODING_UNSUPPORTED, .. } => {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            }
            // What is left of the body is not read; the connection cannot be used for another request.
            Self::TooLarge { .. } | Self::Incomplete { .. } => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
