//! Puts ingest together, runs it, and drains it.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use trunkline_config::Config;
use trunkline_kafka::{CERTIFICATES, CertificatesInUse, Producer, startup};
use trunkline_telemetry::health::Part;
use trunkline_telemetry::{Health, admin, metrics as telemetry_metrics};

use crate::connections::Connections;
use crate::error::Error;
use crate::intake::Intake;
use crate::publish::{KafkaPublisher, Publish};
use crate::start::{self, Prepared};
use crate::{accept, files, http, key_fetches, metric_names, tls, verify};

/// How often new drift is reported, and how soon a store that failed is looked at again.
const TICK: Duration = Duration::from_secs(1);

/// Runs ingest until `shutdown` completes, then for `shutdown_delay`, and until what it took in is stored, or
/// `drain_timeout` is over.
///
/// `/readyz` says yes once registry, topics and listener are there; until then registry and brokers are asked
/// again and again.
///
/// # Errors
/// [`Error`] when it cannot start or cannot go on.
pub async fn run(config: Config, instance: String, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    usable_keys(&config)?;
    telemetry_metrics::install();
    metric_names::describe();
    metric_names::begin(&config.sources);
    let health = Health::new();
    for part in [startup::REGISTRY, startup::KAFKA, LISTENER] {
        health.set(part, false, "starting");
    }
    watch_certificates(&config, &health);
    let admin = admin::serve(config.ingest.admin, health.clone()).await?;
    tracing::info!(%admin, sources = config.sources.len(), "ingest starting");

    let mut shutdown = pin!(shutdown);
    let Prepared { records } = tokio::select! {
        prepared = start::prepare(&config, &health) => prepared?,
        () = &mut shutdown => return Ok(()),
    };
    let _measuring = start::measure(&config, &instance)?;
    let producer = Producer::new(&config.kafka, &instance)?;
    let publisher = KafkaPublisher::new(producer.clone());
    let settings = config.ingest.clone();
    let intake = Arc::new(Intake::new(&config.sources, settings, records, publisher.clone(), &health, now));
    let _fetching = key_fetches::follow(intake.fetched_keys(), &config.http).map_err(Error::Http)?;
    let (listener, address) = listen(config.ingest.listen).await?;
    let connections = Connections::new(files::bounds(&config.ingest));
    let tls = config.ingest.tls.as_ref().map(tls::acceptor).transpose()?;

    let (stop, stopped) = oneshot::channel::<()>();
    let mut server =
        tokio::spawn(accept::serve(listener, http::router(intake.clone()), connections, tls, async {
            // A dropped sender stops the server as well.
            let _ = stopped.await;
        }));
    let periodic = tokio::spawn(every_tick(intake.clone(), config.clone()));
    health.set(LISTENER, true, &format!("webhooks on {address}"));
    tracing::info!(%address, "ingest takes webhooks");

    let outcome = tokio::select! {
        () = &mut shutdown => Ok(()),
        () = publisher.broken() => Err(Error::ProducerBroken),
        ended = &mut server => Err(Error::Server(format!("{ended:?}"))),
    };
    health.set(LISTENER, false, "draining");
    periodic.abort();
    if outcome.is_ok() {
        // Requests come for as long as what balances load has not noticed; a closed port would turn them away.
        let delay = config.ingest.shutdown_delay;
        tracing::info!(?delay, "not ready any more; webhooks are still taken");
        let _ = timeout_at(Instant::now() + delay, &mut server).await;
    }
    let until = Instant::now() + config.ingest.drain_timeout;
    tracing::info!("draining");
    drop(stop);
    if timeout_at(until, &mut server).await.is_err() {
        tracing::warn!(
            "requests are cut off: the drain timeout is over; their senders get no answer and send again"
        );
        server.abort();
    }
    if timeout_at(until, intake.report_drift(true)).await.is_err() {
        tracing::warn!("the last drift is not reported: the drain timeout is over");
    }
    if let Err(error) = producer.flush(until.saturating_duration_since(Instant::now())).await {
        tracing::warn!(%error, "records without an answered request were not stored");
    }
    tracing::info!("drained");
    outcome
}

/// The part of the health report that says whether webhooks are taken.
const LISTENER: &str = "listener";

fn watch_certificates(config: &Config, health: &Health) {
    health.watch_clients();
    if let Some(certificates) = CertificatesInUse::of(&config.kafka) {
        health.watch(CERTIFICATES, Arc::new(move || Part { ready: true, detail: certificates.look() }));
    }
}

/// Looks whether the public keys that the configuration has can be read.
fn usable_keys(config: &Config) -> Result<(), Error> {
    for (name, source) in &config.sources {
        let named = |reason| Error::Keys { name: name.clone(), reason };
        verify::usable_keys(&source.verify).map_err(named)?;
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let named = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(named)?;
    let bound = listener.local_addr().map_err(named)?;
    Ok((listener, bound))
}

/// Reports drift, and looks whether brokers that stored nothing answer again: without readiness no request comes that
/// could find it out.
async fn every_tick<P: Publish>(intake: Arc<Intake<P>>, config: Config) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        intake.report_drift(false).await;
        if intake.wants_a_look() && start::topics(&config).await.is_ok() {
            intake.store_answers();
        }
    }
}

/// The wall clock, UTC milliseconds.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
