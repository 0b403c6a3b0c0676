//! The wall clock of one process, set wrong while it runs.
//!
//! A small library of our own (`clock/shift.c`) is compiled when a run needs it and loaded before the others into the
//! one process; it adds to every wall-clock time as many milliseconds as a file says. Linux with glibc only.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::Command;
use trunkline_load::now_ms;

/// The library's source.
const SOURCE: &str = include_str!("clock/shift.c");
/// How far a clock that was just set may be from where it should be: what starting a process takes on a busy machine.
const TOLERANCE_MS: f64 = 5_000.0;

/// The compiled library.
#[derive(Debug, Clone)]
pub struct Library {
    path: PathBuf,
}

/// The wall clock of one process, or of several that share it.
#[derive(Debug)]
pub struct WrongClock {
    library: PathBuf,
    path: PathBuf,
    file: std::fs::File,
}

// === impl Library ===

impl Library {
    /// Compiles the library in `folder`.
    ///
    /// # Errors
    /// When there is no C compiler, or it refuses.
    pub async fn build(folder: &Path) -> anyhow::Result<Self> {
        let (source, path) = (folder.join("shift.c"), folder.join("shift.so"));
        std::fs::write(&source, SOURCE)?;
        let mut compile = Command::new("cc");
        compile.args(["-O2", "-Wall", "-shared", "-fPIC", "-o"]).arg(&path).arg(&source).arg("-ldl");
        let output = compile.output().await.context("cannot run cc: wrong clocks need a C compiler")?;
        if !output.status.success() {
            bail!("the clock library does not compile:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(Self { path })
    }

    /// A clock that is right until it is set, kept in a file of this name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clock(&self, name: &str) -> anyhow::Result<WrongClock> {
        let path = self.path.with_file_name(format!("{name}.shift"));
        let mut options = std::fs::OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).open(&path)?;
        let clock = WrongClock { library: self.path.clone(), path, file };
        clock.write(0)?;
        Ok(clock)
    }
}

// === impl WrongClock ===

impl WrongClock {
    /// What to run a program within, so that it has this clock.
    pub fn within(&self) -> Vec<String> {
        vec![
            "env".to_owned(),
            format!("LD_PRELOAD={}", self.library.display()),
            format!("TRUNKLINE_CLOCK_SHIFT={}", self.path.display()),
        ]
    }

    /// Sets the clock so many milliseconds ahead, or back where negative, at once, and makes sure that a process sees
    /// it.
    ///
    /// # Errors
    /// When it cannot be set, or has no effect.
    pub async fn set(&self, shift_ms: i64) -> anyhow::Result<()> {
        self.write(shift_ms)?;
        let seen = self.seen_ms().await?;
        let expected = now_ms() + shift_ms as f64;
        if (seen - expected).abs() > TOLERANCE_MS {
            bail!(
                "the clock was set {shift_ms} ms off and has no effect: a process sees {seen:.0}, expected is {expected:.0}"
            );
        }
        Ok(())
    }

    fn write(&self, shift_ms: i64) -> anyhow::Result<()> {
        // Eight bytes at once: whoever has them mapped sees the old value or the new one.
        let written = self.file.write_all_at(&shift_ms.to_ne_bytes(), 0);
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// What `date` takes for the time; UTC milliseconds.
    async fn seen_ms(&self) -> anyhow::Result<f64> {
        let within = self.within();
        let mut command = Command::new(&within[0]);
        command.args(&within[1..]).args(["date", "+%s%3N"]);
        let asked = tokio::time::timeout(Duration::from_secs(10), command.output());
        let output = asked.await.context("date does not end")?.context("cannot run date")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().parse().with_context(|| format!("date printed '{text}'"))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_sees_the_clock_as_it_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Library::build(folder.path()).await.unwrap().clock("wrong").unwrap();
        for shift_ms in [0, -600_000, 40 * 86_400_000] {
            clock.set(shift_ms).await.unwrap();
        }
    }
}
