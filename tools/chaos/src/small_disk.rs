//! A small disk for the state of one processor: a file system in memory, mounted where only that processor sees it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A small disk. It goes away when this is dropped, with everything on it.
#[derive(Debug)]
pub struct SmallDisk {
    /// Holds the mount namespace that the disk is mounted in.
    keeper: Child,
    process: u32,
    own_user_namespace: bool,
    mounted: PathBuf,
}

/// Room for a few minutes' state, and quick to fill.
const SIZE: &str = "192m";
const FILLER: &str = "filler";
const MOUNT_PATIENCE: Duration = Duration::from_secs(10);

// === impl SmallDisk ===

impl SmallDisk {
    /// Mounts one at `folder`, which has to exist, in a mount namespace of its own: nobody else sees it, and
    /// it needs no cleaning up.
    ///
    /// # Errors
    /// Why this machine does not let us.
    pub async fn mount(folder: &Path) -> anyhow::Result<Self> {
        match Self::try_mount(folder, false).await {
            Ok(disk) => Ok(disk),
            // Whoever is not root may still be in a user namespace of their own.
            Err(first) => Self::try_mount(folder, true).await.map_err(|_| first),
        }
    }

    async fn try_mount(folder: &Path, own_user_namespace: bool) -> anyhow::Result<Self> {
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if own_user_namespace {
            command.args(["--user", "--map-root-user"]);
        }
        let script =
            format!("mount -t tmpfs -o size={SIZE} tmpfs \"$0\" && echo mounted && exec sleep 2147483647");
        command.args(["sh", "-c", &script]).arg(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut keeper = command.spawn().context("cannot run unshare")?;
        let mut line = String::new();
        if let Some(output) = keeper.stdout.take() {
            let mut output = BufReader::new(output);
            tokio::time::timeout(MOUNT_PATIENCE, output.read_line(&mut line))
                .await
                .context("mount does not answer")??;
        }
        if line.trim() != "mounted" {
            let mut why = String::new();
            if let Some(mut errors) = keeper.stderr.take() {
                errors.read_to_string(&mut why).await?;
            }
            bail!("{}", why.trim());
        }
        let process = keeper.id().context("the keeper of the mount has ended")?;
        Ok(Self { keeper, process, own_user_namespace, mounted: folder.to_owned() })
    }

    /// The command that runs another where the disk is mounted.
    pub fn within(&self) -> Vec<String> {
        let mut command =
            vec!["nsenter".to_owned(), "--mount".to_owned(), format!("--target={}", self.process)];
        if self.own_user_namespace {
            command.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        command
    }

    /// The disk's folder as everybody else reaches it.
    pub fn folder(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process));
        root.join(self.mounted.strip_prefix("/").unwrap_or(&self.mounted))
    }

    /// Fills it to the last block. Blocks that are freed later stay free until this is called again.
    ///
    /// # Errors
    /// When it cannot be written, for another reason than being full.
    pub fn fill(&self) -> io::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.folder().join(FILLER))?;
        for size in [1 << 20, 1 << 12] {
            let block = vec![1; size];
            loop {
                match filler.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Frees what [`Self::fill`] took.
    ///
    /// # Errors
    /// When the filler cannot be removed.
    pub fn free(&self) -> io::Result<()> {
        std::fs::remove_file(self.folder().join(FILLER))
    }

    /// Whether it is still there.
    pub fn is_mounted(&mut self) -> bool {
        matches!(self.keeper.try_wait(), Ok(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_small_and_seen_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        // Where the machine does not allow it, chaos says so and goes on without.
        let Ok(mut disk) = SmallDisk::mount(folder.path()).await else { return };
        disk.fill().unwrap();
        assert!(disk.is_mounted());
        let full = std::fs::write(disk.folder().join("more"), [0; 8192]).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "here the folder is empty");
        disk.free().unwrap();
        std::fs::write(disk.folder().join("more"), [0; 8192]).unwrap();
        let within = disk.within();
        let (first, rest) = within.split_first().unwrap();
        let list = Command::new(first).args(rest).arg("ls").arg(folder.path()).output().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&list.stdout).trim(), "more");
    }
}
