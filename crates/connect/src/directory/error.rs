//! Why the outside systems cannot be set up.

use trunkline_http::NotUsable;

use crate::quota::TooSmall;

/// Why the outside systems cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rate that cannot be shared.
    #[error(transparent)]
    Quota(#[from] TooSmall),
    /// No HTTP client.
    #[error("target '{target}': {source}")]
    Client {
        /// The target.
        target: String,
        /// What is wrong with its settings.
        source: NotUsable,
    },
    /// The private key of a login cannot sign.
    #[error(
        "target '{target}': the key that private_key refers to cannot sign (RSA of 2048 bits or more): {reason}"
    )]
    PrivateKey {
        /// The target.
        target: String,
        /// What the library says.
        reason: String,
    },
    /// `[enrichment.identity] region` is no country.
    #[error(
        "[enrichment.identity] region: '{region}' is no country; give its ISO 3166-1 code, for instance 'DE'"
    )]
    Region {
        /// What is written.
        region: String,
    },
    /// A source of `[enrichment.sources]` names a target that cannot be asked.
    #[error("[enrichment.sources.{name}] target: '{target}' is no target that sources can ask")]
    Source {
        /// The source.
        name: String,
        /// Its target.
        target: String,
    },
    /// `[enrichment] targets` names what has no profiles.
    #[error("[enrichment] targets: '{target}' {reason}")]
    Enrichment {
        /// The target.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}
