//! With which certificates the clients of this process were made.
//!
//! librdkafka reads certificates, keys and authorities when a client is made, and has no function that gives a living
//! one others. What it was made with is therefore remembered beside each client that lives long, so that a process can
//! tell that it shows a certificate which has been replaced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use trunkline_config::{Kafka, Security, Tls};

use super::fitting;

/// Clients that show certificates, or trust authorities, which have been replaced.
const OUTDATED: &str = "trunkline_kafka_clients_with_replaced_certificates";

/// The part of a health report that says so.
pub const CERTIFICATES: &str = "kafka-certificates";

/// The clients of this process that are there.
static CLIENTS: Mutex<Vec<Weak<MadeOf>>> = Mutex::new(Vec::new());

/// What one client was made of.
#[derive(Debug)]
pub(super) struct MadeOf {
    tls: Tls,
    version: u64,
}

/// Says whether clients of Kafka show certificates that have been replaced.
#[derive(Debug)]
pub struct CertificatesInUse {
    tls: Tls,
    warned: AtomicBool,
}

// === impl MadeOf ===

impl MadeOf {
    /// Of a client that is made after this; it counts as long as this is kept.
    pub(super) fn of(kafka: &Kafka) -> Option<Arc<Self>> {
        let tls = tls(kafka).filter(|tls| tls.can_change())?.clone();
        let made = Arc::new(Self { version: fitting::trio(&tls).version(), tls });
        let mut clients = clients();
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Arc::downgrade(&made));
        Some(made)
    }

    fn is_outdated(&self) -> bool {
        fitting::trio(&self.tls).version() != self.version
    }
}

// === impl CertificatesInUse ===

impl CertificatesInUse {
    /// `None` where no client shows a certificate or trusts an authority that could change.
    pub fn of(kafka: &Kafka) -> Option<Self> {
        metrics::describe_gauge!(
            OUTDATED,
            "Clients of Kafka whose certificate, key or authorities have been replaced since they were made"
        );
        metrics::gauge!(OUTDATED).set(0);
        let tls = tls(kafka).filter(|tls| tls.can_change())?.clone();
        Some(Self { tls, warned: AtomicBool::new(false) })
    }

    /// How it is now, as a detail of the health report. It is no reason not to be ready: what was replaced is mostly
    /// good for a while. The first time it is also a warning.
    pub fn look(&self) -> String {
        let outdated =
            clients().iter().filter_map(Weak::upgrade).filter(|client| client.is_outdated()).count();
        metrics::gauge!(OUTDATED).set(outdated as f64);
        let unusable = fitting::unusable(&self.tls);
        if outdated == 0 {
            self.warned.store(false, Ordering::Relaxed);
            return match unusable {
                None => "clients have the certificates that there are".to_owned(),
                Some(reason) => format!("clients have the certificates that fitted last: {reason}"),
            };
        }
        let detail = format!(
            "{outdated} clients of Kafka were made with certificates, keys or authorities that have been replaced \
             since: they take the new ones when this instance is restarted"
        );
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(outdated, "{detail}; do that before the old ones end");
        }
        match unusable {
            None => detail,
            Some(reason) => format!("{detail}; until then those count that fitted last: {reason}"),
        }
    }
}

fn tls(kafka: &Kafka) -> Option<&Tls> {
    match &kafka.security {
        Security::Plaintext => None,
        Security::Tls(tls) => Some(tls),
        Security::Sasl { tls, .. } => tls.as_ref(),
    }
}

fn clients() -> MutexGuard<'static, Vec<Weak<MadeOf>>> {
    CLIENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use trunkline_config::SecretHandle;

    use super::*;

    #[test]
    fn clients_are_outdated_from_a_change_until_they_are_made_anew() {
        let ca = SecretHandle::from("one");
        let security = Security::Tls(Tls { ca: Some(ca.clone()), identity: None });
        let kafka = Kafka {
            brokers: "127.0.0.1:1".to_owned(),
            prefix: String::new(),
            partitions: 6,
            replication: 1,
            retention: Default::default(),
            security,
        };
        let in_use = CertificatesInUse::of(&kafka).unwrap();
        let (first, second) = (MadeOf::of(&kafka), MadeOf::of(&kafka));
        assert!(in_use.look().starts_with("clients have"), "{}", in_use.look());
        ca.replace("two".into(), Instant::now(), Duration::ZERO).unwrap();
        assert!(in_use.look().starts_with("2 clients"), "{}", in_use.look());
        drop(first);
        let third = MadeOf::of(&kafka);
        assert!(in_use.look().starts_with("1 clients"), "{}", in_use.look());
        drop(second);
        assert!(in_use.look().starts_with("clients have"), "{}", in_use.look());
        assert!(third.is_some());
        let without = Kafka { security: Security::Tls(Tls::default()), ..kafka.clone() };
        assert!(CertificatesInUse::of(&without).is_none());
        assert!(CertificatesInUse::of(&Kafka { security: Security::Plaintext, ..kafka }).is_none());
    }
}
