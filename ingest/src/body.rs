//! Reading a request's body, within its limits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::connections::Connection;
use crate::refusal::Refusal;
use crate::slots::Arrival;

/// Time a body has to arrive in full: as long as Genesys waits for an answer.
const ARRIVAL: Duration = Duration::from_secs(10);
/// Of a body too large, so much is read and thrown away at most, so that the caller gets to read the answer:
/// a connection closed on unread bytes is reset, and the answer lost.
const DISCARDED_BYTES: usize = 64 * 1_024 * 1_024;
/// And for so long at most.
const DISCARDING: Duration = Duration::from_secs(5);

/// And so many at once.
static DISCARDED_AT_ONCE: Semaphore = Semaphore::const_new(256);

/// Reads the body. One that is too large is refused by its announced length where it has one, and costs no
/// memory.
///
/// # Errors
/// [`Refusal::TooLarge`] beyond `limit`, [`Refusal::Full`] where the bodies of all requests leave no room for it, and
/// the refusal of a body that breaks off.
pub async fn read(
    body: Body,
    headers: &HeaderMap,
    limit: usize,
    arrival: &mut Arrival<'_>,
) -> Result<Bytes, Refusal> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limit) {
        // The answer closes the connection, so what its sender still writes is read before.
        if !waits_for_continue(headers) {
            discard_rest(body.into_data_stream()).await;
        }
        return Err(Refusal::TooLarge { limit });
    }
    let mut stream = body.into_data_stream();
    arrival.begins(Instant::now());
    let read = timeout(ARRIVAL, collect(&mut stream, announced.unwrap_or(0), limit, arrival)).await;
    arrival.is_there();
    match read {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(refusal)) => {
            // What came of it is dropped already, and the rest goes by.
            arrival.release();
            match refusal {
                Refusal::TooLarge { .. } => discard_rest(stream).await,
                Refusal::Full => discard_beside(stream, arrival.connection()),
                _ => {}
            }
            Err(refusal)
        }
        Err(_) => Err(incomplete()),
    }
}

/// Room is taken as bytes arrive, not as they are announced: who announces much and sends nothing keeps nobody out.
async fn collect(
    stream: &mut BodyDataStream,
    announced: usize,
    limit: usize,
    arrival: &mut Arrival<'_>,
) -> Result<Bytes, Refusal> {
    let Some(first) = next(stream).await? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Err(Refusal::TooLarge { limit });
    }
    arrival.hold_piece(first.len()).await?;
    let Some(second) = next(stream).await? else { return Ok(first) };
    // Memory that is reserved and not written to yet takes none.
    let mut bytes = BytesMut::with_capacity(announced.max(first.len() + second.len()).min(limit));
    bytes.extend_from_slice(&first);
    let mut chunk = Some(second);
    while let Some(bytes_read) = chunk {
        if bytes.len() + bytes_read.len() > limit {
            return Err(Refusal::TooLarge { limit });
        }
        arrival.hold_piece(bytes_read.len()).await?;
        bytes.extend_from_slice(&bytes_read);
        chunk = next(stream).await?;
    }
    Ok(bytes.freeze())
}

async fn next(stream: &mut BodyDataStream) -> Result<Option<Bytes>, Refusal> {
    stream.next().await.transpose().map_err(|_| incomplete())
}

/// Reads a body that nobody will look at beside the answer, within bounds: the answer waits for nothing, and
/// its sender gets to read it.
///
/// Where too many are being read already, the connection is closed instead: a flood of requests that prove nothing
/// takes a bounded share of the process.
pub fn discard(body: Body, headers: &HeaderMap, connection: Option<&Arc<Connection>>) {
    if !waits_for_continue(headers) {
        discard_beside(body.into_data_stream(), connection);
    }
}

fn discard_beside(stream: BodyDataStream, connection: Option<&Arc<Connection>>) {
    let Ok(permit) = DISCARDED_AT_ONCE.try_acquire() else { return };
    let discarding = connection.map(|connection| connection.discards());
    tokio::spawn(async move {
        discard_rest(stream).await;
        drop((permit, discarding));
    });
}

/// A caller that waits for `100 Continue` has sent nothing yet, and need not.
fn waits_for_continue(headers: &HeaderMap) -> bool {
    headers.contains_key(header::EXPECT)
}

