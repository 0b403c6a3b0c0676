//! A contact centre's day played into a deployment, and the judgement of what is left.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;
use trunkline_load::generator::{Day, DaySettings};
use trunkline_load::now_ms;
use trunkline_load::{Counts, LoadSettings, Progress, leads, ledger, play};
use trunkline_rig::collector::EXPORTERS;
use trunkline_verifier::configuration::Configuration;
use trunkline_verifier::{Inputs, KNOWN, Report, SecretToFind, verify};

use crate::deployment::Deployment;
use crate::wait::until;

/// A day that is being played.
#[derive(Debug)]
pub struct PlayedDay {
    playing: JoinHandle<Result<Counts, trunkline_load::Error>>,
    progress: Arc<Progress>,
    ledger: PathBuf,
}

// === impl PlayedDay ===

impl PlayedDay {
    /// Begins to play: `rate` deliveries a second for `seconds`, the same ones for the same `seed`.
    pub fn begin(deployment: &Deployment, seed: u64, rate: f64, seconds: u64) -> Self {
        let start_ms = now_ms() as i64;
        let day = Day::new(DaySettings::new(seed, rate, Duration::from_secs(seconds), start_ms));
        let ledger = deployment.folder().join("ledger.jsonl");
        let settings = LoadSettings {
            ledger: Some(ledger.clone()),
            ..LoadSettings::new(&deployment.ingest_url(), deployment.secrets().clone())
        };
        let progress = Arc::new(Progress::default());
        // Nobody stops it early: the sender is dropped, the day is played to its end.
        let (_, stop) = tokio::sync::watch::channel(false);
        let playing = tokio::spawn(play(day, start_ms, settings, progress.clone(), stop));
        Self { playing, progress, ledger }
    }

    /// Waits until so many deliveries have been accepted.
    ///
    /// # Errors
    /// When they are not in time.
    pub async fn accepted(&self, count: u64) -> Result<()> {
        let progress = &self.progress;
        until(&format!("{count} deliveries are accepted"), async || {
            Ok((progress.counts().accepted >= count).then_some(()))
        })
        .await
    }

    /// Waits for the end of the day, and until every event that was accepted is in `events.enriched`, or what it says
    /// is, said by another: whether the processor was right to leave it out is for the verifier to judge.
    ///
    /// # Errors
    /// When the day cannot be played, or an event never comes.
    pub async fn settle(self, deployment: &Deployment) -> Result<Counts> {
        let counts = self.playing.await??;
        let mut day = trunkline_rig::progress::Progress::new()?;
        let accepted = ledger::read(&self.ledger)?.into_iter().filter(|line| line.status == 202);
        accepted.for_each(|line| day.answered(Some(line.status), &line.event_ids, line.scheduled_at));
        let what = format!("{} accepted events are enriched", day.events_missing());
        for event in deployment.values("events.normalized").await? {
            if let Some(content) = event.optional_text("contentId")? {
                day.accepted_content(event.text("eventId")?, content);
            }
        }
        until(&what, async || {
            for event in deployment.values("events.enriched").await? {
                day.enriched(&event.text("eventId")?, false, 0.0);
                event
                    .optional_text("contentId")?
                    .into_iter()
                    .for_each(|content| day.published_content(content));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok((day.events_missing() == 0).then_some(()))
        })
        .await?;
        Ok(counts)
    }
}

// === impl Deployment ===

impl Deployment {
    /// Waits until every command has its result: what the sink still has to do would be judged as missing.
    ///
    /// # Errors
    /// When a command stays without one.
    pub async fn written_back(&self) -> Result<()> {
        until("every command has a result", async || {
            let mut open = BTreeSet::new();
            for system in ["genesys", "salesforce"] {
                for command in self.values(&format!("writebacks.{system}")).await? {
                    open.insert(command.text("commandId")?);
                }
            }
            for result in self.values("writeback.results").await? {
                open.remove(&result.text("commandId")?);
            }
            Ok(open.is_empty().then_some(()))
        })
        .await
    }

    /// Has the verifier judge everything this deployment left behind. Its processors must have stopped; in
    /// order, all of them, if `stopped_cleanly`.
    ///
    /// # Errors
    /// When the evidence cannot be read.
    pub async fn judge(&self, stopped_cleanly: bool) -> Result<Report> {
        let audit = self.folder().join("audit.jsonl");
        std::fs::write(&audit, self.sandbox().audit().json_lines(None))?;
        let ledger = self.folder().join("ledger.jsonl");
        let leads = self.folder().join("leads.jsonl");
        std::fs::write(&leads, leads::json_lines(self.sandbox().customers()))?;
        let inputs = Inputs {
            cluster: self.cluster(),
            registry: self.environment().registry.clone(),
            prefix: self.prefix().to_owned(),
            configuration: Some(Configuration::read(&self.configuration_file("trunkline"))?),
            ledger: ledger.exists().then_some(ledger),
            audits: vec![audit],
            leads: Some(leads),
            logs: self.files(".log")?,
            served: vec![self.served()],
            traces: vec![self.traces()],
            exporters: EXPORTERS.to_vec(),
            secrets: self.secrets_to_find()?,
            state_folders: vec![self.folder().join("state")],
            stopped_cleanly,
            known: KNOWN.to_vec(),
            ..Inputs::default()
        };
        verify(&inputs).await.context("the evidence cannot be read")
    }

    /// The secrets in files, and every token and session that the systems gave out.
    fn secrets_to_find(&self) -> Result<Vec<SecretToFind>> {
        let given = self.sandbox().secrets().into_iter().enumerate();
        let mut secrets: Vec<SecretToFind> = given
            .map(|(number, value)| SecretToFind { name: format!("given out, number {number}"), value })
            .collect();
        for entry in std::fs::read_dir(self.folder().join("secrets"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            secrets.push(SecretToFind { name, value: std::fs::read_to_string(path)?.trim().to_owned() });
        }
        let earlier = self.earlier_secrets().into_iter();
        secrets.extend(earlier.map(|(name, value)| SecretToFind { name, value }));
        Ok(secrets)
    }

    fn files(&self, suffix: &str) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder())? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(suffix) {
                files.push(path);
            }
        }
        Ok(files)
    }
}
