//! An HTTP client that takes other certificates, keys and another password of the proxy while the process runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::Client;
use trunkline_config::Http;
use trunkline_http::NotUsable;

use crate::wire;

/// A client, made anew when what it was made of has changed.
#[derive(Debug, Clone)]
pub(crate) struct FollowedClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: Http,
    https_only: bool,
    state: Mutex<State>,
    /// Whether somebody is looking at the files.
    looks: AtomicBool,
}

#[derive(Debug)]
struct State {
    client: Client,
    /// Fingerprint of what it was made of.
    made_of: u64,
    /// Fingerprint of what no client could be made of, so that it is said once.
    unusable: Option<u64>,
    looked: Instant,
}

/// How often the files are looked at, while there are calls: as often as those of secrets are by default.
const LOOK_EVERY: Duration = Duration::from_secs(5);

// === impl FollowedClient ===

impl FollowedClient {
    /// Makes a client as [`wire::client`] does.
    ///
    /// # Errors
    /// [`NotUsable`] where what `http` says cannot be used.
    pub(crate) fn new(http: &Http, https_only: bool) -> Result<Self, NotUsable> {
        // Before the client: what changes in between is noticed by the first look.
        let made_of = trunkline_http::fingerprint(http);
        let client = wire::client(http, https_only)?;
        let state = Mutex::new(State { client, made_of, unusable: None, looked: Instant::now() });
        Ok(Self(Arc::new(Inner { http: http.clone(), https_only, state, looks: AtomicBool::new(false) })))
    }

    /// The client to make a call with. Files are looked at beside the call, which does not wait for it.
    pub(crate) fn current(&self) -> Client {
        let state = self.0.state.lock();
        let is_due = state.looked.elapsed() >= LOOK_EVERY && trunkline_http::can_change(&self.0.http);
        if is_due && !self.0.looks.swap(true, Ordering::AcqRel) {
            let inner = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || {
                inner.look();
                inner.looks.store(false, Ordering::Release);
            });
        }
        state.client.clone()
    }
}

// === impl Inner ===

impl Inner {
    /// Looks at what the client was made of, and makes another one where that has changed. Where none can be made of
    /// it, as of a certificate whose key has not been replaced yet, the one there is stays.
    fn look(&self) {
        let found = trunkline_http::fingerprint(&self.http);
        let was_told = {
            let mut state = self.state.lock();
            state.looked = Instant::now();
            if found == state.made_of {
                return;
            }
            state.unusable == Some(found)
        };
        // Calls do not wait while it is made. What failed is tried with each look: the cause may have been another.
        let made = wire::client(&self.http, self.https_only);
        let mut state = self.state.lock();
        match made {
            Ok(client) => {
                (state.client, state.made_of, state.unusable) = (client, found, None);
                tracing::info!("certificates, keys or the proxy's password have changed: used from now on");
            }
            Err(error) => {
                state.unusable = Some(found);
                if !was_told {
                    tracing::warn!(
                        "what has changed of [http] is not used, and what was there before is: {error}"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use trunkline_config::ClientCertificate;

    use super::*;

    fn issue(folder: &std::path::Path) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["trunkline".to_owned()]).unwrap();
        let pair = (certificate.self_signed(&key).unwrap().pem(), key.serialize_pem());
        assert!(folder.is_dir());
        pair
    }

    #[test]
    fn a_new_certificate_is_taken_with_its_key_and_never_without() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        let (certificate, key) = issue(folder.path());
        write("own.pem", &certificate);
        write("own.key", &key);
        let identity = ClientCertificate { certificate: path("own.pem"), key: path("own.key") };
        let http = Http { identity: Some(identity), ..Http::default() };
        let client = FollowedClient::new(&http, true).unwrap();
        let made_of = || client.0.state.lock().made_of;
        let first = made_of();
        client.0.look();
        assert_eq!(made_of(), first, "nothing has changed");

        let (certificate, key) = issue(folder.path());
        write("own.pem", &certificate);
        client.0.look();
        assert_eq!(made_of(), first, "it is not the certificate of that key");
        assert!(client.0.state.lock().unusable.is_some());
        write("own.key", &key);
        client.0.look();
        assert_ne!(made_of(), first);
        let second = made_of();
        std::fs::remove_file(path("own.key")).unwrap();
        client.0.look();
        assert_eq!(made_of(), second, "what is gone does not take away what was there");
    }
}