async fn discard_rest(mut stream: BodyDataStream) {
    let mut discarded = 0;
    let all = async {
        while let Some(Ok(chunk)) = stream.next().await {
            discarded += chunk.len();
            if discarded > DISCARDED_BYTES {
                break;
            }
        }
    };
    // Whatever comes of it, the request is refused.
    let _ = timeout(DISCARDING, all).await;
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn incomplete() -> Refusal {
    Refusal::Incomplete { seconds: ARRIVAL.as_secs() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::slots::{PIECE, Slots};

    #[tokio::test]
    async fn bodies_that_nobody_looks_at_are_read_while_there_is_room() {
        let read = Arc::new(AtomicBool::new(false));
        let body = || {
            let read = read.clone();
            Body::from_stream(futures_util::stream::once(async move {
                read.store(true, Ordering::Release);
                Ok::<_, std::io::Error>(Bytes::new())
            }))
        };
        let all = DISCARDED_AT_ONCE.acquire_many(256).await.unwrap();
        discard(body(), &HeaderMap::new(), None);
        tokio::task::yield_now().await;
        assert!(!read.load(Ordering::Acquire), "there was no room");
        drop(all);
        discard(body(), &HeaderMap::new(), None);
        tokio::task::yield_now().await;
        assert!(read.load(Ordering::Acquire));
    }

    const ROOM: usize = 64 * 1_024;

    async fn read_chunks(
        chunks: &[&'static str],
        length: Option<&str>,
        limit: usize,
    ) -> Result<Bytes, Refusal> {
        let chunks: Vec<Result<Bytes, std::io::Error>> =
            chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        let mut headers = HeaderMap::new();
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length.parse().unwrap());
        }
        let slots = Slots::new(1, ROOM, [].iter());
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        read(body, &headers, limit, &mut slots.arrive("s", true, None)).await
    }

    #[tokio::test]
    async fn bodies_up_to_the_limit_are_read_and_longer_ones_are_not() {
        for (chunks, length, limit, expected) in [
            (vec!["abc"], Some("3"), 3, Some("abc")),
            (vec!["abc"], None, 3, Some("abc")),
            (vec!["ab", "c", "d"], None, 4, Some("abcd")),
            (vec![], None, 4, Some("")),
            (vec!["abcd"], None, 3, None),
            (vec!["ab", "cd"], None, 3, None),
            (vec!["ab", "c", "d"], None, 3, None),
            (vec!["abc"], Some("4"), 3, None),
            (vec!["abc"], Some("99999999999999999999"), 3, Some("abc")),
        ] {
            let expected = expected.map(Bytes::from).ok_or(Refusal::TooLarge { limit });
            assert_eq!(
                read_chunks(&chunks, length, limit).await,
                expected,
                "{chunks:?} announced {length:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let chunks = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("connection reset"))];
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        let slots = Slots::new(1, ROOM, [].iter());
        let mut arrival = slots.arrive("s", true, None);
        assert_eq!(read(body, &HeaderMap::new(), 9, &mut arrival).await, Err(incomplete()));
    }

    #[tokio::test]
    async fn a_body_that_finds_no_room_is_refused_and_one_that_comes_later_is_read() {
        let slots = Slots::new(3, PIECE + 8, [].iter());
        let body = |chunks: &[&'static str]| {
            let chunks: Vec<Result<Bytes, std::io::Error>> =
                chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
            Body::from_stream(futures_util::stream::iter(chunks))
        };
        let headers = HeaderMap::new();
        let mut first = slots.arrive("s", true, None);
        assert_eq!(read(body(&["abc", "de"]), &headers, 9, &mut first).await, Ok(Bytes::from("abcde")));
        for chunks in [&["abcd"][..], &["ab", "cd"]] {
            let mut arrival = slots.arrive("s", true, None);
            assert_eq!(read(body(chunks), &headers, 9, &mut arrival).await, Err(Refusal::Full));
        }
        drop(first);
        let mut later = slots.arrive("s", true, None);
        assert_eq!(read(body(&["ab", "cd"]), &headers, 9, &mut later).await, Ok(Bytes::from("abcd")));
    }
}
