//! Plays deliveries against ingest.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::attempt::{Outcome, post};
use crate::clock::now_ms;
use crate::generator::{Delivery, Kind};
use crate::ledger::{Ledger, Line};
use crate::load_settings::LoadSettings;
use crate::progress::{Counts, Progress};

/// Why a load could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger cannot be written: nothing that follows could be judged.
    #[error("cannot write the ledger {}: {source}", path.display())]
    Ledger {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// Plays `deliveries` whose time zero is `start_ms` (UTC milliseconds; in the past means: catch up at once).
/// Returns when the last one has ended, or soon after `stop` is set and those under way have ended.
///
/// # Errors
/// See [`Error`].
pub async fn play(
    deliveries: impl Iterator<Item = Delivery>,
    start_ms: i64,
    settings: LoadSettings,
    progress: Arc<Progress>,
    stop: tokio::sync::watch::Receiver<bool>,
) -> Result<Counts, Error> {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(settings.concurrency)
        .http1_only()
        .no_proxy()
        .build()?;
    let load = Arc::new(Load {
        client,
        ledger: open(&settings)?,
        settings,
        progress,
        lost_lines: AtomicU64::new(0),
    });
    let permits = Arc::new(Semaphore::new(load.settings.concurrency));
    let begin = Instant::now();
    let offset_ms = start_ms as f64 - now_ms();
    let mut under_way = JoinSet::new();
    for delivery in deliveries {
        let due_ms = offset_ms + delivery.at.as_secs_f64() * 1000.0;
        let due = begin + Duration::from_secs_f64(due_ms.max(0.0) / 1000.0);
        let mut stopped = stop.clone();
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            // A sender that is gone can never ask to stop, so only a true value ends the wait.
            Ok(_) = stopped.wait_for(|stop| *stop) => break,
        }
        Progress::add(&load.progress.scheduled);
        Progress::add(&load.progress.in_flight);
        // The semaphore is never closed.
        let Ok(permit) = permits.clone().acquire_owned().await else { break };
        let load = load.clone();
        let scheduled_at = start_ms as f64 + delivery.at.as_secs_f64() * 1000.0;
        under_way.spawn(async move {
            load.deliver(delivery, scheduled_at).await;
            drop(permit);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
    match (load.lost_lines.load(Ordering::Relaxed), &load.settings.ledger) {
        (1.., Some(path)) => {
            Err(Error::Ledger { path: path.clone(), source: io::Error::other("lines could not be written") })
        }
        _ => Ok(load.progress.counts()),
    }
}

/// What the deliveries under way share.
struct Load {
    client: reqwest::Client,
    ledger: Option<Ledger>,
    settings: LoadSettings,
    progress: Arc<Progress>,
    lost_lines: AtomicU64,
}

fn open(settings: &LoadSettings) -> Result<Option<Ledger>, Error> {
    let open =
        |path: &PathBuf| Ledger::create(path).map_err(|source| Error::Ledger { path: path.clone(), source });
    settings.ledger.as_ref().map(open).transpose()
}

// === impl Load ===

impl Load {
    async fn deliver(&self, delivery: Delivery, scheduled_at: f64) {
        let body = Bytes::from(delivery.body.clone());
        let outcome = post(&self.client, &self.settings, &delivery, &body, &self.progress).await;
        self.count(&delivery, &outcome, scheduled_at);
        if let Some(ledger) = &self.ledger
            && ledger.write(&line(delivery, &body, outcome, scheduled_at)).is_err()
        {
            Progress::add(&self.lost_lines);
        }
    }

    fn count(&self, delivery: &Delivery, outcome: &Outcome, scheduled_at: f64) {
        let progress = &self.progress;
        progress.in_flight.fetch_sub(1, Ordering::Relaxed);
        Progress::add(match outcome.status {
            200..=299 => &progress.accepted,
            422 => &progress.quarantined,
            429 | 0 | 500.. => &progress.gave_up,
            _ => &progress.rejected,
        });
        if (200..300).contains(&outcome.status) {
            progress.observe_ms(outcome.answered_at - scheduled_at);
        }
        let as_expected = outcome.status == delivery.expected_status;
        if !as_expected {
            Progress::add(&progress.unexpected);
        }
        match delivery.kind {
            Kind::Duplicate => Progress::add(&progress.duplicates),
            Kind::Late => Progress::add(&progress.late),
            Kind::Clean | Kind::Malformed | Kind::BadSignature => {}
        }
    }
}

fn line(delivery: Delivery, body: &Bytes, outcome: Outcome, scheduled_at: f64) -> Line {
    Line {
        delivery_id: delivery.id,
        source: delivery.source.to_owned(),
        kind: delivery.kind,
        body_sha256: hex::encode(Sha256::digest(body)),
        body_len: body.len(),
        status: outcome.status,
        expected_status: delivery.expected_status,
        event_ids: outcome.event_ids,
        scheduled_at,
        posted_at: outcome.posted_at,
        answered_at: outcome.answered_at,
        attempts: outcome.attempts,
        conversation_id: delivery.conversation_id,
        customer_id: delivery.customer_id,
        event_time: delivery.event_time,
        fact: delivery.fact,
        behaviour: delivery.behaviour,
        body: (outcome.status == 422).then(|| STANDARD.encode(body)),
    }
}
