//! The pipeline's processes: started, watched, started again when they die, stopped in order.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use trunkline_rig::program::{self, Ending, Spec};

/// A process that is watched.
#[derive(Debug)]
pub struct Member {
    spec: Spec,
    orders: mpsc::Sender<Order>,
    restarts: Arc<AtomicU32>,
    watch: JoinHandle<anyhow::Result<Ending>>,
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
const READY_PATIENCE: Duration = Duration::from_secs(60);

// === impl Member ===

impl Member {
    /// Starts the process and watches it.
    pub fn start(spec: Spec, binaries: &Path) -> anyhow::Result<Self> {
        let program = program::executable(binaries, spec.binary)?;
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
        let started = Instant::now();
        let mut last = "no answer".to_owned();
        while started.elapsed() < READY_PATIENCE {
            if self.watch.is_finished() {
                break;
            }
            match self.spec.ready(client).await {
                Ok(()) => return Ok(()),
                Err(answer) => last = answer,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let Spec { binary, instance, .. } = &self.spec;
        bail!("{binary} '{instance}' did not get ready ({last}); its log ends:\n{}", self.spec.tail())
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
        let mut child = spec.start(&program)?;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                order = orders.recv() => match order {
                    Some(Order::Kill) => child.start_kill()?,
                    // The fleet was dropped: the same as being told to stop.
                    Some(Order::Stop) | None => return program::stop(&mut child).await,
                },
            }
        };
        short_lives = if started.elapsed() < COMES_UP { short_lives + 1 } else { 0 };
        if short_lives == SHORT_LIVES_MAX || program::refuses(status) {
            let Spec { binary, instance, .. } = &spec;
            // Said at once: what waits for this process would otherwise wait in silence.
            eprintln!("{binary} '{instance}' does not come up and is given up: it ends with {status}");
            bail!("{binary} '{instance}' ends with {status}; its log ends:\n{}", spec.tail());
        }
        restarts.fetch_add(1, Ordering::Relaxed);
    }
}
