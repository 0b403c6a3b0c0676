//! An HTTP server that answers as a test tells it, and remembers what it was asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use parking_lot::Mutex;

/// A running server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Stub {
    /// Its base URL.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
    pub(crate) at: Instant,
    /// How many requests of the same path came before it.
    pub(crate) nth: usize,
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
    /// Sent piece by piece, so that its length is not announced.
    in_chunks: bool,
}

// === impl Stub ===

impl Stub {
    /// Starts a server that answers every request by `answer`.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        let router = Router::new().fallback(move |request: Request| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            async move {
                let reply = answer(&note(request, &log).await);
                tokio::time::sleep(reply.delay).await;
                reply.response()
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked }
    }

    /// The requests to a path so far.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// The paths of all requests so far, in the order in which they came.
    pub(crate) fn order(&self) -> Vec<String> {
        self.asked.lock().iter().map(|asked| asked.path.clone()).collect()
    }
}

async fn note(request: Request, log: &Mutex<Vec<Asked>>) -> Asked {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut log = log.lock();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        at,
        nth: log.iter().filter(|known| known.path == parts.uri.path()).count(),
    };
    log.push(asked.clone());
    asked
}

// === impl Asked ===

impl Asked {
    /// A header's text; empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

// === impl Reply ===

impl Reply {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::text(status, "application/json", body)
    }

    /// An answer with a body of another type.
    pub(crate) fn text(status: u16, content_type: &str, body: &str) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.to_owned(), delay: Duration::ZERO, in_chunks: false }
    }

    /// Piece by piece.
    pub(crate) fn in_chunks(mut self) -> Self {
        self.in_chunks = true;
        self
    }

    /// The answer of a token endpoint.
    pub(crate) fn token(token: &str) -> Self {
        Self::json(200, &format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// After a while.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        if !self.in_chunks {
            return response.body(Body::from(self.body)).unwrap();
        }
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            self.body.as_bytes().chunks(10_000).map(|piece| Ok(piece.to_vec())).collect();
        response.body(Body::from_stream(futures_util::stream::iter(pieces))).unwrap()
    }
}
