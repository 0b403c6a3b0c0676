//! Keeps one program running: starts it again when it ends, and does to it what is ordered.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::bail;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::executables::executable;
use crate::process::{Ending, Process};
use crate::program::{self, Spec};

/// A program under supervision. It is killed when this is dropped.
#[derive(Debug)]
pub struct Member {
    spec: Spec,
    orders: mpsc::Sender<Order>,
    process: watch::Receiver<Option<u32>>,
    exits: Arc<Mutex<Vec<Exit>>>,
    restarts: Arc<AtomicU32>,
    supervision: JoinHandle<anyhow::Result<()>>,
}

/// When a program that ended is started again.
#[derive(Debug, Clone, Copy)]
pub struct Restarts {
    /// Wait before the first start after an end; doubles while the program lives shortly.
    pub wait: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// A program that ended sooner than this lived shortly.
    pub short_life: Duration,
    /// So many short lives in a row, and it is given up; without it, never.
    pub short_lives_max: Option<u32>,
}

/// A program that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exit {
    /// Its instance name.
    pub instance: String,
    /// How it ended.
    pub status: String,
    /// The last thing in its log.
    pub why: String,
}

/// What happened to a program, to be told to a person at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It ended by itself.
    Ended(Exit),
    /// It ended, and is not started again: another start would not help.
    GivenUp(Exit),
}

/// Is told what happens.
pub type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

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

/// Longer than any `drain_timeout` in the configuration of such a run.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any wait before a start: after it there is no process to be expected.
const ALIVE_PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

// === impl Restarts ===

impl Restarts {
    /// At once; a program that does not come up is given up.
    pub const AT_ONCE: Self = Self {
        wait: Duration::ZERO,
        wait_max: Duration::ZERO,
        short_life: Duration::from_secs(5),
        short_lives_max: Some(5),
    };

    /// After a short wait, for ever: what it cannot live with now may be over later.
    pub const PATIENT: Self = Self {
        wait: Duration::from_millis(200),
        wait_max: Duration::from_secs(2),
        short_life: Duration::from_secs(10),
        short_lives_max: None,
    };
}

// === impl Member ===

impl Member {
    /// Starts the program and keeps it running.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn start(spec: Spec, binaries: &Path, restart: Restarts, listener: Listener) -> anyhow::Result<Self> {
        let program = executable(binaries, &spec.binary)?;
        let (orders, ordered) = mpsc::channel(1);
        let (process, seen) = watch::channel(None);
        let exits = Arc::new(Mutex::new(Vec::new()));
        let restarts = Arc::new(AtomicU32::new(0));
        let supervisor = Supervisor {
            program,
            spec: spec.clone(),
            restart,
            ordered,
            process,
            exits: exits.clone(),
            restarts: restarts.clone(),
            listener,
        };
        Ok(Self { spec, orders, process: seen, exits, restarts, supervision: tokio::spawn(supervisor.run()) })
    }

    /// What it runs.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Every time that it ended by itself.
    pub fn exits(&self) -> Vec<Exit> {
        self.exits.lock().clone()
    }

    /// How often it was started again, for whatever reason.
    pub fn restarts(&self) -> u32 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// The process, as soon as there is one; none when that takes too long.
    pub async fn process(&self) -> Option<u32> {
        let mut process = self.process.clone();
        let alive = process.wait_for(Option::is_some);
        tokio::time::timeout(ALIVE_PATIENCE, alive).await.ok()?.ok().and_then(|process| *process)
    }

    /// Ends it as `kill -9` does, does something meanwhile, and lets it start again; false when there was
    /// nothing to kill.
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

    /// Waits until it says that it is ready, for at most `patience`.
    ///
    /// # Errors
    /// When it does not get ready; the message says what it answered and holds the end of its log.
    pub async fn ready(&self, client: &reqwest::Client, patience: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut last = "no answer".to_owned();
        while started.elapsed() < patience && !self.is_given_up() {
            match self.spec.ready(client).await {
                Ok(()) => return Ok(()),
                Err(answer) => last = answer,
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let Spec { binary, instance, .. } = &self.spec;
        bail!("{binary} '{instance}' did not get ready ({last}); its log ends:\n{}", self.spec.tail())
    }

    /// True when it is not kept running any more, because another start would not help.
    pub fn is_given_up(&self) -> bool {
        self.supervision.is_finished()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // The process is killed with the task that holds it.
        self.supervision.abort();
    }
}

// === impl Notice ===

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(Exit { instance, status, why }) => {
                write!(formatter, "{instance} ended by itself with {status}: {why}")
            }
            Self::GivenUp(Exit { instance, status, .. }) => {
                write!(formatter, "{instance} does not come up and is given up: it ends with {status}")
            }
        }
    }
}

struct Supervisor {
    program: PathBuf,
    spec: Spec,
    restart: Restarts,
    ordered: mpsc::Receiver<Order>,
    process: watch::Sender<Option<u32>>,
    exits: Arc<Mutex<Vec<Exit>>>,
    restarts: Arc<AtomicU32>,
    listener: Listener,
}

// === impl Supervisor ===

