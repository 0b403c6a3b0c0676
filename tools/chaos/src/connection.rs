//! One proxied connection: frames go through, late, never, or as ordered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::frame::{self, END_TXN, Request};
use crate::link::{Injection, Link, Observation, Order};

/// A frame on its way.
struct Moving {
    due: Instant,
    frame: Bytes,
    /// Hears when it is delivered.
    order: Option<Order>,
}

/// Requests whose answers are of interest, by correlation id.
#[derive(Default)]
struct Awaited {
    requests: Mutex<HashMap<i32, (i16, Order)>>,
    answered: Notify,
}

/// What the parts of a connection share.
struct Shared<'a> {
    broker: usize,
    link: &'a Link,
    awaited: Awaited,
    /// The client has closed its side, or cannot be written to.
    client_gone: AtomicBool,
    /// The client's side is to be closed.
    cut: Notify,
}

/// Frames under way in one direction; beyond that the sender has to wait, as with any full socket.
const QUEUE: usize = 1_024;
/// The largest frame: more than the brokers' largest request.
const FRAME_MAX: usize = 128 * 1024 * 1024;
/// How long the answer to a held request is waited for when the client has gone.
const LINGER: Duration = Duration::from_secs(10);

/// Passes frames on until one side closes. A request that is held back is still delivered when the client has gone.
pub(crate) async fn serve(client: TcpStream, upstream: TcpStream, broker: usize, link: &Link) {
    // Delays are this proxy's business, not the kernel's.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let (client_read, client_write) = client.into_split();
    let (upstream_read, upstream_write) = upstream.into_split();
    let (requests, requests_moving) = mpsc::channel(QUEUE);
    let (answers, answers_moving) = mpsc::channel(QUEUE);
    let client_gone = AtomicBool::new(false);
    let shared = Shared { broker, link, awaited: Awaited::default(), client_gone, cut: Notify::new() };
    let take_requests = async {
        shared.take_requests(frames(client_read), requests).await;
        shared.client_gone.store(true, Ordering::Relaxed);
        // The connection ends when what was sent is delivered, not before.
        std::future::pending::<()>().await;
    };
    let give_answers = async {
        tokio::select! {
            () = shared.give_answers(answers_moving, sink(client_write)) => {}
            () = shared.cut.notified() => {}
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = take_requests => {}
        () = shared.give_requests(requests_moving, sink(upstream_write)) => {}
        () = shared.take_answers(frames(upstream_read), answers) => {}
        () = give_answers => {}
    }
}

// === impl Shared ===

impl Shared<'_> {
    /// Reads what the client sends.
    async fn take_requests(
        &self,
        mut client: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
        moving: mpsc::Sender<Moving>,
    ) {
        while let Some(Ok(frame)) = client.next().await {
            let order = frame::request(&frame).and_then(|request| self.watch(request));
            let (held, cut) = match &order {
                Some(Order { injection: Injection::Hold { time, cut }, .. }) => (*time, *cut),
                _ => (Duration::ZERO, false),
            };
            let due = Instant::now() + self.link.latency() + held;
            if moving.send(Moving { due, frame: frame.freeze(), order }).await.is_err() {
                return;
            }
            if cut {
                self.cut.notify_one();
                return;
            }
        }
    }

    /// Looks whether something is ordered for this request.
    fn watch(&self, Request { api_key, api_version, correlation_id }: Request) -> Option<Order> {
        if api_key != END_TXN {
            return None;
        }
        let order = self.link.take_order()?;
        let _ = order.observed.send(Observation::Seen);
        self.awaited.requests.lock().insert(correlation_id, (api_version, order.clone()));
        Some(order)
    }

    /// Sends requests on to the broker, each when it is due. Ends when the client has gone and all is delivered.
    async fn give_requests(
        &self,
        mut moving: mpsc::Receiver<Moving>,
        mut upstream: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    ) {
        while let Some(Moving { due, frame, order }) = moving.recv().await {
            tokio::time::sleep_until(due).await;
            self.link.passable(self.broker).await;
            if upstream.send(frame).await.is_err() {
                return;
            }
            if let Some(order) = order {
                let given_up = self.client_gone.load(Ordering::Relaxed);
                let _ = order.observed.send(Observation::Delivered { given_up });
            }
        }
        let answered = async {
            while !self.awaited.requests.lock().is_empty() {
                self.awaited.answered.notified().await;
            }
        };
        // Without an answer there is nothing to report, and nobody else is waiting for it.
        let _ = tokio::time::timeout(LINGER, answered).await;
    }

    /// Reads what the broker answers. Ends with the broker, or when an answer is to get lost.
    async fn take_answers(
        &self,
        mut upstream: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
        moving: mpsc::Sender<Moving>,
    ) {
        while let Some(Ok(frame)) = upstream.next().await {
            let awaited =
                frame::correlation_id(&frame).and_then(|id| self.awaited.requests.lock().remove(&id));
            if let Some((version, order)) = awaited {
                let _ = order.observed.send(Observation::Answered(frame::end_txn_error(version, &frame)));
                self.awaited.answered.notify_one();
                if order.injection == Injection::LoseAnswer {
                    return;
                }
            }
            let due = Instant::now() + self.link.latency();
            if moving.send(Moving { due, frame: frame.freeze(), order: None }).await.is_err() {
                return;
            }
        }
    }

    /// Sends answers on to the client, each when it is due; drops them when it has gone.
    async fn give_answers(
        &self,
        mut moving: mpsc::Receiver<Moving>,
        mut client: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    ) {
        while let Some(Moving { due, frame, .. }) = moving.recv().await {
            tokio::time::sleep_until(due).await;
            self.link.passable(self.broker).await;
            if !self.client_gone.load(Ordering::Relaxed) && client.send(frame).await.is_err() {
                self.client_gone.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_type::<u32>().max_frame_length(FRAME_MAX).new_codec()
}

fn frames(half: OwnedReadHalf) -> FramedRead<OwnedReadHalf, LengthDelimitedCodec> {
    FramedRead::new(half, codec())
}

fn sink(half: OwnedWriteHalf) -> FramedWrite<OwnedWriteHalf, LengthDelimitedCodec> {
    FramedWrite::new(half, codec())
}
