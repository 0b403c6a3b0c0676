//! What a client shows to brokers, while it may change: its password, and its certificates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rdkafka::ClientContext;
use rdkafka::client::Client;
use trunkline_config::{ExposeSecret, Kafka, SecretHandle, Security};
use trunkline_schemas::error_codes;

use super::certificates::MadeOf;
use super::sasl_credentials;

/// What one client shows, which is made after this. Clones are of the same client.
///
/// librdkafka takes another password when it is told: who holds a client for long tells it at each use, which costs a
/// look at a number. Connections that there are stay; the next one shows the new password. Certificates it takes when
/// it is made, and never again: with which it was made is remembered for [`super::CertificatesInUse`].
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    password: Option<Arc<Shown>>,
    /// Counted as long as the client is there.
    _certificates: Option<Arc<MadeOf>>,
}

#[derive(Debug)]
struct Shown {
    username: String,
    password: SecretHandle,
    /// Of the password that the client has.
    version: AtomicU64,
}

// === impl Credentials ===

impl Credentials {
    /// Of a client that is made with these settings after this.
    pub(crate) fn of(kafka: &Kafka) -> Self {
        let password = match &kafka.security {
            Security::Sasl { username, password, .. } => {
                let version = AtomicU64::new(password.version());
                Some(Arc::new(Shown { username: username.clone(), password: password.clone(), version }))
            }
            Security::Plaintext | Security::Tls(_) => None,
        };
        Self { password, _certificates: MadeOf::of(kafka) }
    }

    /// Tells the client when the password has changed.
    pub(crate) fn follow<C: ClientContext>(&self, client: &Client<C>) {
        let Some(shown) = &self.password else { return };
        let version = shown.password.version();
        if shown.version.swap(version, Ordering::AcqRel) == version {
            return;
        }
        let password = shown.password.current();
        match sasl_credentials::set(client, &shown.username, password.expose_secret()) {
            Ok(()) => tracing::info!("a kafka client shows the new password from its next connection on"),
            Err(reason) => {
                let code = error_codes::SECRET_KEPT.as_str();
                tracing::error!(code, reason, "a kafka client keeps its password");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use trunkline_config::{SaslMechanism, Secret};

    use super::*;

    fn kafka(brokers: &str, password: &SecretHandle) -> Kafka {
        let security = Security::Sasl {
            mechanism: SaslMechanism::Plain,
            username: "me".into(),
            password: password.clone(),
            tls: None,
        };
        Kafka {
            brokers: brokers.to_owned(),
            prefix: String::new(),
            partitions: 6,
            replication: 1,
            retention: Default::default(),
            security,
        }
    }

    #[test]
    fn a_client_is_told_once_of_each_password() {
        let secret = SecretHandle::from("old");
        let password = Credentials::of(&kafka("127.0.0.1:1", &secret));
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", "127.0.0.1:1").create().unwrap();
        let version = |credentials: &Credentials| {
            credentials.password.as_ref().unwrap().version.load(Ordering::Acquire)
        };
        password.follow(consumer.client());
        assert_eq!(version(&password), 0);
        for (number, value) in [(1, "new"), (2, "with \0 zero")] {
            secret.replace(Secret::from(value), Instant::now(), Duration::ZERO).unwrap();
            password.follow(consumer.client());
            assert_eq!(version(&password.clone()), number);
        }
        assert!(sasl_credentials::set(consumer.client(), "me", "with \0 zero").is_err());
        assert!(sasl_credentials::set(consumer.client(), "me", "new").is_ok());
        assert!(!format!("{password:?}").contains("new"));
    }

    /// A broker that asks each connection for its password, tells it, and closes the connection.
    fn broker() -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let passwords = listener.incoming().filter_map(|stream| shown_by(&mut stream.ok()?));
            for password in passwords {
                if sender.send(password).is_err() {
                    return;
                }
            }
        });
        (address, shown)
    }

    fn shown_by(stream: &mut TcpStream) -> Option<String> {
        loop {
            // Each request begins with its key, its version and its correlation id.
            let request = frame(stream)?;
            let answer: &[u8] = match request.get(..4)? {
                // ApiVersions, version 0: this one and SaslHandshake, each of version 0 alone.
                [0, 18, 0, 0] => &[0, 0, 0, 0, 0, 2, 0, 17, 0, 0, 0, 0, 0, 18, 0, 0, 0, 0],
                // Another version of it is none that is supported.
                [0, 18, ..] => &[0, 35, 0, 0, 0, 0],
                // SaslHandshake: one mechanism.
                [0, 17, ..] => &[0, 0, 0, 0, 0, 1, 0, 5, b'P', b'L', b'A', b'I', b'N'],
                _ => return None,
            };
            let answer = [request.get(4..8)?, answer].concat();
            stream.write_all(&u32::try_from(answer.len()).ok()?.to_be_bytes()).ok()?;
            stream.write_all(&answer).ok()?;
            if request.starts_with(&[0, 17]) {
                // RFC 4616: the user and the password stand behind a zero byte each.
                let token = String::from_utf8(frame(stream)?).ok()?;
                return token.rsplit('\0').next().map(str::to_owned);
            }
        }
    }

    fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    #[test]
    fn the_next_connection_of_a_client_that_runs_shows_the_new_password() {
        let secret = SecretHandle::from("old");
        let (address, shown) = broker();
        let kafka = kafka(&address, &secret);
        let password = Credentials::of(&kafka);
        let consumer: BaseConsumer = crate::client::reading(&kafka, "test").create().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let next = || {
            while Instant::now() < deadline {
                // Whatever comes of it, the client connects for it.
                let _ = consumer.fetch_metadata(None, Duration::from_millis(100));
                if let Ok(password) = shown.try_recv() {
                    return password;
                }
            }
            panic!("the client did not connect")
        };
        assert_eq!(next(), "old");
        secret.replace("new".into(), Instant::now(), Duration::ZERO).unwrap();
        password.follow(consumer.client());
        // Some connections were made before.
        while next() != "new" {}
    }
}
