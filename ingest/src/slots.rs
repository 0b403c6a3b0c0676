//! How many requests are worked on at once, and how many bytes of them are held.
//!
//! A place is taken once a request has proved where it comes from, so that nobody else takes one. Until then its body
//! takes room of a share that is for such bodies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::gauge;

use crate::connections::Connection;
use crate::metric_names;
use crate::refusal::Refusal;
use crate::shares::{Held, Shares};

/// How long a body waits for room that others give up for it, each time that it asks for it.
const PATIENCE: Duration = Duration::from_millis(125);

/// How often it asks: what has just begun to arrive is no slow body yet.
const ASKS: usize = 2;

/// The least that a piece of a body takes: a piece keeps the buffer that it was read into.
pub const PIECE: usize = 8 * 1_024;

/// Places for requests, and room for their bodies.
pub struct Slots {
    places: Shares,
    /// One is a byte.
    room: Shares,
    /// Of these, so many may be held by bodies that nothing proves yet, of whatever source.
    unproven: Shares,
}

/// The room that a request's body takes while it arrives.
pub struct Arrival<'a> {
    slots: &'a Slots,
    source: &'a str,
    held: Held<'a>,
    /// Of a body that nothing proves yet.
    unproven: Held<'a>,
    is_proven: bool,
    pieces: usize,
    connection: Option<&'a Arc<Connection>>,
}

/// A request's place among those being worked on, with the room that its body takes.
pub struct Slot<'a> {
    _place: Held<'a>,
    _held: Held<'a>,
}

// === impl Slots ===

impl Slots {
    /// So many places, and so many bytes for all of these sources together.
    pub fn new<'n>(
        places: usize,
        bytes: usize,
        sources: impl ExactSizeIterator<Item = &'n String> + Clone,
    ) -> Self {
        Self {
            places: Shares::new(places, sources.clone()),
            room: Shares::new(bytes, sources),
            unproven: Shares::new(bytes / 2, [].iter()),
        }
    }

    /// Begins to hold what arrives of a body, over this connection; `is_proven` where its headers prove it already.
    pub fn arrive<'a>(
        &'a self,
        source: &'a str,
        is_proven: bool,
        connection: Option<&'a Arc<Connection>>,
    ) -> Arrival<'a> {
        let (held, unproven) = (Held::default(), Held::default());
        Arrival { slots: self, source, held, unproven, is_proven, pieces: 0, connection }
    }
}

// === impl Arrival ===

impl<'a> Arrival<'a> {
    /// The body begins to arrive.
    pub fn begins(&self, now: Instant) {
        if let Some(connection) = self.connection {
            connection.awaits_body(now);
        }
    }

    /// It is there, or will not be.
    pub fn is_there(&self) {
        if let Some(connection) = self.connection {
            connection.has_body();
        }
    }

    /// Takes room for another piece of the body.
    ///
    /// # Errors
    /// As of [`Arrival::hold`].
    pub async fn hold_piece(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.pieces += 1;
        // Later pieces are copied behind the first.
        let bytes = if self.pieces == 1 { bytes.max(PIECE) } else { bytes };
        self.hold(bytes).await
    }

    /// Takes room for so many more bytes, until the request is done. Where there is none, bodies that prove nothing yet
    /// give up theirs.
    ///
    /// # Errors
    /// [`Refusal::Full`] when there is not as much.
    pub async fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        let amount = u32::try_from(bytes).map_err(|_| Refusal::Full)?;
        let Self { slots, source, connection, .. } = *self;
        if !self.is_proven {
            room(&slots.unproven, source, amount, &mut self.unproven, connection).await?;
        }
        room(&slots.room, source, amount, &mut self.held, connection).await?;
        if let (Some(connection), false) = (connection, self.is_proven) {
            connection.holds(bytes);
        }
        Ok(())
    }

    /// The request is proven, by its body.
    pub fn proven(&mut self) {
        self.is_proven = true;
        self.unproven = Held::default();
        if let Some(connection) = self.connection {
            connection.proves();
        }
    }

    /// Gives the room back.
    pub fn release(&mut self) {
        (self.held, self.unproven) = (Held::default(), Held::default());
    }

    /// The connection that the body comes over.
    pub fn connection(&self) -> Option<&'a Arc<Connection>> {
        self.connection
    }

    /// A place among those being worked on for a request that is proven, of its source or of all.
    ///
    /// # Errors
    /// [`Refusal::Full`] when there is none now.
    pub fn place(self) -> Result<Slot<'a>, Refusal> {
        let mut place = Held::default();
        if !self.slots.places.take(self.source, 1, &mut place) {
            return Err(Refusal::Full);
        }
        gauge!(metric_names::IN_FLIGHT).increment(1);
        Ok(Slot { _place: place, _held: self.held })
    }
}

