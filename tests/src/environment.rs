//! The addresses and binaries that a test run has.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The broker, the registry and the built binaries, as `./run test` exports them.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `HOST:PORT` of the broker.
    pub kafka: String,
    /// URL of the registry's Confluent API.
    pub registry: String,
    /// Folder of the binaries.
    pub binaries: PathBuf,
}

// === impl Environment ===

impl Environment {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// When one is missing: an end-to-end test without a broker fails, it does not pass by doing nothing.
    pub fn from_env() -> Result<Self> {
        let read = |name: &str| {
            std::env::var(name).with_context(|| {
                format!("{name} is not set: run these tests with `./run test`, which starts what they need")
            })
        };
        Ok(Self {
            kafka: read("TRUNKLINE_TEST_KAFKA")?,
            registry: read("TRUNKLINE_TEST_REGISTRY")?,
            binaries: PathBuf::from(read("TRUNKLINE_BIN_DIR")?),
        })
    }

    /// The path of a binary.
    ///
    /// # Errors
    /// When it has not been built.
    pub fn binary(&self, name: &str) -> Result<PathBuf> {
        let path = self.binaries.join(name);
        anyhow::ensure!(
            Path::new(&path).exists(),
            "{} has not been built: `./run test` builds it",
            path.display()
        );
        Ok(path)
    }
}
