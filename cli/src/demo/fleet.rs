//! The pipeline's processes: started, watched, started again when they die, stopped in order.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// One process to run.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Name of the executable beside this one.
    pub binary: &'static str,
    /// Instance name; stays the same over restarts.
    pub instance: String,
    /// Its configuration.
    pub config: PathBuf,
    /// Where its output goes.
    pub log: PathBuf,
    /// Base URL of its admin port.
    pub admin: String,
}

/// A process that is watched.
#[derive(Debug)]
pub struct Member {
    spec: Spec,
    orders: mpsc::Sender<Order>,
    restarts: Arc<AtomicU32>,
    watch: JoinHandle<anyhow::Result<Ending>>,
}

/// How a process ended that was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself and in order.
    Clean,
    /// It had to be killed, or said that something went wrong.
    Forced,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Kill,
    Stop,
}

/// A process that lives shorter than this is not counted as having come up.
const COMES_UP: Duration = Duration::from_secs(5);
/// So many short lives in a row, and there is no point in another.
const SHORT_LIVES_MAX: u32 = 5;
/// Longer than any `drain_timeout` in the demo's configuration.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
const READY_PATIENCE: Duration = Duration::from_secs(60);

/// The folder that holds the other executables: this one's own.
pub fn binaries() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's own path is unknown")?;
    let folder = own.parent().context("this program's own path has no folder")?;
    Ok(folder.to_owned())
}

// === impl Member ===

impl Member {
    /// Starts the process and watches it.
    pub fn start(spec: Spec, binaries: &Path) -> anyhow::Result<Self> {
        let program = binaries.join(spec.binary);
        if !program.is_file() {
            bail!(
                "{} is not there: build the whole workspace first (cargo build --workspace)",
                program.display()
            );
        }
        let (orders, received) = mpsc::channel(8);
        let restarts = Arc::new(AtomicU32::new(0));
        let watch = tokio::spawn(watch(program, spec.clone(), received, restarts.clone()));
        Ok(Self { spec, orders, restarts, watch })
    }

    /// What it runs.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// How often it died and was started again.
    pub fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// Kills it as `kill -9` does; it is started again at once.
    pub async fn kill(&self) {
        // Only fails when the watch has ended, and then there is nothing to kill.
        let _ = self.orders.send(Order::Kill).await;
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&self, client: &reqwest::Client) -> anyhow::Result<()> {
        let url = format!("{}/readyz", self.spec.admin);
        let started = Instant::now();
        let mut last = "no answer".to_owned();
        while started.elapsed() < READY_PATIENCE {
            if self.watch.is_finished() {
                break;
            }
            match client.get(&url).timeout(Duration::from_secs(2)).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => last = answer.text().await.unwrap_or_default(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let Spec { binary, instance, log, .. } = &self.spec;
        bail!("{binary} '{instance}' did not get ready ({}); its log ends:\n{}", last.trim(), tail(log))
    }

    /// Tells it to stop and waits until it has.
    pub async fn stop(self) -> anyhow::Result<Ending> {
        let _ = self.orders.send(Order::Stop).await;
        self.watch.await.context("the watch over a process broke")?
    }
}

async fn watch(
    program: PathBuf,
    spec: Spec,
    mut orders: mpsc::Receiver<Order>,
    restarts: Arc<AtomicU32>,
) -> anyhow::Result<Ending> {
    let mut short_lives = 0;
    loop {
        let started = Instant::now();
        let mut child = command(&program, &spec)?
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                order = orders.recv() => match order {
                    Some(Order::Kill) => child.start_kill()?,
                    // The fleet was dropped: the same as being told to stop.
                    Some(Order::Stop) | None => return stop(&mut child).await,
                },
            }
        };
        short_lives = if started.elapsed() < COMES_UP { short_lives + 1 } else { 0 };
        if short_lives == SHORT_LIVES_MAX || refuses(status) {
            let Spec { binary, instance, .. } = &spec;
            // Said at once: what waits for this process would otherwise wait in silence.
            eprintln!("{binary} '{instance}' does not come up and is given up: it ends with {status}");
            bail!("{binary} '{instance}' ends with {status}; its log ends:\n{}", tail(&spec.log));
        }
        restarts.fetch_add(1, Ordering::Relaxed);
    }
}

fn command(program: &Path, spec: &Spec) -> anyhow::Result<Command> {
    let log = OpenOptions::new().create(true).append(true).open(&spec.log);
    let log = log.with_context(|| format!("cannot open {}", spec.log.display()))?;
    let mut command = Command::new(program);
    command
        .arg("--config")
        .arg(&spec.config)
        .args(["--instance", &spec.instance])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // A Ctrl-C at the terminal is for this program, which then stops the others in order.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

async fn stop(child: &mut tokio::process::Child) -> anyhow::Result<Ending> {
    if let Some(id) = child.id() {
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await.context("cannot run kill")?;
    }
    match tokio::time::timeout(STOP_PATIENCE, child.wait()).await {
        Ok(status) => Ok(if status?.success() { Ending::Clean } else { Ending::Forced }),
        Err(_) => {
            child.kill().await?;
            Ok(Ending::Forced)
        }
    }
}

/// Exit code 64 is a refusal of the configuration, which another start does not change.
fn refuses(status: ExitStatus) -> bool {
    status.code() == Some(64)
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
