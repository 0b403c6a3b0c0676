//! Keeps one process running: starts it again when it ends, after a short wait, and does to it what is ordered.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use trunkline_rig::program::{self, Ending, Spec};

use crate::journal::Journal;

/// A process under supervision. It is killed when this is dropped.
#[derive(Debug)]
pub struct Member {
    spec: Spec,
    orders: mpsc::Sender<Order>,
    process: watch::Receiver<Option<u32>>,
    exits: Arc<Mutex<Vec<Exit>>>,
    supervision: JoinHandle<anyhow::Result<()>>,
}

/// A process that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exit {
    /// Its instance name.
    pub instance: String,
    /// How it ended.
    pub status: String,
    /// The last thing in its log.
    pub why: String,
}

#[derive(Debug)]
enum Order {
    /// Kill it; start it again when the second channel says so.
    Kill { killed: oneshot::Sender<bool>, back: oneshot::Receiver<()> },
    /// Stop it in order; start it again if so ordered.
    Stop { stopped: oneshot::Sender<Ending>, again: bool },
}

/// What follows after a process was started.
enum Next {
    Ended(ExitStatus),
    Ordered(Order),
    Abandoned,
}

/// Wait before a process that ended is started again; doubles while it lives shortly.
const BACKOFF: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// A process that lived so long begins its waits anew.
const LIVES: Duration = Duration::from_secs(10);
/// Longer than any wait before a start: after it there is no process to be expected.
const ALIVE_PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

// === impl Member ===

impl Member {
    /// Starts the process and keeps it running.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn start(spec: Spec, binaries: &Path, journal: Arc<Journal>) -> anyhow::Result<Self> {
        let program = program::executable(binaries, spec.binary)?;
        let (orders, ordered) = mpsc::channel(1);
        let (process, seen) = watch::channel(None);
        let exits = Arc::new(Mutex::new(Vec::new()));
        let supervisor =
            Supervisor { program, spec: spec.clone(), ordered, process, exits: exits.clone(), journal };
        Ok(Self { spec, orders, process: seen, exits, supervision: tokio::spawn(supervisor.run()) })
    }

    /// What it runs.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Every time that it ended by itself.
    pub fn exits(&self) -> Vec<Exit> {
        self.exits.lock().clone()
    }

    /// The process, as soon as there is one; none when that takes too long.
    pub async fn process(&self) -> Option<u32> {
        let mut process = self.process.clone();
        let alive = process.wait_for(Option::is_some);
        tokio::time::timeout(ALIVE_PATIENCE, alive).await.ok()?.ok().and_then(|process| *process)
    }

    /// Ends it as `kill -9` does, does something meanwhile, and lets it start again; false when there was nothing to kill.
    pub async fn kill(&self, meanwhile: impl Future<Output = ()>) -> bool {
        if self.process().await.is_none() {
            return false;
        }
        let (killed, answer) = oneshot::channel();
        let (again, back) = oneshot::channel();
        let sent = self.orders.send(Order::Kill { killed, back }).await;
        let killed = sent.is_ok() && answer.await.unwrap_or(false);
        if killed {
            meanwhile.await;
        }
        let _ = again.send(());
        killed
    }

    /// Asks it to stop, waits until it has, and starts it again.
    pub async fn restart(&self) -> Ending {
        self.ask_to_stop(true).await
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(&self) -> Ending {
        self.ask_to_stop(false).await
    }

    async fn ask_to_stop(&self, again: bool) -> Ending {
        let (stopped, answer) = oneshot::channel();
        let sent = self.orders.send(Order::Stop { stopped, again }).await;
        if sent.is_err() {
            return Ending::Forced;
        }
        answer.await.unwrap_or(Ending::Forced)
    }

    /// Waits until it says that it is ready; false when that takes longer than `patience`.
    pub async fn ready(&self, client: &reqwest::Client, patience: Duration) -> bool {
        let started = Instant::now();
        while started.elapsed() < patience {
            if self.spec.ready(client).await.is_ok() {
                return true;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        false
    }

    /// True when it is not kept running any more, because another start would not help.
    pub fn is_given_up(&self) -> bool {
        self.supervision.is_finished()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // The child is killed with the task that holds it.
        self.supervision.abort();
    }
}

struct Supervisor {
    program: PathBuf,
    spec: Spec,
    ordered: mpsc::Receiver<Order>,
    process: watch::Sender<Option<u32>>,
    exits: Arc<Mutex<Vec<Exit>>>,
    journal: Arc<Journal>,
}

// === impl Supervisor ===

impl Supervisor {
    async fn run(mut self) -> anyhow::Result<()> {
        let mut backoff = BACKOFF;
        loop {
            let mut child = self.spec.start(&self.program)?;
            let started = Instant::now();
            self.process.send_replace(child.id());
            let next = self.next(&mut child).await;
            self.process.send_replace(None);
            match next? {
                Next::Abandoned => return Ok(()),
                Next::Ended(status) => {
                    self.note(status)?;
                    if started.elapsed() > LIVES {
                        backoff = BACKOFF;
                    }
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
                Next::Ordered(Order::Kill { killed, back }) => {
                    child.kill().await?;
                    let _ = killed.send(true);
                    // Without an answer it is wanted back at once.
                    let _ = back.await;
                }
                Next::Ordered(Order::Stop { stopped, again }) => {
                    let _ = stopped.send(program::stop(&mut child).await?);
                    if !again {
                        // Whoever stopped it may still look at it.
                        return std::future::pending().await;
                    }
                }
            }
        }
    }

    async fn next(&mut self, child: &mut Child) -> anyhow::Result<Next> {
        tokio::select! {
            status = child.wait() => Ok(Next::Ended(status.context("waiting for a process")?)),
            order = self.ordered.recv() => Ok(order.map_or(Next::Abandoned, Next::Ordered)),
        }
    }

    fn note(&self, status: ExitStatus) -> anyhow::Result<()> {
        let tail = self.spec.tail();
        let Spec { instance, .. } = &self.spec;
        if program::refuses(status) {
            bail!("{instance} refuses its configuration:\n{tail}");
        }
        let why = last_words(&tail);
        self.journal.say(format!("{instance} ended by itself with {status}: {why}"));
        self.exits.lock().push(Exit { instance: instance.clone(), status: status.to_string(), why });
        Ok(())
    }
}

/// The last line of a log: its message and error where it is one of ours.
fn last_words(log: &str) -> String {
    let line = log.lines().last().unwrap_or_default();
    let fields: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    match (fields["message"].as_str(), fields["error"].as_str()) {
        (Some(message), Some(error)) => format!("{message}: {error}"),
        (Some(message), None) => message.to_owned(),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_error_of_the_last_line() {
        let log = "first\n{\"message\":\"processor stopped\",\"error\":\"TL-3006 fenced\"}";
        assert_eq!(last_words(log), "processor stopped: TL-3006 fenced");
        assert_eq!(last_words("{\"message\":\"drained\"}"), "drained");
        assert_eq!(last_words("thread 'engine' panicked"), "thread 'engine' panicked");
        assert_eq!(last_words(""), "");
    }
}
