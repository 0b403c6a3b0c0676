//! Clients that take new passwords while they live.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::producer::{BaseProducer, FutureProducer, Producer, ProducerContext};
use rdkafka::{ClientContext, producer::Partitioner};
use trunkline_config::{ExposeSecret, Kafka, Security, Told};
use trunkline_schemas::error_codes;

use super::certificates::MadeOf;
use super::sasl_credentials;

/// A client of Kafka that is told of each new password in the moment that it is known.
///
/// Connections that there are stay; the next one shows the new password. Not when the client is used next: who uses it
/// may be waiting for an answer that a client with an old password never gets. Certificates librdkafka takes when a
/// client is made, and never again: with which it was made is remembered for [`super::CertificatesInUse`].
pub(crate) struct Following<T> {
    /// Before the client, which is dropped after it: nobody tells a client that is gone.
    _told: Option<Told>,
    /// Counted as long as the client is there.
    _certificates: Option<Arc<MadeOf>>,
    client: Arc<T>,
}

/// What can be told of a password.
pub(crate) trait TakesPassword: Send + Sync + 'static {
    /// See [`sasl_credentials::set`].
    fn take_password(&self, username: &str, password: &str) -> Result<(), &'static str>;
}

// === impl Following ===

impl<T: TakesPassword> Following<T> {
    /// Makes a client. `make` reads the settings, so that what changes after it is told.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn make<E>(kafka: &Kafka, make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        let certificates = MadeOf::of(kafka);
        let login = match &kafka.security {
            Security::Sasl { username, password, .. } => {
                Some((username.clone(), password, password.version()))
            }
            Security::Plaintext | Security::Tls(_) => None,
        };
        let client = Arc::new(make()?);
        let told = login.map(|(username, password, version)| {
            let client = Arc::downgrade(&client);
            password.tell(version, move |password| {
                let Some(client) = client.upgrade() else { return };
                match client.take_password(&username, password.expose_secret()) {
                    Ok(()) => {
                        tracing::info!("a kafka client shows the new password from its next connection on")
                    }
                    Err(reason) => {
                        let code = error_codes::SECRET_KEPT.as_str();
                        tracing::error!(code, reason, "a kafka client keeps its password");
                    }
                }
            })
        });
        Ok(Self { _told: told, _certificates: certificates, client })
    }

    /// For a thread that may outlive this.
    pub(crate) fn shared(&self) -> &Arc<T> {
        &self.client
    }
}

impl<T> Deref for Following<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.client
    }
}

impl<T> fmt::Debug for Following<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Following").finish_non_exhaustive()
    }
}

// === impl TakesPassword ===

impl<C: ConsumerContext + 'static> TakesPassword for BaseConsumer<C> {
    fn take_password(&self, username: &str, password: &str) -> Result<(), &'static str> {
        sasl_credentials::set(self.client(), username, password)
    }
}

impl<C: ProducerContext<P> + 'static, P: Partitioner + Send + Sync + 'static> TakesPassword
    for BaseProducer<C, P>
{
    fn take_password(&self, username: &str, password: &str) -> Result<(), &'static str> {
        sasl_credentials::set(self.client(), username, password)
    }
}

impl<C: ClientContext + 'static> TakesPassword for FutureProducer<C> {
    fn take_password(&self, username: &str, password: &str) -> Result<(), &'static str> {
        sasl_credentials::set(self.client(), username, password)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use rdkafka::ClientConfig;
    use trunkline_config::{SaslMechanism, SecretHandle};

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
    fn a_client_that_nobody_uses_is_told_of_each_password_until_it_is_gone() {
        struct Heard(mpsc::Sender<String>);
        impl TakesPassword for Heard {
            fn take_password(&self, username: &str, password: &str) -> Result<(), &'static str> {
                self.0.send(format!("{username} {password}")).map_err(|_| "nobody listens")
            }
        }
        let secret = SecretHandle::from("a");
        let (sender, heard) = mpsc::channel();
        let replace = |value: &str| secret.replace(value.into(), Instant::now(), Duration::ZERO).unwrap();
        let made = Following::make(&kafka("127.0.0.1:1", &secret), || {
            // While it is being made: it may have read the old one.
            replace("b");
            Ok::<_, ()>(Heard(sender))
        });
        replace("c");
        assert!(!format!("{made:?}").contains('c'));
        drop(made);
        replace("d");
        assert_eq!(heard.iter().collect::<Vec<_>>(), ["me b", "me c"]);
    }

    #[test]
    fn no_client_takes_a_password_with_a_zero_byte() {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", "127.0.0.1:1").create().unwrap();
        assert!(consumer.take_password("me", "with \0 zero").is_err());
        assert!(consumer.take_password("me", "new").is_ok());
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
        let consumer: Following<BaseConsumer> =
            Following::make(&kafka, || crate::client::reading(&kafka, "test").create()).unwrap();
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
        // Some connections were made before.
        while next() != "new" {}
    }
}
