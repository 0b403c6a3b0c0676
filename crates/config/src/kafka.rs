//! `[kafka]`: where the brokers are and how to log in.

use std::collections::BTreeMap;

use crate::reference::secret;
use crate::retention::{self, Retention};
use crate::section::Section;
use crate::url::is_loopback;
use crate::values::{boolean, brokers, integer, one_of, text, topic_prefix};
use crate::{SecretHandle, Tls};

/// The Kafka cluster.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// Bootstrap servers, `host:port,host:port`.
    pub brokers: String,
    /// Put before every topic name, group and transactional id; may be empty.
    pub prefix: String,
    /// Partitions of each topic that scales with the load (default 24; it can never be changed on keyed topics).
    pub partitions: i32,
    /// Copies of each partition (default 3). One is for what may be lost, three and more survive the loss of a
    /// broker; two are refused, since one of them may be away, and then the other alone is what was acknowledged.
    pub replication: i32,
    /// How long topics keep their records, by name without prefix. A topic that is not named is made with the catalog's
    /// retention, and its retention is left alone from then on.
    pub retention: BTreeMap<String, Retention>,
    /// How clients log in.
    pub security: Security,
}

/// How clients log in to the brokers.
#[derive(Debug, Clone)]
pub enum Security {
    /// Neither encrypted nor authenticated; for loopback and trusted networks.
    Plaintext,
    /// Encrypted; mutual when a certificate and a key are given.
    Tls(Tls),
    /// By user name and password.
    Sasl {
        /// How the password is proven.
        mechanism: SaslMechanism,
        /// User name.
        username: String,
        /// Password.
        password: SecretHandle,
        /// Whom to trust and who we are; `None` only where `tls = false` says so.
        tls: Option<Tls>,
    },
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
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let brokers = section.required("brokers", brokers);
        let prefix = section.or("prefix", topic_prefix, String::new());
        let partitions = section.or("partitions", integer(1..=10_000), 24);
        let replication = section.or("replication", integer(1..=7), 3);
        if replication == 2 {
            section.refuse(
                "replication",
                "2 copies keep no more than 1 does: while one is away, what the other alone has is acknowledged, and \
                 goes with its broker; use 3, or 1 for what may be lost",
            );
        }
        let retention = retention::read(section);
        let security = section.table("security", |security| {
            Security::read(security, brokers.as_deref().is_some_and(are_on_this_machine))
        });
        Some(Self { brokers: brokers?, prefix, partitions, replication, retention, security: security? })
    }

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

// === impl Security ===

impl Security {
    /// Reads the section; `local` says that the brokers are on this machine.
    fn read(section: &Section<'_>, local: bool) -> Option<Self> {
        let protocol = section.or(
            "protocol",
            one_of([
                ("plaintext", Protocol::Plaintext),
                ("tls", Protocol::Tls),
                ("sasl_plain", Protocol::Sasl(SaslMechanism::Plain)),
                ("scram_sha_256", Protocol::Sasl(SaslMechanism::ScramSha256)),
                ("scram_sha_512", Protocol::Sasl(SaslMechanism::ScramSha512)),
            ]),
            Protocol::Plaintext,
        );
        let files = Tls::read(section);
        let encrypted = section.or("tls", boolean, true);
        let insecure = section.reads_insecure();
        match protocol {
            Protocol::Plaintext => {
                if section.has("username") || section.has("password") || files.is_some() {
                    section
                        .refuse("protocol", "credentials and files need another 'protocol' than plaintext");
                }
                section.optional("username", text);
                section.optional("password", secret);
                Some(Self::Plaintext)
            }
            Protocol::Tls => Some(Self::Tls(files.unwrap_or_default())),
            Protocol::Sasl(mechanism) => {
                let username = section.required("username", text);
                let password = section.required("password", secret);
                match (encrypted || local, insecure) {
                    (true, _) => {}
                    (false, true) => section.note_plaintext("the login to Kafka".to_owned()),
                    (false, false) => section.refuse("tls", UNENCRYPTED),
                }
                let tls = encrypted.then(|| files.unwrap_or_default());
                Some(Self::Sasl { mechanism, username: username?, password: password?, tls })
            }
        }
    }
}

/// SCRAM as well: Kafka's documentation advises it only with TLS, because an exchange that was overheard can be
/// searched for the password at leisure.
const UNENCRYPTED: &str = "credentials would travel unencrypted beyond this machine; leave 'tls' out (or set \
                           insecure = true in this section, or at the top for a sandbox)";

/// Whether all of these bootstrap servers, `host:port,host:port`, are addresses of this machine.
fn are_on_this_machine(brokers: &str) -> bool {
    brokers.split(',').all(|broker| is_loopback(&format!("http://{}", broker.trim())))
}

/// The words of `protocol`.
#[derive(Clone, Copy)]
enum Protocol {
    Plaintext,
    Tls,
    Sasl(SaslMechanism),
}
