//! A folder with the example configuration and its secrets.

use tempfile::TempDir;
use trunkline_config::{Config, Mistakes};

/// The example, whole and right.
pub const EXAMPLE: &str = include_str!("../example.toml");

/// A folder in which the example finds its secrets; it is removed when dropped.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trunkline.toml"), EXAMPLE).unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    std::fs::write(folder.path().join("secrets/one"), "first secret\n").unwrap();
    std::fs::write(folder.path().join("secrets/two"), "second secret").unwrap();
    std::fs::write(folder.path().join("secrets/empty"), "\n").unwrap();
    for (name, title) in [("ca.pem", "CERTIFICATE"), ("own.pem", "CERTIFICATE"), ("own.key", "PRIVATE KEY")] {
        let pem = format!("-----BEGIN {title}-----\n-----END {title}-----\n");
        std::fs::write(folder.path().join("secrets").join(name), pem).unwrap();
    }
    folder
}

/// Reads a text as if it were the folder's configuration.
pub fn parse(folder: &TempDir, text: &str) -> Result<Config, Mistakes> {
    trunkline_config::parse(text, &folder.path().join("trunkline.toml").display().to_string())
}
