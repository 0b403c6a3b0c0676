//! The HTTP client of the exporter: with the headers and the certificates of this moment.

use std::collections::BTreeMap;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::header::{HeaderName, HeaderValue};
use trunkline_config::{ExposeSecret, Http, SecretHandle, Telemetry};
use trunkline_http::{NotUsable, Remade};

/// Sends exports. The exporter has a thread of its own and blocks it.
#[derive(Debug)]
pub(crate) struct CollectorClient {
    client: Remade<reqwest::blocking::Client>,
    headers: BTreeMap<String, SecretHandle>,
}

// === impl CollectorClient ===

impl CollectorClient {
    /// Prepares a client (without I/O).
    ///
    /// # Errors
    /// [`NotUsable`] where what `[http]` says cannot be used.
    pub(crate) fn new(settings: &Telemetry) -> Result<Self, NotUsable> {
        let (version, made_of) = (settings.http.clone(), settings.http.clone());
        // Such a client cannot be made on a thread of an asynchronous runtime.
        let made = std::thread::spawn(move || {
            Remade::new("collector of traces", move || version.version(), move || client(&made_of))
        });
        let thread_ended = |_| Err(NotUsable::Client("the thread that makes it ended".to_owned()));
        Ok(Self { client: made.join().unwrap_or_else(thread_ended)?, headers: settings.otlp_headers.clone() })
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            // What is wrong with a value is told without the value.
            let mut value = HeaderValue::from_str(value.current().expose_secret())
                .map_err(|_| format!("the value of header '{name}' holds what no header can"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        self.client.current_at_once().send_bytes(request).await
    }
}

fn client(http: &Http) -> Result<reqwest::blocking::Client, NotUsable> {
    let builder = trunkline_http::blocking_builder(http)?;
    Ok(builder.redirect(reqwest::redirect::Policy::none()).build()?)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use super::*;

    /// A collector that answers every request, and gives the head of each.
    fn collector() -> (String, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let (sender, heads) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut head) = (stream.unwrap(), Vec::new());
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.push(byte[0]);
                }
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                    .unwrap();
                sender.send(String::from_utf8(head).unwrap()).unwrap();
            }
        });
        (url, heads)
    }

    #[test]
    fn each_export_shows_the_header_of_its_moment_as_it_is() {
        let (url, heads) = collector();
        let key = SecretHandle::from("old%41");
        let otlp_headers = [("api-key".to_owned(), key.clone())].into();
        let client = CollectorClient::new(&Telemetry { otlp_headers, ..Telemetry::default() }).unwrap();
        let export = || {
            let request = Request::post(&url).body(Bytes::new()).unwrap();
            futures_executor::block_on(client.send_bytes(request))
        };
        assert_eq!(export().unwrap().status(), 200);
        key.replace("new".into(), Instant::now(), Duration::ZERO).unwrap();
        assert_eq!(export().unwrap().status(), 200);
        let shown: Vec<String> = heads.iter().take(2).collect();
        assert!(shown[0].contains("api-key: old%41\r\n"), "{shown:?}");
        assert!(shown[1].contains("api-key: new\r\n"), "{shown:?}");
        key.replace("hunter2\n2".into(), Instant::now(), Duration::ZERO).unwrap();
        let refused = export().unwrap_err().to_string();
        assert!(refused.contains("'api-key'") && !refused.contains("hunter2"), "{refused}");
    }
}