impl Supervisor {
    async fn run(mut self) -> anyhow::Result<()> {
        let mut wait = self.restart.wait;
        let mut short_lives = 0;
        loop {
            let mut process = self.spec.start(&self.program)?;
            let started = Instant::now();
            self.process.send_replace(process.id());
            let next = self.next(&mut process).await;
            self.process.send_replace(None);
            match next? {
                Next::Abandoned => return Ok(()),
                Next::Ended(status) => {
                    if started.elapsed() > self.restart.short_life {
                        (wait, short_lives) = (self.restart.wait, 0);
                    } else {
                        short_lives += 1;
                    }
                    let hopeless = self.restart.short_lives_max.is_some_and(|most| short_lives >= most);
                    self.note(status, hopeless)?;
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(self.restart.wait_max);
                }
                Next::Ordered(Order::Kill { killed, back }) => {
                    process.kill().await?;
                    let _ = killed.send(true);
                    // Without an answer it is wanted back at once.
                    let _ = back.await;
                }
                Next::Ordered(Order::Stop { stopped, again }) => {
                    let _ = stopped.send(process.stop(STOP_PATIENCE).await?);
                    if !again {
                        // Whoever stopped it may still look at it.
                        return std::future::pending().await;
                    }
                }
            }
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn next(&mut self, process: &mut Process) -> anyhow::Result<Next> {
        tokio::select! {
            status = process.wait() => Ok(Next::Ended(status?)),
            order = self.ordered.recv() => Ok(order.map_or(Next::Abandoned, Next::Ordered)),
        }
    }

    /// Tells that it ended by itself.
    ///
    /// # Errors
    /// When it is given up.
    fn note(&self, status: ExitStatus, hopeless: bool) -> anyhow::Result<()> {
        let tail = self.spec.tail();
        let instance = self.spec.instance.clone();
        let exit = Exit { instance, status: status.to_string(), why: last_message(&tail) };
        if hopeless || program::refuses(status) {
            // At once: what waits for this process would otherwise wait in silence.
            (self.listener)(&Notice::GivenUp(exit));
            bail!("{} ends with {status}; its log ends:\n{tail}", self.spec.instance);
        }
        (self.listener)(&Notice::Ended(exit.clone()));
        self.exits.lock().push(exit);
        Ok(())
    }
}

/// The last line of a log: its message and error where it is one of ours.
fn last_message(log: &str) -> String {
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
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_last_message_is_the_error_of_the_last_line() {
        let log = "first\n{\"message\":\"processor stopped\",\"error\":\"TL-3006 fenced\"}";
        assert_eq!(last_message(log), "processor stopped: TL-3006 fenced");
        assert_eq!(last_message("{\"message\":\"drained\"}"), "drained");
        assert_eq!(last_message("thread 'engine' panicked"), "thread 'engine' panicked");
        assert_eq!(last_message(""), "");
    }

    /// A program of this script, under supervision; what is told of it goes to the receiver.
    fn member(
        folder: &Path,
        script: &str,
        restart: Restarts,
    ) -> (Member, tokio::sync::mpsc::UnboundedReceiver<Notice>) {
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let spec = Spec {
            binary: "program".to_owned(),
            instance: "program-0".to_owned(),
            config: folder.join("config"),
            log: folder.join("log"),
            admin: "http://127.0.0.1:1".to_owned(),
            within: Vec::new(),
        };
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let listener: Listener = Arc::new(move |notice| sender.send(notice.clone()).unwrap());
        (Member::start(spec, folder, restart, listener).unwrap(), receiver)
    }

    #[tokio::test]
    async fn a_program_that_does_not_come_up_is_given_up_after_five_short_lives() {
        let folder = tempfile::tempdir().unwrap();
        let (member, mut notices) = member(folder.path(), "exit 1", Restarts::AT_ONCE);
        for _ in 0..4 {
            assert!(matches!(notices.recv().await.unwrap(), Notice::Ended(_)));
        }
        assert!(matches!(notices.recv().await.unwrap(), Notice::GivenUp(_)));
        assert_eq!((member.exits().len(), member.restarts()), (4, 4));
        assert!(member.ready(&reqwest::Client::new(), ALIVE_PATIENCE).await.is_err());
        assert!(member.is_given_up());
    }

    #[tokio::test]
    async fn a_program_that_refuses_its_configuration_is_given_up_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (member, mut notices) = member(folder.path(), "exit 64", Restarts::PATIENT);
        assert!(matches!(notices.recv().await.unwrap(), Notice::GivenUp(_)));
        assert_eq!(member.restarts(), 0);
    }

    #[tokio::test]
    async fn a_program_that_is_killed_comes_back_and_one_that_is_stopped_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 0' TERM; while :; do sleep 0.01; done";
        let (member, _notices) = member(folder.path(), script, Restarts::AT_ONCE);
        let first = member.process().await.unwrap();
        assert!(member.kill(async {}).await);
        let second = member.process().await.unwrap();
        assert_ne!(first, second);
        // It may not have set its trap yet: then the signal ends it, and not in order.
        member.stop().await;
        assert_eq!(member.restarts(), 1);
        assert!(member.exits().is_empty());
    }
}
