//! How to log in, and whom to trust.

use rdkafka::ClientConfig;
use trunkline_config::{ExposeSecret, SaslMechanism, Security, Tls};

use super::fitting;

/// Sets what the configured kind of security needs.
pub(super) fn log_in(config: &mut ClientConfig, security: &Security) {
    match security {
        Security::Plaintext => {
            config.set("security.protocol", "plaintext");
        }
        Security::Tls(tls) => {
            config.set("security.protocol", "ssl");
            trust(config, tls);
        }
        Security::Sasl { mechanism, username, password, tls } => {
            config
                .set("security.protocol", if tls.is_some() { "sasl_ssl" } else { "sasl_plaintext" })
                .set("sasl.mechanisms", mechanism_name(*mechanism))
                .set("sasl.username", username)
                .set("sasl.password", password.current().expose_secret());
            if let Some(tls) = tls {
                trust(config, tls);
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

/// Whom to trust, and whom to be (mutual TLS): as it fits together.
fn trust(config: &mut ClientConfig, tls: &Tls) {
    config
        // The certificate has to be valid and has to be for the host that was asked for.
        .set("enable.ssl.certificate.verification", "true")
        .set("ssl.endpoint.identification.algorithm", "https");
    if tls.can_change() {
        fitting::trio(tls).set(config);
    }
}
