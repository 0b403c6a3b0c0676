//! The last certificate, key and authorities that fit together.
//!
//! The three are exchanged one after the other, and a client that is made in between would be refused by librdkafka, or
//! by the brokers. So what fitted last is kept until there is something else that fits. Whether it does, librdkafka
//! says: a client is made of it that connects to nobody.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientConfig;
use rdkafka::producer::BaseProducer;
use trunkline_config::{ExposeSecret, Secret, SecretHandle, Tls};
use trunkline_http::{NotUsable, Remade};

/// Whose certificates these are, as logs and the gauge name it.
const NAME: &str = "kafka";

/// One for each configuration of this process, from the first client on. A configuration is as good as its handles: it
/// is cloned freely, and each clone has to find what fitted last.
static FITTING: Mutex<Vec<(Tls, Remade<Arc<Trio>>)>> = Mutex::new(Vec::new());

/// A certificate with its key, and whom to trust, as they were at one moment.
pub(super) struct Trio {
    /// Of the handles, when they were read.
    version: u64,
    ca: Option<Secret>,
    certificate: Option<Secret>,
    key: Option<Secret>,
}

// === impl Trio ===

impl Trio {
    /// What the handles have now, whether it fits or not.
    fn read(tls: &Tls) -> Self {
        let current = |secret: Option<&SecretHandle>| secret.map(SecretHandle::current);
        Self {
            // Before the values: what changes in between is noticed at the next use.
            version: tls.version(),
            ca: current(tls.ca.as_ref()),
            certificate: current(tls.certificate()),
            key: current(tls.key()),
        }
    }

    /// What the handles have now.
    ///
    /// # Errors
    /// What librdkafka says where it takes no such client.
    fn fitting(tls: &Tls) -> Result<Arc<Self>, NotUsable> {
        let trio = Self::read(tls);
        let mut config = ClientConfig::new();
        config.set("security.protocol", "ssl");
        trio.set(&mut config);
        match config.create::<BaseProducer>() {
            Ok(_) => Ok(Arc::new(trio)),
            Err(error) => Err(NotUsable::Unfitting(error.to_string())),
        }
    }

    /// Grows with each change of what it was made of.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Sets it for a client.
    pub(super) fn set(&self, config: &mut ClientConfig) {
        for (setting, pem) in
            [("ssl.ca.pem", &self.ca), ("ssl.certificate.pem", &self.certificate), ("ssl.key.pem", &self.key)]
        {
            if let Some(pem) = pem {
                // What is taken from a source has lost its last line break.
                config.set(setting, format!("{}\n", pem.expose_secret()));
            }
        }
    }
}

/// What fits together now, or fitted last. Where nothing ever did it is what there is, and the client that is made of
/// it says what is wrong.
pub(super) fn trio(tls: &Tls) -> Arc<Trio> {
    remade(tls).map_or_else(|| Arc::new(Trio::read(tls)), |remade| remade.current_at_once())
}

/// Why what there is now cannot be used, where something else is used instead.
pub(super) fn unusable(tls: &Tls) -> Option<String> {
    let remade = remade(tls)?;
    remade.current_at_once();
    remade.unusable()
}

/// What is kept for these handles; `None` where nothing fits yet.
fn remade(tls: &Tls) -> Option<Remade<Arc<Trio>>> {
    let mut fitting = FITTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, remade)) = fitting.iter().find(|(of, _)| of.is(tls)) {
        return Some(remade.clone());
    }
    let (version, made_of) = (tls.clone(), tls.clone());
    let remade = Remade::new(NAME, move || version.version(), move || Trio::fitting(&made_of)).ok()?;
    fitting.push((tls.clone(), remade.clone()));
    Some(remade)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rdkafka::consumer::BaseConsumer;
    use trunkline_config::{Kafka, OwnCertificate, Security};

    use super::*;
    use crate::client::certificates::{CertificatesInUse, MadeOf};
    use crate::client::{reading, transactional};

    /// An authority, a certificate of it and its key; PEM as files have it.
    fn issued() -> [String; 3] {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["trunkline".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        [authority.pem(), certificate.pem(), key.serialize_pem()]
    }

    fn kafka(tls: Tls) -> Kafka {
        Kafka {
            brokers: "127.0.0.1:1".to_owned(),
            prefix: String::new(),
            partitions: 6,
            replication: 1,
            retention: Default::default(),
            security: Security::Tls(tls),
        }
    }

    #[test]
    fn a_client_that_is_made_in_the_middle_of_an_exchange_has_what_fitted_last() {
        let [[authority, certificate, key], [new_authority, new_certificate, new_key]] = [issued(), issued()];
        let handle = |pem: &String| SecretHandle::from(pem.trim_end());
        let identity = OwnCertificate { certificate: handle(&certificate), key: handle(&key) };
        let tls = Tls { ca: Some(handle(&authority)), identity: Some(identity.clone()) };
        let kafka = kafka(tls.clone());
        let in_use = CertificatesInUse::of(&kafka).unwrap();
        let made = |expected: [&String; 3]| {
            // A clone of the configuration is the same one.
            let config = transactional(&kafka.clone(), "test");
            let settings =
                ["ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem"].map(|name| config.get(name).unwrap());
            assert!(settings == expected.map(String::as_str), "other ones than expected");
            config.create::<BaseProducer>().map(drop).unwrap();
            reading(&kafka, "test").create::<BaseConsumer>().map(drop).unwrap();
        };
        let replace = |secret: &SecretHandle, pem: &str| {
            assert_eq!(secret.replace(pem.trim_end().into(), Instant::now(), Duration::ZERO), Ok(true));
        };
        let first = MadeOf::of(&kafka);
        made([&authority, &certificate, &key]);
        assert!(in_use.look().starts_with("clients have"), "{}", in_use.look());

        replace(tls.ca.as_ref().unwrap(), &format!("{authority}{new_authority}"));
        let both = format!("{authority}{new_authority}");
        made([&both, &certificate, &key]);
        assert!(in_use.look().starts_with("1 clients"), "{}", in_use.look());

        replace(&identity.certificate, &new_certificate);
        made([&both, &certificate, &key]);
        let second = MadeOf::of(&kafka);
        let told = in_use.look();
        assert!(told.contains("do not fit together") && !told.contains("BEGIN"), "{told}");
        assert!(trunkline_http::look().contains("kafka: certificate, key and authorities do not fit"));

        replace(&identity.key, &new_key);
        made([&both, &new_certificate, &new_key]);
        drop(first);
        assert!(in_use.look().starts_with("1 clients"), "the second has what fitted: {}", in_use.look());
        drop(second);
        assert!(in_use.look().starts_with("clients have"), "{}", in_use.look());

        // The key first: it does not matter which one comes first.
        replace(&identity.key, &key);
        made([&both, &new_certificate, &new_key]);
        replace(tls.ca.as_ref().unwrap(), &authority);
        made([&both, &new_certificate, &new_key]);
        replace(&identity.certificate, &certificate);
        made([&authority, &certificate, &key]);
    }

    #[test]
    fn where_nothing_ever_fitted_the_client_says_what_is_wrong() {
        let [[authority, certificate, _], [_, _, key]] = [issued(), issued()];
        let identity = OwnCertificate { certificate: certificate.as_str().into(), key: key.as_str().into() };
        let tls = Tls { ca: Some(authority.as_str().into()), identity: Some(identity) };
        assert_eq!(unusable(&tls), None);
        let refused = reading(&kafka(tls), "test").create::<BaseConsumer>().map(drop).unwrap_err();
        assert!(!refused.to_string().contains("BEGIN"), "{refused}");
    }
}
