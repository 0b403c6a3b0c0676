//! A configuration in a folder, its secrets, and those who follow them.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trunkline_config::{Config, Credentials, ExposeSecret, Mistakes, SecretHandle};
use trunkline_secrets::Following;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration whose target `sap` has its password here.
pub fn folder(sections: &str, password: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        r#"{sections}
[kafka]
brokers = "127.0.0.1:9092"
[registry]
url = "http://127.0.0.1:8081"
[targets.sap]
system = "sap"
org = "acme"
base_url = "https://sap.acme.example"
username = "trunkline"
password = "{password}"
"#
    );
    std::fs::write(folder.path().join("trunkline.toml"), text).unwrap();
    folder
}

/// Loads it, and follows its secrets.
pub async fn follow(folder: &Path) -> Result<(Config, Following), Mistakes> {
    let (config, sources) = trunkline_secrets::load(&folder.join("trunkline.toml"), None).await?;
    Ok((config, sources.follow()))
}

/// The password of the target.
pub fn password(config: &Config) -> SecretHandle {
    let Credentials::Basic { password, .. } = &config.targets["sap"].credentials else { panic!() };
    password.clone()
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came that {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a secret has a value.
pub async fn until_is(secret: &SecretHandle, value: &str) {
    until(&format!("the secret is {value}"), || secret.current().expose_secret() == value).await;
}
