//! What is posted to a scene, and what of it was accepted.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::task::JoinHandle;
use trunkline_load::generator::Delivery;
use trunkline_load::{Counts, Error, LoadSettings, Progress, ledger, play};

use super::Scene;
use crate::cases::calls::Calls;

/// A load that is being played.
pub struct Playing {
    playing: JoinHandle<Result<Counts, Error>>,
    ledger: PathBuf,
}

// === impl Scene ===

impl Scene {
    /// Begins to play calls against `ingest-0`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn begin_load(&mut self, calls: &Calls) -> anyhow::Result<Playing> {
        self.begin_load_at("ingest-0", calls.deliveries(), calls.start_ms)
    }

    /// Begins to play deliveries against an instance of ingest; their time zero is `start_ms`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn begin_load_at(
        &mut self,
        ingest: &str,
        deliveries: Vec<Delivery>,
        start_ms: i64,
    ) -> anyhow::Result<Playing> {
        let address = self.doors.get(ingest).with_context(|| format!("{ingest} does not run"))?;
        self.ledgers += 1;
        let ledger = self.folder.join(format!("ledger-{}.jsonl", self.ledgers));
        let settings = LoadSettings {
            ledger: Some(ledger.clone()),
            ..LoadSettings::new(&format!("http://{address}"), self.secrets.clone())
        };
        // Nobody stops it early: the sender is dropped, the load is played to its end.
        let (_, stop) = tokio::sync::watch::channel(false);
        let progress = Arc::new(Progress::default());
        let playing = tokio::spawn(play(deliveries.into_iter(), start_ms, settings, progress, stop));
        Ok(Playing { playing, ledger })
    }

    /// Plays calls against `ingest-0` to their end; the ids of the events that were accepted.
    ///
    /// # Errors
    /// When one of them is not accepted.
    pub async fn load(&mut self, calls: &Calls) -> anyhow::Result<BTreeSet<String>> {
        let accepted = self.begin_load(calls)?.accepted().await?;
        self.say(format!("{} events accepted", accepted.len()));
        Ok(accepted)
    }

    /// The ledgers of all loads in one file.
    pub(super) fn one_ledger(&self) -> anyhow::Result<PathBuf> {
        let whole = self.folder.join("ledger.jsonl");
        let mut text = String::new();
        for number in 1..=self.ledgers {
            text.push_str(&std::fs::read_to_string(self.folder.join(format!("ledger-{number}.jsonl")))?);
        }
        std::fs::write(&whole, text)?;
        Ok(whole)
    }
}

// === impl Playing ===

impl Playing {
    /// Waits for the end of the load; the ids of the events that were accepted.
    ///
    /// # Errors
    /// When a delivery was not accepted.
    pub async fn accepted(self) -> anyhow::Result<BTreeSet<String>> {
        self.playing.await??;
        let lines = ledger::read(&self.ledger)?;
        if let Some(line) = lines.iter().find(|line| line.status != 202) {
            bail!("delivery {} was answered {}", line.delivery_id, line.status);
        }
        Ok(lines.into_iter().flat_map(|line| line.event_ids).collect())
    }
}
