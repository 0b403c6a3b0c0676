//! The settings of librdkafka that matter, each with its reason.
//!
//! A setting that is not here has the value of its documentation (`CONFIGURATION.md` of librdkafka 2.12).
//! Every setting of every client is in this folder, and nowhere else.
//!
//! # Layout
//!
//! - [`base`]: what every client shares
//! - `login`: how to log in, and whom to trust; `fitting`: the last certificate, key and authorities that fit together
//! - `producers`: idempotent and transactional ones
//! - `consumers`: members of a group, readers outside any, readers of a changelog
//! - [`Following`]: a client that is told of each new password; `sasl_credentials` does it
//! - [`CertificatesInUse`]: whether clients show certificates that have been replaced

mod certificates;
mod consumers;
mod fitting;
mod following;
mod login;
mod producers;
mod sasl_credentials;

pub use certificates::{CERTIFICATES, CertificatesInUse};
pub(crate) use consumers::{asking_for_offsets, looking, member, reading, restoring, seeing_uncommitted};
pub(crate) use following::Following;
pub(crate) use producers::{producing, transactional};

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use trunkline_config::Kafka;

use crate::limits::MAX_RECORD_BYTES;

/// The settings that every client shares: where the brokers are, how to log in, how to hold on to connections.
pub(crate) fn base(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.brokers)
        // Names the client in the broker's logs, metrics and quotas.
        .set("client.id", client_id)
        // Bytes. The client adds its framing to the record, so it gets a little more than the topics allow.
        .set("message.max.bytes", (MAX_RECORD_BYTES + 64 * 1024).to_string())
        // Bytes. Has to exceed fetch.max.bytes by at least 512; a larger answer is taken for a broken one.
        .set("receive.message.max.bytes", "67108864")
        // Milliseconds. A request that a living broker has not answered by then is retried elsewhere; the default of a
        // minute would outlast every deadline of ours.
        .set("socket.timeout.ms", "30000")
        // Milliseconds for TCP, TLS and SASL together.
        .set("socket.connection.setup.timeout.ms", "10000")
        // A firewall that drops idle connections without a word is noticed by the kernel, not by a timed-out request.
        .set("socket.keepalive.enable", "true")
        // Batches are formed by linger.ms; Nagle's algorithm would only add its own delay.
        .set("socket.nagle.disable", "true")
        // Milliseconds. Below the ten minutes after which brokers close idle connections, so that we do it first and
        // no request meets a closed one.
        .set("connections.max.idle.ms", "540000")
        // Milliseconds. A restarted broker is found within the first; a missing one is not asked more than every 2 s.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "2000")
        // Milliseconds, doubling between these: retries of requests that failed in passing.
        .set("retry.backoff.ms", "50")
        .set("retry.backoff.max.ms", "1000")
        // Milliseconds. New partitions and moved leaders are learnt from errors at once, and from this at the latest.
        .set("topic.metadata.refresh.interval.ms", "60000")
        .set("metadata.max.age.ms", "180000")
        // Milliseconds. How soon a lost leader is looked for.
        .set("topic.metadata.refresh.fast.interval.ms", "50")
        // Milliseconds. How long a topic that was just created may be unknown before that is an error.
        .set("topic.metadata.propagation.max.ms", "10000")
        // Topics are made by `trunkline topics apply`, with their settings; never by accident with the broker's.
        .set("allow.auto.create.topics", "false")
        // What we measure we count ourselves; the client's JSON would cost more than it tells.
        .set("statistics.interval.ms", "0")
        .set("enable.metrics.push", "false")
        // Brokers close connections that idle; that is no news. Failures are logged either way.
        .set("log.connection.close", "false");
    config.set_log_level(RDKafkaLogLevel::Warning);
    login::log_in(&mut config, &kafka.security);
    config
}

#[cfg(test)]
mod tests {
    use trunkline_config::{OwnCertificate, SaslMechanism, Security, Tls};

    use super::*;

    fn kafka(security: Security) -> Kafka {
        Kafka {
            brokers: "127.0.0.1:1".into(),
            prefix: String::new(),
            partitions: 6,
            replication: 1,
            retention: Default::default(),
            security,
        }
    }

