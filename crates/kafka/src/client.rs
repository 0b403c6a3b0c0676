//! The settings of librdkafka that matter, each said aloud.
//!
//! A setting that is not here has the value of its documentation (`CONFIGURATION.md` of librdkafka 2.12). Those that
//! only producers or only consumers know are in [`producing`] and [`reading`]: librdkafka warns about them elsewhere.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use trunkline_config::{ExposeSecret, Kafka, SaslMechanism, Security, TlsFiles};

/// The largest record that travels, in bytes, headers included.
///
/// A payload may have 2 MiB (`ingest.body_limit_bytes`), and becomes at most twice as long as text within an envelope.
/// Topics are made with the same limit.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// The largest dead letter, in bytes: the record that could not be read and why not. Brokers measure batches compressed,
/// so what another producer wrote within [`MAX_RECORD_BYTES`] can be many times as long once it is read; half of what a
/// reader takes at once (`receive.message.max.bytes`).
pub const MAX_DEAD_LETTER_BYTES: usize = 32 * 1024 * 1024;

/// The settings that every client shares: where the brokers are, how to log in, how to hold on to connections.
pub fn base(kafka: &Kafka, client_id: &str) -> ClientConfig {
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
    log_in(&mut config, &kafka.security);
    config
}

/// [`base`], and what a producer outside transactions needs: every record once, in order, on all in-sync replicas.
pub fn producing(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = base(kafka, client_id);
    config
        // The broker drops what a retry sends twice and refuses what would come out of order.
        .set("enable.idempotence", "true")
        // A record counts when every in-sync replica has it; with min.insync.replicas that survives a lost broker.
        .set("acks", "all")
        // The most that idempotence allows; order is kept all the same.
        .set("max.in.flight.requests.per.connection", "5")
        // As long as message.timeout.ms allows.
        .set("retries", "2147483647")
        // Milliseconds. How long the broker may wait for its replicas.
        .set("request.timeout.ms", "10000")
        // Milliseconds from send() to giving up, retries included. Outlasts the 9 s after which KRaft takes a dead
        // broker out of the in-sync replicas.
        .set("message.timeout.ms", "30000")
        // Milliseconds a record waits for company. Under load batches are full before; alone it costs just this.
        .set("linger.ms", "2")
        // Bytes and records of one batch.
        .set("batch.size", "1000000")
        .set("batch.num.messages", "10000")
        // JSON inside Avro shrinks to about a third, for less CPU than any other codec takes.
        .set("compression.type", "lz4")
        // As Java clients do it: equal keys meet in one partition whoever wrote them.
        .set("partitioner", "murmur2_random")
        // Records and KiB in memory; beyond, send() says that the queue is full instead of growing.
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "65536");
    config
}

/// [`base`], and what a reader outside any group needs: committed records only, from where it is told to start.
pub fn reading(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = base(kafka, client_id);
    config
        // librdkafka insists on a name; without a subscription no group of it ever exists.
        .set("group.id", client_id)
        // What an aborted transaction wrote never happened.
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset that retention has removed is no error for a reader of what there is.
        .set("auto.offset.reset", "earliest")
        // The reader wants to know when it has caught up.
        .set("enable.partition.eof", "true")
        // Milliseconds the broker waits for at least fetch.min.bytes: one byte, so that nothing waits for company.
        .set("fetch.min.bytes", "1")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "50")
        // Milliseconds between looks at a full local queue.
        .set("fetch.queue.backoff.ms", "50")
        // Bytes per partition and per answer.
        .set("fetch.message.max.bytes", "1048576")
        .set("fetch.max.bytes", "16777216")
        // KiB and records read ahead, all partitions together and each.
        .set("queued.max.messages.kbytes", "16384")
        .set("queued.min.messages", "1000")
        // Corruption on the way is caught here, not in the decoder.
        .set("check.crcs", "true");
    config
}

fn log_in(config: &mut ClientConfig, security: &Security) {
    match security {
        Security::Plaintext => {
            config.set("security.protocol", "plaintext");
        }
        Security::Tls(files) => {
            config.set("security.protocol", "ssl");
            trust(config, files);
        }
        Security::Sasl { mechanism, username, password, tls } => {
            config
                .set("security.protocol", if tls.is_some() { "sasl_ssl" } else { "sasl_plaintext" })
                .set("sasl.mechanisms", mechanism_name(*mechanism))
                .set("sasl.username", username)
                .set("sasl.password", password.expose_secret());
            if let Some(files) = tls {
                trust(config, files);
            }
        }
    }
}

fn mechanism_name(mechanism: SaslMechanism) -> &'static str {
    match mechanism {
        SaslMechanism::Plain => "PLAIN",
        SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
        SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
    }
}

/// Whom to trust, and whom to be (mutual TLS).
fn trust(config: &mut ClientConfig, files: &TlsFiles) {
    config
        // The certificate has to be valid and has to be for the host that was asked for.
        .set("enable.ssl.certificate.verification", "true")
        .set("ssl.endpoint.identification.algorithm", "https");
    for (setting, file) in [
        ("ssl.ca.location", &files.ca),
        ("ssl.certificate.location", &files.certificate),
        ("ssl.key.location", &files.key),
    ] {
        if let Some(file) = file {
            config.set(setting, file.to_string_lossy());
        }
    }
}

#[cfg(test)]
mod tests {
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

    fn files() -> TlsFiles {
        TlsFiles {
            ca: Some("/ca.pem".into()),
            certificate: Some("/me.pem".into()),
            key: Some("/me.key".into()),
        }
    }

    fn sasl(mechanism: SaslMechanism, tls: Option<TlsFiles>) -> Security {
        Security::Sasl { mechanism, username: "me".into(), password: "hunter2".into(), tls }
    }

    #[test]
    fn security_maps_to_the_client_s_protocols() {
        for (security, expected) in [
            (Security::Plaintext, vec![("security.protocol", "plaintext")]),
            (Security::Tls(TlsFiles::default()), vec![("security.protocol", "ssl")]),
            (
                Security::Tls(files()),
                vec![
                    ("security.protocol", "ssl"),
                    ("ssl.ca.location", "/ca.pem"),
                    ("ssl.certificate.location", "/me.pem"),
                    ("ssl.key.location", "/me.key"),
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
                sasl(SaslMechanism::ScramSha256, Some(TlsFiles::default())),
                vec![("security.protocol", "sasl_ssl"), ("sasl.mechanisms", "SCRAM-SHA-256")],
            ),
            (
                sasl(SaslMechanism::ScramSha512, Some(files())),
                vec![
                    ("security.protocol", "sasl_ssl"),
                    ("sasl.mechanisms", "SCRAM-SHA-512"),
                    ("ssl.key.location", "/me.key"),
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
    fn librdkafka_takes_every_setting() {
        use rdkafka::consumer::BaseConsumer;
        use rdkafka::producer::FutureProducer;
        for security in [
            Security::Plaintext,
            Security::Tls(TlsFiles::default()),
            sasl(SaslMechanism::Plain, None),
            sasl(SaslMechanism::ScramSha256, Some(TlsFiles::default())),
            sasl(SaslMechanism::ScramSha512, None),
        ] {
            let kafka = kafka(security);
            producing(&kafka, "test").create::<FutureProducer>().map(drop).unwrap();
            reading(&kafka, "test").create::<BaseConsumer>().map(drop).unwrap();
        }
    }
}
