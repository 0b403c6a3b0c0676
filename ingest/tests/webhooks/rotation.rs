//! Keys that change while webhooks come.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use trunkline_config::{ExposeSecret, SecretHandle, Verify};

use crate::support::{Ingest, MAX_IN_FLIGHT};

const ROTATIONS: usize = 5;

const CONFIGURATION: &str = r#"
[secrets]
check_interval = "100ms"
[kafka]
brokers = "127.0.0.1:9092"
[registry]
url = "http://127.0.0.1:8081"
[sources.rotating]
kind = "genesys-eventbridge"
[sources.rotating.verify]
method = "bearer"
tokens = ["file:token"]
"#;

/// Exchanges the file as a whole.
fn write(folder: &Path, token: &str) {
    std::fs::write(folder.join("new"), token).unwrap();
    std::fs::rename(folder.join("new"), folder.join("token")).unwrap();
}

/// The senders of a source.
#[derive(Clone)]
struct Senders {
    ingest: Arc<Ingest>,
    token: SecretHandle,
    accepted: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Senders {
    /// Sends webhooks until it is told to stop. The token is what the source has, or what it had before where the
    /// sender is a slow one.
    async fn send(self, number: usize) {
        let is_slow = number % 2 == 1;
        for sent in 0.. {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            let known = self.token.accepted(Instant::now());
            let shown = known.get(usize::from(is_slow)).unwrap_or(&known[0]);
            let header = format!("Bearer {}", shown.expose_secret());
            let body = crate::customer_start(&format!("delivery-{number}-{sent}")).to_string();
            let answer = self.ingest.post_with("rotating", body, &[("authorization", &header)]).await;
            assert_eq!(answer.status, StatusCode::ACCEPTED, "after {sent}: {answer:?}");
            self.accepted.fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_webhook_is_refused_while_its_key_is_replaced_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "token-0");
    let path = folder.path().join("trunkline.toml");
    std::fs::write(&path, CONFIGURATION).unwrap();
    let (config, sources) = trunkline_secrets::load(&path, None).await.unwrap();
    let _following = sources.follow();
    let Verify::Bearer { tokens } = &config.sources["rotating"].verify else { panic!() };
    let (token, accepted) = (tokens[0].clone(), Arc::<AtomicUsize>::default());
    let ingest = Arc::new(Ingest::start_with(config.sources.clone()).await);
    let senders = Senders {
        ingest: Arc::clone(&ingest),
        token: token.clone(),
        accepted: Arc::clone(&accepted),
        stop: Arc::default(),
    };
    let running: Vec<_> =
        (0..MAX_IN_FLIGHT).map(|number| tokio::spawn(senders.clone().send(number))).collect();
    for number in 1..=ROTATIONS {
        let (next, before) = (format!("token-{number}"), accepted.load(Ordering::Acquire));
        write(folder.path(), &next);
        let deadline = Instant::now() + Duration::from_secs(60);
        // Until the new one is known, and webhooks have come with it and with the one before it.
        while token.current().expose_secret() != next || accepted.load(Ordering::Acquire) < before + 40 {
            assert!(Instant::now() < deadline, "rotation {number} takes too long");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    senders.stop.store(true, Ordering::Release);
    for sender in running {
        sender.await.unwrap();
    }
    assert_eq!(ingest.stored().len(), accepted.load(Ordering::Acquire), "each was accepted and stored");
    let unknown = ingest.post_with("rotating", "{}", &[("authorization", "Bearer token-9")]).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
}
