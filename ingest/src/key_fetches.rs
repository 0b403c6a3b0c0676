//! Fetching the public keys of those who sign: the edge of `verify`.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::task::JoinSet;
use tokio::time::sleep;
use trunkline_backoff::Backoff;
use trunkline_config::Http;
use trunkline_http::{NotUsable, Remade, cause};

use crate::metric_names;
use crate::verify::{FetchedKeys, KeySet};

/// How long one fetch may take: requests that wait for it wait for 2 s.
const TIMEOUT: Duration = Duration::from_millis(1_500);
/// Most bytes of a key set that are read: sets have some KiB, and certificates in them some more.
const LONGEST: usize = 512 * 1024;
/// How soon it is tried again after it failed.
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Fetches the keys of these sources, again and again, until what is returned is dropped: by a client as `[http]` says,
/// with its proxy and its authorities.
///
/// # Errors
/// [`NotUsable`] where there are such sources, and what `[http]` says cannot be used.
pub fn follow(
    keys: impl IntoIterator<Item = (String, Arc<FetchedKeys>)>,
    http: &Http,
) -> Result<JoinSet<()>, NotUsable> {
    let mut keys = keys.into_iter().peekable();
    if keys.peek().is_none() {
        return Ok(JoinSet::new());
    }
    let client = client(http)?;
    Ok(keys.map(|(source, keys)| follow_one(source, keys, client.clone())).collect())
}

fn client(http: &Http) -> Result<Remade<Client>, NotUsable> {
    let (versions, http) = (http.clone(), http.clone());
    let make = move || {
        let builder = trunkline_http::builder(&http)?.redirect(Policy::none()).timeout(TIMEOUT);
        Ok(builder.user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION"))).build()?)
    };
    Remade::new("public keys of webhooks' senders", move || versions.version(), make)
}

async fn follow_one(source: String, keys: Arc<FetchedKeys>, client: Remade<Client>) {
    let mut failed = 0_u32;
    loop {
        let number = keys.begin();
        let fetched = fetch(&client.current(), &keys.url).await;
        let outcome = if fetched.is_ok() { "ok" } else { "failed" };
        counter!(metric_names::KEY_FETCHES, "source" => source.clone(), "outcome" => outcome).increment(1);
        match &fetched {
            Ok(_) if failed > 0 => tracing::info!(source, url = keys.url, "public keys can be fetched again"),
            Err(reason) if failed == 0 => tracing::warn!(
                source,
                url = keys.url,
                reason,
                "public keys cannot be fetched; the last ones stay, and without any, requests are answered 503"
            ),
            _ => {}
        }
        failed = if fetched.is_ok() { 0 } else { failed.saturating_add(1) };
        keys.ended(number, fetched.ok());
        let wait = if failed == 0 { keys.refresh } else { RETRY.bound(failed) };
        tokio::select! {
            () = sleep(wait) => {}
            () = keys.wanted() => {}
        }
    }
}

async fn fetch(client: &Client, url: &str) -> Result<KeySet, String> {
    let response = client.get(url).send().await.map_err(cause)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("it was answered {}", response.status().as_u16()));
    }
    KeySet::parse(&text(response).await?)
}

async fn text(mut response: Response) -> Result<String, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(cause)? {
        if body.len() + chunk.len() > LONGEST {
            return Err(format!("the answer has more than {LONGEST} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| "the answer is no text".to_owned())
}
