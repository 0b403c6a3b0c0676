//! HTTP as this crate uses it: one client a target, no redirects, bounded answers, errors without addresses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response};
use trunkline_config::is_loopback;

/// Longest answer that is read; the largest page asked for is far smaller.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;
/// Longest time to connect, within the time of the attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    /// False when the request surely never reached the system.
    pub(crate) reached: bool,
    /// What happened; without the address, whose query may hold personal data.
    pub(crate) message: String,
}

/// Makes the client of a target whose base URL this is.
///
/// Redirects are not followed: they would carry the token elsewhere. Whether a target may be called
/// without TLS was decided when the configuration was checked; one with TLS is never called without it. No
/// proxy stands between us and this machine.
pub(crate) fn client(base_url: &str) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")));
    let builder = builder.https_only(base_url.starts_with("https://"));
    if is_loopback(base_url) { builder.no_proxy().build() } else { builder.build() }
}

/// Sends a request and reads its answer. The caller bounds the time.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<RawAnswer, NoAnswer> {
    let mut response = request.send().await.map_err(no_answer)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let body = read(response).await?;
    Ok(RawAnswer { status, headers, body })
}

/// The wall clock in Unix seconds.
pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

async fn read(mut response: Response) -> Result<Vec<u8>, NoAnswer> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            let message = format!("the answer is longer than {LONGEST_ANSWER} bytes");
            return Err(NoAnswer { reached: true, message });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let reached = !(error.is_connect() || error.is_builder());
    let error = error.without_url();
    // The outer error says "error sending request" and nothing more; the innermost says what went wrong.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    NoAnswer { reached, message: format!("no answer: {cause}") }
}
