//! Broker and registry: the user's, or ours.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::net::TcpStream;
use trunkline_rig::kafka::Broker;
use trunkline_rig::process::Process;

use super::run::Run;
use super::{jvm, kafka, registry};

/// Where broker and registry are, and the processes of those that are ours.
#[derive(Debug)]
pub struct Services {
    /// `HOST:PORT` of the broker; none where there is none yet.
    pub kafka: Option<String>,
    /// URL of the registry's Confluent API, without a slash at its end; none where there is none yet.
    pub registry: Option<String>,
    /// Options of the virtual machines.
    pub jvm: &'static [&'static str],
    started: Vec<Service>,
}

/// One that was started.
#[derive(Debug)]
pub struct Service {
    /// For messages and files.
    pub name: &'static str,
    /// Its process.
    pub process: Process,
    /// How it is found up.
    pub check: Check,
    /// Whether it has come up.
    pub is_up: bool,
}

/// How a service is found up.
#[derive(Debug)]
pub enum Check {
    /// The broker's log says so.
    Log(Broker),
    /// The registry at this URL answers.
    Answer(String),
}

/// How long a broker or registry may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Lines of a log that say why a service did not start.
const TAIL_LINES: usize = 30;

// === impl Services ===

impl Services {
    /// Those that the user brought.
    pub fn given(kafka: Option<String>, registry: Option<String>) -> Self {
        Self { kafka, registry, jvm: jvm::SMALL, started: Vec::new() }
    }

    /// Keeps the class data that services wrote when they ended. Only a service that came up fully has loaded the
    /// classes that the next start will want.
    pub fn keep_class_data(&self, cache: &Path, folder: &Path) {
        for service in self.started.iter().filter(|service| service.is_up) {
            let made = folder.join(format!("{}.jsa", service.name));
            let Ok(archive) = jvm::class_data(cache, service.name) else { continue };
            if made.exists() && std::fs::copy(&made, archive.with_extension("new")).is_ok() {
                // Another run may read the old one: it is replaced at once. Without it the next start only
                // takes longer.
                let _kept = std::fs::rename(archive.with_extension("new"), archive);
            }
        }
    }
}

// === impl Run ===

impl Run {
    /// Starts what the user did not bring; [`Run::await_services`] waits for it, so that a build can go on meanwhile.
    ///
    /// # Errors
    /// When something does not start, or what the user brought does not answer.
    pub async fn start_services(&mut self) -> anyhow::Result<()> {
        match self.services.kafka.clone() {
            None => {
                let (service, address) = kafka::start(self).await?;
                self.services.started.push(service);
                self.services.kafka = Some(address);
            }
            Some(address) if TcpStream::connect(&address).await.is_err() => {
                bail!("no broker answers at --kafka {address}: is it HOST:PORT of one broker, and is it up?")
            }
            Some(_) => {}
        }
        self.start_registry().await
    }

    /// Starts a registry unless the user brought one.
    ///
    /// # Errors
    /// As [`Run::start_services`].
    pub async fn start_registry(&mut self) -> anyhow::Result<()> {
        match self.services.registry.clone() {
            None => {
                let (service, url) = registry::start(self).await?;
                self.services.started.push(service);
                self.services.registry = Some(url);
            }
            Some(url) if !registry::answers(&url).await => bail!(
                "no registry answers at --registry {url}: it is the Confluent API that is asked for, as in \
                 http://HOST:PORT/apis/ccompat/v7"
            ),
            Some(_) => {}
        }
        Ok(())
    }

    /// Waits until everything that was started answers; the addresses of broker and registry, the broker's empty where
    /// there is none.
    ///
    /// # Errors
    /// When something ends or takes too long; the end of its log is printed.
    pub async fn await_services(&mut self) -> anyhow::Result<(String, String)> {
        for service in &mut self.services.started {
            service.wait_until_up().await?;
        }
        let kafka = self.services.kafka.clone().unwrap_or_default();
        let registry = self.services.registry.clone().unwrap_or_default();
        let broker = if kafka.is_empty() { String::new() } else { format!("Kafka at {kafka}, ") };
        self.say(&format!("{broker}registry at {registry}"));
        Ok((kafka, registry))
    }
}

// === impl Service ===

impl Service {
    async fn wait_until_up(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.check.holds().await {
            if self.process.ended()?.is_some() || begun.elapsed() > START_PATIENCE {
                eprintln!("{}", self.process.log_end(TAIL_LINES));
                bail!(
                    "{} did not start; its last lines are above. Start again; if it stays so, './run clean' fetches \
                     it anew.",
                    self.name
                );
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.is_up = true;
        Ok(())
    }
}

// === impl Check ===

impl Check {
    async fn holds(&self) -> bool {
        match self {
            Self::Log(broker) => broker.has_started(),
            Self::Answer(url) => registry::answers(url).await,
        }
    }
}
