//! The broker and the registry of this run; every test has a prefix of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use trunkline_config::{Http, Kafka, Registry, RegistryAuth, Security};

/// Settings for the broker of this run under a prefix that no other test has; none without a broker.
pub fn kafka(test: &str) -> Option<Kafka> {
    let brokers = address("TRUNKLINE_TEST_KAFKA", test)?;
    let prefix = format!("{test}-{}.", unique());
    Some(Kafka {
        brokers,
        prefix,
        partitions: 3,
        replication: 1,
        retention: Default::default(),
        security: Security::Plaintext,
    })
}

/// Settings for the registry of this run; none without one.
pub fn registry(test: &str, auto_register: bool) -> Option<Registry> {
    let url = address("TRUNKLINE_TEST_REGISTRY", test)?;
    Some(Registry { url, auto_register, auth: RegistryAuth::None, tls: None, http: Http::default() })
}

fn address(variable: &str, test: &str) -> Option<String> {
    let address = std::env::var(variable).ok().filter(|address| !address.is_empty());
    if address.is_none() {
        println!("{test}: skipped, {variable} is not set; `./run test` sets it");
    }
    address
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("{:x}-{}", now, COUNT.fetch_add(1, Ordering::Relaxed))
}