/// Takes so much room. Where there is none, slow bodies of others are asked to give up theirs, a few times.
async fn room<'a>(
    shares: &'a Shares,
    source: &str,
    bytes: u32,
    held: &mut Held<'a>,
    connection: Option<&Arc<Connection>>,
) -> Result<(), Refusal> {
    if shares.take(source, bytes, held) {
        return Ok(());
    }
    let connection = connection.ok_or(Refusal::Full)?;
    for _ in 0..ASKS {
        connection.close_slow_others(bytes as usize, Instant::now());
        if shares.wait(source, bytes, PATIENCE, held).await {
            return Ok(());
        }
    }
    Err(Refusal::Full)
}

// === impl Slot ===

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        gauge!(metric_names::IN_FLIGHT).decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(places: usize, bytes: usize) -> Slots {
        Slots::new(places, bytes, [].iter())
    }

    #[tokio::test]
    async fn bodies_share_the_room_until_their_requests_are_done() {
        let slots = slots(3, 10);
        let (mut one, mut other) = (slots.arrive("s", true, None), slots.arrive("s", true, None));
        assert_eq!(one.hold(4).await, Ok(()));
        assert_eq!(other.hold(5).await, Ok(()));
        assert_eq!(one.hold(2).await, Err(Refusal::Full));
        assert_eq!(one.hold(1).await, Ok(()));
        one.release();
        assert_eq!(one.hold(5).await, Ok(()));
        assert_eq!(other.hold(usize::MAX).await, Err(Refusal::Full));
        let slot = one.place().unwrap();
        assert_eq!(other.hold(5).await, Err(Refusal::Full));
        drop(slot);
        assert_eq!(other.hold(5).await, Ok(()));
        drop(other);
        assert_eq!(slots.arrive("s", true, None).hold(10).await, Ok(()));
    }

    #[tokio::test]
    async fn what_nothing_proves_yet_takes_half_of_the_room_and_no_place() {
        let slots = slots(1, 10);
        let (mut unproven, mut proven) = (slots.arrive("s", false, None), slots.arrive("s", true, None));
        assert_eq!(unproven.hold(5).await, Ok(()));
        assert_eq!(slots.arrive("s", false, None).hold(1).await, Err(Refusal::Full));
        assert_eq!(proven.hold(5).await, Ok(()));
        let slot = proven.place().unwrap();
        assert_eq!(unproven.place().err(), Some(Refusal::Full));
        drop(slot);
        // What its body proves leaves the share of what is not, and takes what it becomes of the other.
        let mut unproven = slots.arrive("s", false, None);
        unproven.hold(4).await.unwrap();
        unproven.proven();
        assert_eq!(unproven.hold(2).await, Ok(()));
        assert_eq!(slots.arrive("s", false, None).hold(4).await, Ok(()));
    }

    #[tokio::test]
    async fn the_first_piece_takes_what_it_was_read_into() {
        let slots = slots(1, PIECE + 2);
        let mut arrival = slots.arrive("s", true, None);
        assert_eq!(arrival.hold_piece(1).await, Ok(()));
        assert_eq!(arrival.hold_piece(2).await, Ok(()));
        assert_eq!(arrival.hold_piece(1).await, Err(Refusal::Full));
    }
}
