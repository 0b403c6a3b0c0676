//! The configuration that most verbs work on.

use std::path::PathBuf;

use trunkline_config::{Config, Mistakes};

/// Which configuration to work on.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFile {
    /// The configuration
    #[arg(long, env = "TRUNKLINE_CONFIG", default_value = "trunkline.toml", value_name = "FILE")]
    pub config: PathBuf,
}

// === impl ConfigFile ===

impl ConfigFile {
    /// Reads and checks it, with its secrets as they are now.
    ///
    /// # Errors
    /// Every mistake in it; `main` ends with 64 on them.
    pub async fn load(&self) -> Result<Config, Mistakes> {
        trunkline_secrets::load(&self.config, None).await.map(|(config, _)| config)
    }

    /// Reads and checks it but for its secrets, which are not where rules are written.
    ///
    /// # Errors
    /// Every other mistake in it; `main` ends with 64 on them.
    pub fn load_without_secrets(&self) -> Result<Config, Mistakes> {
        trunkline_config::load_without_secrets(&self.config)
    }
}
