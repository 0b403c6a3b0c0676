//! `[kafka]`: where the brokers are and how to log in.

use std::path::PathBuf;

use crate::Secret;

/// The Kafka cluster.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// Bootstrap servers, `host:port,host:port`.
    pub brokers: String,
    /// Put before every topic name, group and transactional id; may be empty.
    pub prefix: String,
    /// Partitions of each topic that scales with the load (default 24; it can never be changed on keyed topics).
    pub partitions: i32,
    /// Copies of each partition (default 3).
    pub replication: i32,
    /// How clients log in.
    pub security: Security,
}

/// How clients log in to the brokers.
#[derive(Debug, Clone)]
pub enum Security {
    /// Neither encrypted nor authenticated; for loopback and trusted networks.
    Plaintext,
    /// Encrypted; mutual when a certificate and a key are given.
    Tls(TlsFiles),
    /// By user name and password.
    Sasl {
        /// How the password is proven.
        mechanism: SaslMechanism,
        /// User name.
        username: String,
        /// Password.
        password: Secret,
        /// Files for TLS; `None` only where `tls = false` says so.
        tls: Option<TlsFiles>,
    },
}

/// Files for TLS. Without `ca` the system's certificates are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate authorities to trust, PEM.
    pub ca: Option<PathBuf>,
    /// Our certificate for mutual TLS, PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
}

/// How a password is proven to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaslMechanism {
    /// Sent as it is.
    Plain,
    /// Challenge and response over SHA-256.
    ScramSha256,
    /// Challenge and response over SHA-512.
    ScramSha512,
}

// === impl Kafka ===

impl Kafka {
    /// The name of a topic in this deployment: the prefix, then `name`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

// === impl SaslMechanism ===

impl SaslMechanism {
    /// The name Kafka knows it by, for instance `SCRAM-SHA-256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}