    fn mutual() -> Tls {
        let identity = OwnCertificate { certificate: "a certificate".into(), key: "its key".into() };
        Tls { ca: Some("an authority".into()), identity: Some(identity) }
    }

    fn sasl(mechanism: SaslMechanism, tls: Option<Tls>) -> Security {
        Security::Sasl { mechanism, username: "me".into(), password: "hunter2".into(), tls }
    }

    #[test]
    fn security_maps_to_the_client_s_protocols() {
        for (security, expected) in [
            (Security::Plaintext, vec![("security.protocol", "plaintext")]),
            (Security::Tls(Tls::default()), vec![("security.protocol", "ssl")]),
            (
                Security::Tls(mutual()),
                vec![
                    ("security.protocol", "ssl"),
                    ("ssl.ca.pem", "an authority\n"),
                    ("ssl.certificate.pem", "a certificate\n"),
                    ("ssl.key.pem", "its key\n"),
                    ("ssl.endpoint.identification.algorithm", "https"),
                ],
            ),
            (
                sasl(SaslMechanism::Plain, None),
                vec![
                    ("security.protocol", "sasl_plaintext"),
                    ("sasl.mechanisms", "PLAIN"),
                    ("sasl.username", "me"),
                    ("sasl.password", "hunter2"),
                ],
            ),
            (
                sasl(SaslMechanism::ScramSha256, Some(Tls::default())),
                vec![("security.protocol", "sasl_ssl"), ("sasl.mechanisms", "SCRAM-SHA-256")],
            ),
            (
                sasl(SaslMechanism::ScramSha512, Some(mutual())),
                vec![
                    ("security.protocol", "sasl_ssl"),
                    ("sasl.mechanisms", "SCRAM-SHA-512"),
                    ("ssl.key.pem", "its key\n"),
                ],
            ),
        ] {
            let config = base(&kafka(security), "test");
            for (name, value) in expected {
                assert_eq!(config.get(name), Some(value), "{name}");
            }
        }
    }

    #[test]
    fn a_client_is_made_with_a_chain_its_key_and_several_authorities_and_not_with_another_key() {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        use rdkafka::consumer::BaseConsumer;
        let authority = || {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let (ours, other) = (authority(), authority());
        let [key, another] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let params = CertificateParams::new(vec!["trunkline".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ours).unwrap();
        let made_with = |key: &KeyPair| {
            // Of a secret the last line break is gone.
            let secret = |pem: String| trunkline_config::SecretHandle::from(pem.trim_end());
            let identity = OwnCertificate {
                certificate: secret(certificate.pem() + &ours.pem()),
                key: secret(key.serialize_pem()),
            };
            let tls = Tls { ca: Some(secret(ours.pem() + &other.pem())), identity: Some(identity) };
            base(&kafka(Security::Tls(tls)), "test").create::<BaseConsumer>().map(drop)
        };
        made_with(&key).unwrap();
        made_with(&another).unwrap_err();
    }

    #[test]
    fn librdkafka_takes_every_setting() {
        use rdkafka::consumer::BaseConsumer;
        use rdkafka::producer::{BaseProducer, FutureProducer};
        for security in [
            Security::Plaintext,
            Security::Tls(Tls::default()),
            sasl(SaslMechanism::Plain, None),
            sasl(SaslMechanism::ScramSha256, Some(Tls::default())),
            sasl(SaslMechanism::ScramSha512, None),
        ] {
            let kafka = kafka(security);
            let group = crate::GroupSettings {
                group: "group".to_owned(),
                instance: "test".to_owned(),
                topics: Vec::new(),
                partitions: 6,
                session_timeout: crate::group_settings::SESSION_TIMEOUT,
            };
            producing(&kafka, "test").create::<FutureProducer>().map(drop).unwrap();
            transactional(&kafka, "test").create::<BaseProducer>().map(drop).unwrap();
            for config in [
                reading(&kafka, "test"),
                member(&kafka, &group),
                restoring(&kafka, "test"),
                looking(&kafka, "test"),
                asking_for_offsets(&kafka, "group", "test"),
                seeing_uncommitted(restoring(&kafka, "test")),
            ] {
                config.create::<BaseConsumer>().map(drop).unwrap();
            }
        }
    }
}
