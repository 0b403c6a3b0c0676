//! From a file to a configuration with all its secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;
use trunkline_config::{Config, KnownPlugin, Mistakes, Secret, VaultSecret};
use trunkline_schemas::error_codes::SECRET_UNREADABLE;

use crate::sources::Sources;
use crate::vault::{Entry, Kind, Session, Trouble};

/// Between attempts to read in Vault at the start, where that may help.
const WAITS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
/// So many attempts.
const ATTEMPTS: u32 = 4;

/// Reads and checks a configuration, with its secrets in files, in the environment and in Vault. `plugins` are those of
/// a processor, which knows what it has.
///
/// Where Vault does not answer, it is asked four times, some 7 seconds in all beside the time of the requests.
///
/// # Errors
/// Everything that is wrong with the configuration; else each place that refers to a secret that cannot be read.
pub async fn load(path: &Path, plugins: Option<&[KnownPlugin<'_>]>) -> Result<(Config, Sources), Mistakes> {
    let unresolved = trunkline_config::read(path, plugins)?;
    let mut session = None;
    let mut read = BTreeMap::new();
    if let Some((vault, secrets)) = unresolved.in_vault() {
        let paths: BTreeSet<&str> = secrets.iter().map(|secret| secret.path.as_str()).collect();
        read = match Session::new(vault) {
            Ok(new) => read_all(session.insert(new), paths).await,
            Err(reason) => paths.into_iter().map(|path| (path.to_owned(), Err(reason.clone()))).collect(),
        };
    }
    let config = unresolved.resolve(|secret| value(&read, secret))?;
    let sources = Sources::new(&config.secrets, session, Instant::now(), rand::random);
    Ok((config, sources))
}

/// What was read at each path, or why nothing was.
type Read = BTreeMap<String, Result<Entry, String>>;

async fn read_all(session: &mut Session, paths: BTreeSet<&str>) -> Read {
    let mut read = Read::new();
    // Where nobody answers, the attempts are made for all paths together.
    let mut attempts = 1;
    for path in paths {
        let entry = loop {
            match session.read(path).await {
                Err(Trouble { kind: Kind::Passing, .. }) if attempts < ATTEMPTS => {
                    tokio::time::sleep(WAITS.equal_jitter(attempts, rand::random())).await;
                    attempts += 1;
                }
                entry => break entry.map_err(|trouble| trouble.message),
            }
        };
        read.insert(path.to_owned(), entry);
    }
    read
}

/// The value of a secret, or why there is none, as the end of a sentence about it.
fn value(read: &Read, secret: &VaultSecret) -> Result<Secret, String> {
    let unreadable = |reason: &str| format!("cannot be read ({SECRET_UNREADABLE}): {reason}");
    match read.get(&secret.path) {
        Some(Ok(entry)) => entry.value(&secret.key),
        Some(Err(reason)) => Err(unreadable(reason)),
        None => Err(unreadable("there is no section [vault]")),
    }
}
