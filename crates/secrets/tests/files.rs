//! Files that change in the ways in which Kubernetes, Docker and people change them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "support/log.rs"]
mod log;
#[path = "support/mod.rs"]
mod support;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use support::{folder, follow, password, until, until_is};
use trunkline_config::ExposeSecret;

const FAST: &str = "[secrets]\ncheck_interval = \"100ms\"";

/// Puts a file in the place of another one, as Docker and editors do.
fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// Puts a folder of secrets in the place of another one, as Kubernetes does: each file is a link through `..data`,
/// which is exchanged as a whole.
fn mount(folder: &Path, version: &str, content: &str) {
    let volume = folder.join("volume");
    std::fs::create_dir_all(volume.join(version)).unwrap();
    std::fs::write(volume.join(version).join("password"), content).unwrap();
    symlink(version, volume.join("..data_tmp")).unwrap();
    std::fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    if !volume.join("password").is_symlink() {
        symlink("..data/password", volume.join("password")).unwrap();
    }
}

#[tokio::test]
async fn a_secret_that_kubernetes_exchanges_is_followed_and_the_old_one_is_accepted_for_a_while() {
    let folder = folder(FAST, "file:volume/password");
    mount(folder.path(), "..1", "first\n");
    let (config, _following) = follow(folder.path()).await.unwrap();
    let password = password(&config);
    assert_eq!(password.current().expose_secret(), "first");
    mount(folder.path(), "..2", "second\n");
    std::fs::remove_dir_all(folder.path().join("volume/..1")).unwrap();
    until_is(&password, "second").await;
    let accepted = password.accepted(Instant::now());
    assert_eq!(accepted.iter().map(|value| value.expose_secret()).collect::<Vec<_>>(), ["second", "first"]);
}

#[tokio::test]
async fn a_file_that_is_replaced_emptied_or_removed_never_leaves_an_empty_secret() {
    let folder = folder(FAST, "file:password");
    let path = folder.path().join("password");
    std::fs::write(&path, "first").unwrap();
    let log = log::Log::start();
    let (config, following) = follow(folder.path()).await.unwrap();
    let password = password(&config);
    replace(&path, "second");
    until_is(&password, "second").await;
    std::fs::write(&path, "").unwrap();
    until("the empty file is reported", || log.text().matches("TL-1003").count() == 1).await;
    assert_eq!(password.current().expose_secret(), "second");
    replace(&path, "third");
    until_is(&password, "third").await;
    std::fs::remove_file(&path).unwrap();
    until("the removed file is reported", || log.text().matches("TL-1003").count() == 2).await;
    assert_eq!(password.current().expose_secret(), "third");
    replace(&path, "fourth");
    until_is(&password, "fourth").await;
    let said = log.text();
    for secret in ["first", "second", "third", "fourth"] {
        assert!(!said.contains(secret) && !format!("{config:?} {following:?}").contains(secret), "{said}");
    }
    drop(following);
    replace(&path, "fifth");
    assert_eq!(password.current().expose_secret(), "fourth", "nobody follows any more");
}
