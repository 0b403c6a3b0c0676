//! HTTP as this crate uses it: no redirects, bounded answers, errors without addresses that say what to do.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::de::IgnoredAny;
use trunkline_config::{Http, Target};
use trunkline_http::{NotUsable, Remade};

/// Longest time to connect, within the time of the attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// No answer came that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    pub(crate) fault: Fault,
    /// What happened and what to do; without the address, whose query may hold personal data.
    pub(crate) message: String,
}

/// Why no answer could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request surely never reached the system.
    Unreached,
    /// The same, because who answers there is not trusted, or is not the one who was called.
    Untrusted,
    /// The connection was lost behind the request.
    Lost,
    /// The answer is too long.
    TooLong {
        /// Its status.
        status: u16,
    },
}

/// A client for a target or its token endpoint, which is made anew when a certificate, a key or the proxy's password
/// has changed. With `https_only` it calls nobody without TLS, whatever an answer says.
///
/// # Errors
/// [`NotUsable`] where what the target's `http` says cannot be used.
pub(crate) fn remade_client(target: &Target, https_only: bool) -> Result<Remade<Client>, NotUsable> {
    let (version, made_of) = (target.http.clone(), target.http.clone());
    let name = format!("target '{}'", target.name);
    Remade::new(name, move || version.version(), move || client(&made_of, https_only))
}

/// Makes a client. With `https_only` it calls nobody without TLS, whatever an answer says.
///
/// Redirects are not followed: they would carry the token elsewhere. Whether a target may be called without TLS was
/// decided when the configuration was checked.
///
/// # Errors
/// [`NotUsable`] where what `http` says cannot be used.
fn client(http: &Http, https_only: bool) -> Result<Client, NotUsable> {
    let builder = trunkline_http::builder(http)?
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        .https_only(https_only);
    Ok(builder.build()?)
}

/// Sends a request and reads its answer, where that has at most so many bytes. The caller bounds the time.
pub(crate) async fn exchange(request: RequestBuilder, longest: usize) -> Result<RawAnswer, NoAnswer> {
    let mut response = request.send().await.map_err(no_answer)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let body = read(response, longest).await?;
    Ok(RawAnswer { status, headers, body })
}

/// The wall clock in Unix seconds.
pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

async fn read(mut response: Response, longest: usize) -> Result<Vec<u8>, NoAnswer> {
    let status = response.status().as_u16();
    let too_long = || NoAnswer {
        fault: Fault::TooLong { status },
        message: format!(
            "answered {status} with more than {longest} bytes, which are not read; ask for less, or set \
             answer_limit_bytes of the target"
        ),
    };
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > longest) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > longest {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let reached = !(error.is_connect() || error.is_builder());
    let cause = trunkline_http::cause(error);
    let (untrusted, advice) = advice(&cause);
    let fault = match (reached, untrusted) {
        (_, true) => Fault::Untrusted,
        (true, false) => Fault::Lost,
        (false, false) => Fault::Unreached,
    };
    NoAnswer { fault, message: format!("no answer: {cause}{advice}") }
}

/// What to do about an error of the connection, and whether it means that nobody trusted answers there. The libraries
/// tell them by their texts alone: a text that is not known has no advice, and is no worse than before.
fn advice(cause: &str) -> (bool, &'static str) {
    let has = |part: &str| cause.contains(part);
    match () {
        () if has("UnknownIssuer") || has("CaUsedAsEndEntity") => {
            (true, "; its certificate comes from an authority that is not trusted here: set ca in [http]")
        }
        () if has("not valid for name") || has("NotValidForName") => (
            true,
            "; whoever answers there is not the host that was called: check the host, and what stands between",
        ),
        () if has("invalid peer certificate") => (true, "; check its certificate, and this machine's clock"),
        () if has("proxy auth") => (false, "; set proxy_username and proxy_password in [http]"),
        () if has("tunnel error") => (false, "; the proxy did not open the connection: check what it allows"),
        () => (false, ""),
    }
}

/// What is wrong with an answer that does not come from the API that was called: it leads elsewhere, or is a page for
/// people, or no JSON where that is what is understood. What the API itself refuses is not meant.
pub(crate) fn astray(answer: &RawAnswer, json: bool) -> Option<String> {
    let status = answer.status;
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
    if let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, header(LOCATION)) {
        let whither = match Url::parse(location) {
            Ok(url) => format!("to {}", url.host_str().unwrap_or("another host")),
            Err(_) => "within the host".to_owned(),
        };
        return Some(format!(
            "answered {status}, a redirect {whither}, which is not followed: the login would go there as well; check \
             base_url and token_url"
        ));
    }
    if status == 407 {
        return Some("the proxy answered 407; set proxy_username and proxy_password in [http]".to_owned());
    }
    let kind = header(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let is_page = kind.starts_with("text/html") || kind.starts_with("application/xhtml");
    if is_page && matches!(status, 200..=299 | 404) {
        return Some(format!(
            "answered {status} with a page of HTML, for instance for a login or an error: not the API answers there; \
             check base_url and token_url, and what stands between"
        ));
    }
    let is_json = || serde_json::from_slice::<IgnoredAny>(&answer.body).is_ok();
    (json && (200..=299).contains(&status) && !answer.body.is_empty() && !is_json())
        .then(|| format!("answered {status} with what is no JSON; check base_url, and what stands between"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::testing::headers;

    #[test]
    fn what_does_not_come_from_the_api_is_told_from_what_does() {
        let html = [("content-type", "text/html; charset=utf-8")];
        let json = [("content-type", "application/json")];
        let elsewhere = [("location", "https://login.example/start?token=t")];
        let within = [("location", "/sap/login")];
        for (status, found, expected) in [
            (302, &elsewhere, Some("a redirect to login.example, which")),
            (308, &within, Some("a redirect within the host")),
            (300, &elsewhere, None),
            (304, &json, None),
            (200, &html, Some("a page of HTML")),
            (404, &html, Some("a page of HTML")),
            (407, &json, Some("set proxy_username")),
            (503, &html, None),
            (401, &html, None),
            (200, &json, None),
        ] {
            let answer = RawAnswer { status, headers: headers(found), body: Vec::new() };
            match (astray(&answer, true), expected) {
                (Some(message), Some(part)) => {
                    assert!(message.contains(part) && !message.contains("token=t"), "{message}");
                }
                (found, expected) => assert_eq!(found.as_deref(), expected, "{status}"),
            }
        }
    }

    #[test]
    fn what_is_no_json_is_told_where_json_is_understood() {
        for (status, body, expected) in [
            (200, "", false),
            (204, "", false),
            (200, "{}", false),
            (200, " [1]\n", false),
            (200, r#"{"result":[{"sys_id""#, true),
            (201, "OK", true),
            (200, "<?xml version='1.0'?><error/>", true),
            (400, "no", false),
        ] {
            let answer = RawAnswer { status, headers: HeaderMap::new(), body: body.into() };
            assert_eq!(astray(&answer, true).is_some(), expected, "{status} {body}");
            assert_eq!(astray(&answer, false), None, "{status} {body}");
        }
    }
}
