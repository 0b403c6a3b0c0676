//! State that nobody uses any more: folders of instances under former names, folders that were set aside as
//! damaged, and partitions that other instances have had for long. It is announced in the log, and removed when
//! it is so old that it would be rebuilt from the changelog in any case.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rocksdb::{DB, Options};
use trunkline_kafka::topics::DELETE_RETENTION_MS;

const DAY_MS: i64 = 24 * 3_600_000;

/// Announced once it was not used for a day: an instance that is only being restarted says nothing of its own.
const ANNOUNCED_AFTER_MS: i64 = DAY_MS;

/// Removed once it was not used for as long as the changelog keeps tombstones: state that old is rebuilt in full.
const REMOVED_AFTER_MS: i64 = DELETE_RETENTION_MS;

/// What becomes of state that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays, and nothing is said.
    Stays,
    /// It stays for now; its owner is told.
    Announced,
    /// It is removed.
    Removed,
}

// === impl Fate ===

impl Fate {
    /// Decides about state that was last used at `used` (UTC milliseconds).
    pub(super) fn of(used: i64, now: i64) -> Self {
        match now.saturating_sub(used) {
            unused if unused >= REMOVED_AFTER_MS => Self::Removed,
            unused if unused >= ANNOUNCED_AFTER_MS => Self::Announced,
            _ => Self::Stays,
        }
    }

    /// Says in the log what becomes of `what`, last used at `used`.
    pub(super) fn say(self, what: &str, used: i64, now: i64) {
        let unused_days = now.saturating_sub(used) / DAY_MS;
        let removed_after_days = REMOVED_AFTER_MS / DAY_MS;
        match self {
            Self::Stays => {}
            Self::Announced => {
                tracing::warn!(
                    what,
                    unused_days,
                    removed_after_days,
                    "state that nobody uses; it will be removed"
                );
            }
            Self::Removed => tracing::warn!(what, unused_days, "state that nobody uses: removed"),
        }
    }
}

/// Looks at the stores beside ours, at `path`, and removes those that are due. A store that another process has open is
/// never touched, however old it looks: RocksDB's lock on it is taken first.
pub(super) fn remove_neighbours(path: &Path, now: i64) {
    for store in neighbours(path) {
        let Some(used) = last_written(&store) else { continue };
        let fate = Fate::of(used, now);
        let name = store.display().to_string();
        if fate == Fate::Removed
            && let Err(error) = remove(&store)
        {
            tracing::warn!(store = name, %error, "old state cannot be removed; remove it by hand if no process uses it");
            continue;
        }
        fate.say(&name, used, now);
    }
}

/// The folders beside ours that are stores of RocksDB.
fn neighbours(path: &Path) -> Vec<PathBuf> {
    let Some(entries) = path.parent().and_then(|parent| std::fs::read_dir(parent).ok()) else {
        return Vec::new();
    };
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    folders
        .filter(|folder| folder != path && folder.join("IDENTITY").is_file() && folder.join("LOCK").is_file())
        .collect()
}

/// When a file of a store was last written; UTC milliseconds. RocksDB writes to its log every ten minutes while a store
/// is open (`stats_dump_period_sec`), whether anything happens or not.
fn last_written(store: &Path) -> Option<i64> {
    let files = std::fs::read_dir(store).ok()?;
    let written = files.filter_map(|file| file.ok()?.metadata().ok()?.modified().ok()).max()?;
    i64::try_from(written.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// Removes RocksDB's own files, under its lock, and the folder when nothing else is in it.
fn remove(store: &Path) -> Result<(), String> {
    DB::destroy(&Options::default(), store).map_err(|error| error.to_string())?;
    // RocksDB has removed the folder already where it was empty.
    match std::fs::remove_dir(store) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{StateStore as _, Store};
    use super::*;

    const NOW: i64 = 1_775_000_000_000;

    #[test]
    fn state_is_announced_after_a_day_and_removed_after_a_week() {
        for (unused_days, expected) in [
            (-3, Fate::Stays),
            (0, Fate::Stays),
            (1, Fate::Announced),
            (6, Fate::Announced),
            (7, Fate::Removed),
        ] {
            assert_eq!(Fate::of(NOW - unused_days * DAY_MS, NOW), expected, "{unused_days}");
        }
    }

    #[test]
    fn old_stores_beside_ours_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["ours", "former", "set-aside.damaged-7"] {
            drop(Store::open(&path(name)).unwrap());
        }
        std::fs::write(path("set-aside.damaged-7").join("CURRENT"), "garbage").unwrap();
        let in_use = Store::open(&path("in-use")).unwrap();
        std::fs::create_dir(path("no-store")).unwrap();
        std::fs::write(path("no-store").join("notes.txt"), "mine").unwrap();
        let written = last_written(&path("former")).unwrap();

        remove_neighbours(&path("ours"), written + 6 * DAY_MS);
        assert!(path("former").exists(), "announced only");
        remove_neighbours(&path("ours"), written + 8 * DAY_MS);

        assert!(!path("former").exists() && !path("set-aside.damaged-7").exists());
        assert!(path("ours").join("CURRENT").exists(), "ours stays");
        assert!(path("no-store").join("notes.txt").exists(), "not a store");
        assert!(path("in-use").join("CURRENT").exists(), "another process has it open");
        in_use.checkpoint(0).unwrap_err();
    }
}
