//! HTTP: requests in, answers out.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::backend::Backend;
use crate::http::{Answer, Call, Door};
use trunkline_load::clock::now_ms;

/// No simulated API takes a larger body.
const BODY_LIMIT: usize = 8 << 20;

/// Serves until told to stop. Connections that are open then are left to end by themselves.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let listener = listener.tap_io(|stream| {
        // Without it an answer may wait for the acknowledgement of the one before; a failure only costs time.
        let _without_delay = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, router);
    tokio::select! {
        result = server => {
            if let Err(error) = result {
                tracing::error!(%error, "a sandbox listener ended");
            }
        }
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Everything that arrives at one door of a system.
pub(super) fn router(backend: Arc<Backend>, door: Door) -> Router {
    Router::new().fallback(handle).with_state((backend, door))
}

async fn handle(State((backend, door)): State<(Arc<Backend>, Door)>, request: Request) -> Response<Body> {
    let Some(call) = read(request).await else {
        return response(Answer::empty(413));
    };
    let started_at = now_ms();
    // A task of its own: a caller that hangs up does not undo what it asked for, as with a real system.
    let served = tokio::spawn(async move { backend.serve(call.by(door), started_at).await }).await;
    response(served.unwrap_or_else(|_| Answer::empty(500)))
}

async fn read(request: Request) -> Option<Call> {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    let mut call = Call::new(parts.method.as_str(), &target);
    for (name, value) in &parts.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        let separator = if name == "cookie" { "; " } else { ", " };
        call.headers
            .entry(name.as_str().to_owned())
            .and_modify(|joined| *joined = format!("{joined}{separator}{text}"))
            .or_insert_with(|| text.into_owned());
    }
    call.body = to_bytes(body, BODY_LIMIT).await.ok()?.to_vec();
    Some(call)
}

pub(super) fn response(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
