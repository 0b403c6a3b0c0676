//! Secrets, each kept in a file of its own.

use std::io;
use std::path::{Path, PathBuf};

use rand::RngExt;

/// 192 random bits as hexadecimal digits.
#[must_use]
pub fn random_secret() -> String {
    hex::encode(rand::rng().random::<[u8; 24]>())
}

/// The content of `directory/name`; without that file, `fresh`, written there for its owner only.
///
/// # Errors
/// When the file can be neither read nor written.
pub fn keep(directory: &Path, name: &str, fresh: &str) -> io::Result<String> {
    let path: PathBuf = directory.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim_end().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(directory)?;
            write_private(&path, fresh)?;
            Ok(fresh.to_owned())
        }
        Err(error) => Err(error),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
