//! Secrets in Vault that are read again and again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;
use trunkline_config::VaultSecret;

use super::session::Session;
use crate::followed::Followed;
use crate::report::{begin, report};
use crate::schedule::Schedule;

/// Between attempts after one that failed, at most the interval.
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// What is read in Vault, and the session that reads it.
#[derive(Debug)]
pub(crate) struct VaultSource {
    session: Session,
    /// By path: one request gives all keys of a secret.
    paths: BTreeMap<String, PathSource>,
}

#[derive(Debug)]
struct PathSource {
    schedule: Schedule,
    /// By key.
    keys: BTreeMap<String, Followed>,
}

// === impl VaultSource ===

impl VaultSource {
    /// Nothing yet.
    pub(crate) fn new(session: Session) -> Self {
        Self { session, paths: BTreeMap::new() }
    }

    /// Follows a secret that was read now; `random` lies between 0 and 1.
    pub(crate) fn add(&mut self, secret: &VaultSecret, followed: Followed, now: Instant, random: f64) {
        let interval = self.session.vault().reread_interval;
        let path = self.paths.entry(secret.path.clone()).or_insert_with(|| PathSource {
            schedule: Schedule::new(interval, RETRY, now, random),
            keys: BTreeMap::new(),
        });
        path.keys.insert(secret.key.clone(), followed);
    }

    /// Reads them for ever.
    pub(crate) async fn follow(mut self, grace: Duration) {
        let secrets = self.paths.values().flat_map(|path| path.keys.values());
        secrets.for_each(begin);
        while let Some(due) = self.due() {
            tokio::time::sleep_until(due.into()).await;
            self.session.attend().await;
            for (name, path) in &mut self.paths {
                if path.schedule.due() <= Instant::now() {
                    path.read(name, &mut self.session, grace).await;
                }
                path.keys.values().for_each(|secret| secret.forget(Instant::now()));
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        self.paths.values().map(|path| path.schedule.due()).chain(self.session.due()).min()
    }
}

// === impl PathSource ===

impl PathSource {
    async fn read(&mut self, name: &str, session: &mut Session, grace: Duration) {
        let read = session.read(name).await;
        let now = Instant::now();
        match &read {
            Ok(entry) => self.schedule.succeeded(now, entry.lease),
            Err(_) => self.schedule.failed(now, rand::random()),
        }
        for (key, followed) in &mut self.keys {
            let value = match &read {
                Ok(entry) => entry.value(key).map_err(|reason| format!("it {reason}")),
                Err(trouble) => Err(trouble.message.clone()),
            };
            let news = followed.read(value, now, grace);
            report(followed, &news);
        }
    }
}
