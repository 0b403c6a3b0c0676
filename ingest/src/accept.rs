//! Accepting connections and serving HTTP/1.1 on them, within bounds.
//!
//! HTTP/2 is not spoken: with TLS it is not offered, and without, its beginning is refused as a request that cannot be
//! read. A request with both
//! lengths (`Content-Length` and `Transfer-Encoding`) is read by the latter, and its connection closed (RFC 9112,
//! section 6.3); other ambiguous forms are answered 400 by the HTTP library.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use metrics::counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service as _;
use trunkline_http::Remade;

use crate::certificate_names::CertificateNames;
use crate::connections::{Connection, Connections};
use crate::metric_names;

/// Most bytes of a request's head: the platforms send some 2 KiB, a token of a large organisation some 16. Larger ones
/// are answered 431.
const HEAD_BYTES: usize = 32 * 1_024;
/// Most headers of a request; more are answered 431 as well.
const HEADERS: usize = 100;
/// How often connections that waited too long are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How long nothing is accepted after the system had no more files, or the like.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves every connection until `stop` completes, and then until all requests under way are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Arc<Connections>,
    tls: Option<Remade<TlsAcceptor>>,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let graceful = GracefulShutdown::new();
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = sweep.tick() => {
                connections.sweep(Instant::now());
                continue;
            }
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(connection) = connections.open(peer.ip(), Instant::now()) else { continue };
                // Answers are one small write; waiting for more to send would only cost time.
                let _ = stream.set_nodelay(true);
                let connection = Arc::new(connection);
                let stream = Watched { stream, connection: connection.clone() };
                let (router, watcher) = (router.clone(), graceful.watcher());
                // At once: after a quiet day the old certificate may have run out.
                match tls.as_ref().map(Remade::current_at_once) {
                    None => tokio::spawn(one(stream, router, connection, watcher)),
                    Some(tls) => tokio::spawn(async move {
                        if let Some(stream) = without_tls(tls, stream, &connection).await {
                            one(stream, router, connection, watcher).await;
                        }
                    }),
                };
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "connections cannot be accepted at this moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let mut answered = pin!(graceful.shutdown());
    loop {
        tokio::select! {
            () = &mut answered => return,
            // A head that never comes keeps nobody waiting.
            _ = sweep.tick() => connections.sweep(Instant::now()),
        }
    }
}

/// Takes TLS off, within the time that a request's head has: it begins with the first byte of the handshake.
async fn without_tls(
    tls: TlsAcceptor,
    stream: Watched,
    connection: &Connection,
) -> Option<TlsStream<Watched>> {
    let taken_off = tokio::select! {
        taken_off = tls.accept(stream) => taken_off,
        () = connection.closing() => return None,
    };
    let stream = match taken_off {
        Ok(stream) => stream,
        Err(error) => {
            counter!(metric_names::HANDSHAKES_FAILED).increment(1);
            tracing::debug!(%error, peer = %connection.address(), "no TLS handshake");
            return None;
        }
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    if let Some(names) = shown.and_then(|certificate| CertificateNames::of(certificate)) {
        connection.shows(names);
    }
    Some(stream)
}

async fn one(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    connection: Arc<Connection>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let io = TokioIo::new(stream);
    let service = service_fn(|mut request: Request<Incoming>| {
        connection.has_head();
        request.extensions_mut().insert(connection.clone());
        let (connection, answer) = (connection.clone(), router.clone().call(request.map(Body::new)));
        async move {
            let answer: Result<Response, Infallible> = answer.await;
            connection.answered(Instant::now());
            answer
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        // Heads have their time in `Connections`, which tells one that never begins from one that never ends.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(io, service);
    tokio::select! {
        served = watcher.watch(served) => {
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended");
            }
        }
        () = connection.closing() => {}
    }
}

/// Whether accepting failed for what only this connection did.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

/// A stream that tells when a request begins.
struct Watched {
    stream: TcpStream,
    connection: Arc<Connection>,
}

// === impl Watched ===

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.connection.begins_head(Instant::now());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
