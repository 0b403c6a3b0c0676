//! What an operator should know about the outside systems as it happens.

use std::fmt;

use tokio::sync::broadcast;
use trunkline_schemas::error_codes;

use crate::breaker::State;

/// Events a slow listener may be behind; then it loses the oldest.
const BACKLOG: usize = 256;

/// Something happened to the connection to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A breaker changed its state.
    Breaker {
        /// Configured name of the target.
        target: String,
        /// Endpoint class.
        class: &'static str,
        /// State before.
        from: State,
        /// State after.
        to: State,
    },
    /// A token was refused in the middle of its life, and the one that replaced it is accepted.
    TokenRevoked {
        /// Configured name of the target.
        target: String,
    },
    /// The token that replaced a refused one was refused as well. It is said once, until a token is accepted.
    NewTokenRefused {
        /// Configured name of the target.
        target: String,
    },
    /// The system refused the password. It is said once, until the password is accepted.
    PasswordRefused {
        /// Configured name of the target.
        target: String,
    },
    /// The token endpoint gave no token, after all attempts. It is said once, until it gives one; what was said before
    /// of the token that it does not replace, too.
    TokenRefused {
        /// Configured name of the target.
        target: String,
        /// Its HTTP status, if it answered.
        status: Option<u16>,
        /// Its OAuth error code.
        code: Option<String>,
        /// What happened and what to check, in words.
        reason: String,
    },
    /// The issuer calls tokens ended that it has just given out, so it is not asked about them any more.
    IntrospectionUseless {
        /// Configured name of the target.
        target: String,
    },
    /// A token was issued.
    TokenIssued {
        /// Configured name of the target.
        target: String,
    },
}

/// Where events go.
#[derive(Debug, Clone)]
pub(crate) struct Events(broadcast::Sender<Event>);

// === impl Event ===

impl Event {
    /// The target it is about.
    pub fn target(&self) -> &str {
        match self {
            Self::Breaker { target, .. }
            | Self::TokenRevoked { target }
            | Self::NewTokenRefused { target }
            | Self::PasswordRefused { target }
            | Self::TokenRefused { target, .. }
            | Self::IntrospectionUseless { target }
            | Self::TokenIssued { target } => target,
        }
    }

    /// The stable error code, for events that are errors.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Breaker { to: State::Open, .. } => Some(error_codes::BREAKER_OPEN.as_str()),
            Self::NewTokenRefused { .. } => Some(error_codes::EVERY_TOKEN_REFUSED.as_str()),
            Self::TokenRevoked { .. }
            | Self::PasswordRefused { .. }
            | Self::TokenRefused { .. }
            | Self::IntrospectionUseless { .. } => Some(error_codes::TOKEN_REFUSED.as_str()),
            Self::Breaker { .. } | Self::TokenIssued { .. } => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breaker { target, class, from, to } => {
                write!(formatter, "breaker of {target} ({class}): {} -> {}", from.as_str(), to.as_str())
            }
            Self::TokenRevoked { target } => {
                write!(formatter, "{target} refused a token before its time; another one has replaced it")
            }
            Self::PasswordRefused { target } => {
                write!(formatter, "{target} refuses our password; check its username and password")
            }
            Self::NewTokenRefused { target } => write!(
                formatter,
                "{target} refuses new tokens as well; they are fetched more and more rarely, up to one a minute, until \
                 one is accepted; check its base_url, and what its client may do"
            ),
            Self::TokenRefused { target, reason, .. } => {
                write!(formatter, "no token can be had for {target}: {reason}")
            }
            Self::IntrospectionUseless { target } => write!(
                formatter,
                "the issuer of {target} calls a token ended that it has just given out: its introspection_url is not \
                 asked any more, and tokens are used unasked; check that the client may introspect, or leave \
                 introspection_url out"
            ),
            Self::TokenIssued { target } => write!(formatter, "{target} issued a token"),
        }
    }
}

// === impl Events ===

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }

    /// Logs an event, and passes it to whoever subscribed; nobody has to.
    pub(crate) fn publish(&self, event: Event) {
        match event.code() {
            Some(code) => tracing::warn!(code, target_name = event.target(), "{event}"),
            None => tracing::info!(target_name = event.target(), "{event}"),
        }
        let _nobody_subscribed = self.0.send(event);
    }
}
