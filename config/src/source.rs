//! `[sources.NAME]`: where events come from.

use std::fmt;
use std::time::Duration;

use crate::Secret;

/// A configured source of events; its name is the last part of its webhook's path.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the configuration.
    pub name: String,
    /// Which platform and transport.
    pub kind: SourceKind,
    /// The tenant, where the payload does not name one.
    pub org: Option<String>,
    /// How its events are put in order.
    pub order: OrderMode,
    /// Longest time an event is held for its order (default 500 ms).
    pub hold: Duration,
    /// What becomes of payloads that differ from their schema (default pass).
    pub drift: Drift,
    /// How a request proves where it comes from.
    pub verify: Verify,
}

/// Which platform and transport a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Genesys Cloud events through Amazon EventBridge API destinations.
    GenesysEventBridge,
    /// Genesys Cloud Open Messaging outbound webhooks.
    GenesysOpenMessaging,
    /// NICE CXone Digital events.
    CxoneDigital,
}

/// How a source's events are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderMode {
    /// By the source's own numbers.
    Sequenced,
    /// By what the conversation's state machine needs first.
    Causal,
    /// By event time, after a hold.
    Sorted,
}

/// What becomes of payloads that differ from their schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// They pass, and the difference is reported.
    Pass,
    /// They are put aside.
    Quarantine,
}

/// How a request proves where it comes from. Lists of secrets hold up to two keys, both accepted during a rotation.
#[derive(Debug, Clone)]
pub enum Verify {
    /// Not at all; refused unless the listener is on a loopback address.
    None,
    /// HMAC-SHA-256 over the raw body.
    Hmac {
        /// Header that carries the signature.
        header: String,
        /// What stands before the signature in that header; may be empty.
        prefix: String,
        /// How the signature is written.
        encoding: SignatureEncoding,
        /// Keys.
        secrets: Vec<Secret>,
    },
    /// `Authorization: Bearer …`.
    Bearer {
        /// Tokens.
        tokens: Vec<Secret>,
    },
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: Secret,
    },
    /// A key in a header.
    ApiKey {
        /// The header.
        header: String,
        /// Keys.
        keys: Vec<Secret>,
    },
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureEncoding {
    /// Standard alphabet, padded.
    Base64,
    /// Lower or upper case.
    Hex,
}

// === impl SourceKind ===

impl SourceKind {
    /// As written in the configuration, for instance `genesys-eventbridge`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GenesysEventBridge => "genesys-eventbridge",
            Self::GenesysOpenMessaging => "genesys-open-messaging",
            Self::CxoneDigital => "cxone-digital",
        }
    }

    /// The order mode of sources that name none: EventBridge promises no order at all, the others mostly keep it.
    pub fn default_order(self) -> OrderMode {
        match self {
            Self::GenesysEventBridge => OrderMode::Sorted,
            Self::GenesysOpenMessaging | Self::CxoneDigital => OrderMode::Causal,
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
