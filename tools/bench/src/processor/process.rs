//! The process under test, watched from outside.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::runtime::Handle;

/// Clock ticks per second in `/proc/PID/stat`: Linux shows 100 to user space on every architecture Trunkline runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Bytes of a mebibyte.
pub const MIB: f64 = 1024.0 * 1024.0;

/// How long a process may take to end after SIGTERM.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Lines of a log that say what went wrong.
const TAIL_LINES: usize = 25;

/// A running contender; killed when dropped.
#[derive(Debug)]
pub struct Process {
    process: trunkline_rig::process::Process,
    id: u32,
    runtime: Handle,
}

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Resident now (`VmRSS`).
    pub resident: u64,
    /// The most that was ever resident (`VmHWM`).
    pub peak: u64,
}

// === impl Process ===

impl Process {
    /// Starts a command; what it prints is appended to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: Command, log: &Path, runtime: &Handle) -> anyhow::Result<Self> {
        let _within = runtime.enter();
        let process = trunkline_rig::process::Process::start(&mut command.into(), log)?;
        let id = process.id().context("the process is gone")?;
        Ok(Self { process, id, runtime: runtime.clone() })
    }

    /// Seconds of processor time, of all its threads, in user and kernel mode.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(self.proc("stat")).context("the process is gone")?;
        cpu_seconds(&stat).with_context(|| format!("/proc/PID/stat has another form: {stat}"))
    }

    /// Its memory.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let status = std::fs::read_to_string(self.proc("status")).context("the process is gone")?;
        memory(&status).context("/proc/PID/status has another form")
    }

    /// # Errors
    /// When it has ended, with the end of its log.
    pub fn still_runs(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.ended()? {
            bail!("it ended with {status}; its log ends:\n{}", self.log_end());
        }
        Ok(())
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.runtime.block_on(self.process.kill())
    }

    /// Lets it stand still (SIGSTOP) or go on (SIGCONT).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn freeze(&self, still: bool) -> anyhow::Result<()> {
        self.runtime.block_on(self.process.signal(if still { "STOP" } else { "CONT" }))
    }

    /// Asks it to stop, as a supervisor does, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        match self.runtime.block_on(self.process.terminate(STOP_PATIENCE))? {
            Some(_) => Ok(()),
            None => bail!("it does not stop; its log ends:\n{}", self.log_end()),
        }
    }

    /// The last lines of its log.
    pub fn log_end(&self) -> String {
        self.process.log_end(TAIL_LINES)
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.id)
    }
}

/// The name in the second field may hold anything, so counting begins behind its closing parenthesis.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, kernel): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + kernel) / TICKS_PER_SECOND)
}

fn memory(status: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Some(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Bytes of the files below a folder; 0 where there is none.
pub fn disk_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => disk_bytes(&entry.path()),
            // A file that compaction has just removed counts no more.
            _ => entry.metadata().map_or(0, |file| file.len()),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_kernel_are_read() {
        let stat = "17 (a b) c) S 1 17 17 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 8 0 100 1 2";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("17 (a)"), None);
        let status = "Name:\ta\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(memory(status), Some(Memory { resident: 1 << 20, peak: 2 << 20 }));
        assert_eq!(memory("Name:\ta\n"), None);
    }
}
