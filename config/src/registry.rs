//! `[registry]`: the schema registry.

use crate::{Secret, TlsFiles};

/// A schema registry with the Confluent API.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Base URL, without a trailing slash, for instance `http://localhost:8081/apis/ccompat/v7`.
    pub url: String,
    /// Whether binaries register what is missing (default true); otherwise `trunkline schemas apply` does.
    pub auto_register: bool,
    /// How to log in.
    pub auth: RegistryAuth,
    /// Own certificate authority or mutual TLS.
    pub tls: Option<TlsFiles>,
}

/// How to log in to the registry.
#[derive(Debug, Clone)]
pub enum RegistryAuth {
    /// Not at all.
    None,
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: Secret,
    },
    /// Bearer token.
    Bearer(Secret),
}
