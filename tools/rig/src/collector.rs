//! A collector of traces that keeps what it gets, for a search for secrets.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

/// Names of the services whose spans a collector has after a run of the whole stream: each program's own.
pub const EXPORTERS: [&str; 3] = ["trunkline-ingest", "trunkline-processor", "trunkline-sink"];

/// Takes every export, until it is dropped.
#[derive(Debug)]
pub struct Collector {
    /// What `otlp_endpoint` is.
    pub url: String,
    task: JoinHandle<std::io::Result<()>>,
}

// === impl Collector ===

impl Collector {
    /// Starts one on a free port, which adds the body of each export to `file`.
    ///
    /// # Errors
    /// When the file cannot be written, or there is no port.
    pub async fn start(file: &Path) -> Result<Self> {
        let kept = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new()
            .route("/v1/traces", post(take))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::new(Mutex::new(kept)));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, task })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What cannot be kept is refused, so that the exporter's log tells of it.
async fn take(State(kept): State<Arc<Mutex<File>>>, body: Bytes) -> StatusCode {
    match kept.lock().write_all(&body) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INSUFFICIENT_STORAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_export_is_kept_as_it_came() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("traces");
        let collector = Collector::start(&file).await?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        for body in [b"\x0aone".as_slice(), b"\xfftwo"] {
            let sent = client.post(format!("{}/v1/traces", collector.url)).body(body).send().await?;
            assert_eq!(sent.status(), 200);
        }
        assert_eq!(std::fs::read(file)?, b"\x0aone\xfftwo");
        Ok(())
    }
}
