//! A registry that asks who calls, while the certificate that it is shown is changed.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "../../connect/tests/https/world.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod world;

use std::time::{Duration, Instant};

use trunkline_config::{Http, OwnCertificate, Registry as Settings, RegistryAuth, SecretHandle, Tls};
use trunkline_kafka::Registry;
use world::Company;

#[tokio::test]
async fn a_certificate_and_its_key_are_changed_while_the_registry_is_asked_and_nothing_fails() {
    let company = Company::new();
    let system = company.system("localhost", true).await;
    let own = |(certificate, key): (String, String)| {
        [SecretHandle::from(certificate.as_str()), SecretHandle::from(key.as_str())]
    };
    let [certificate, key] = own(company.another_own());
    let identity = OwnCertificate { certificate: certificate.clone(), key: key.clone() };
    let settings = Settings {
        url: format!("https://localhost:{}", system.address.port()),
        auto_register: false,
        auth: RegistryAuth::None,
        tls: Some(Tls { ca: Some(company.ca().as_str().into()), identity: Some(identity) }),
        http: Http::default(),
    };
    let registry = Registry::new(&settings).unwrap();
    let mut id = 0;
    // One goes through the library, the other does not.
    let mut ask = async || {
        id += 1;
        registry.schema(id).await.unwrap();
        let by_library = system.shown.lock().unwrap().last().cloned();
        assert!(registry.exists("events").await.unwrap());
        (by_library, system.shown.lock().unwrap().last().cloned())
    };
    let (first, beside) = ask().await;
    assert_eq!(first, beside);

    let began = Instant::now();
    let [new_certificate, new_key] = own(company.another_own());
    certificate.replace(new_certificate.current(), began, Duration::ZERO).unwrap();
    assert_eq!(ask().await, (first.clone(), first.clone()), "without its key it is not shown");
    key.replace(new_key.current(), began, Duration::ZERO).unwrap();
    loop {
        let (by_library, beside) = ask().await;
        assert_ne!(by_library, first);
        if beside == by_library {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the new certificate is never shown");
    }
}
