//! How many requests are worked on at once, and how many bytes of them are held.
//!
//! A place is taken once a request has proved where it comes from, so that nobody else takes one. Until then its body
//! takes room of a share that is for such bodies.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::connections::Connection;
use crate::metric_names;
use crate::refusal::Refusal;

/// How long a body waits for room that another one gives up for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Places for requests, and room for their bodies.
pub struct Slots {
    /// Places that are any source's.
    shared: Semaphore,
    /// Places that each source has to itself, so that a flood at another one does not keep it out.
    own: BTreeMap<String, Semaphore>,
    /// A permit is a byte.
    room: Semaphore,
    /// Of these, so many may be held by bodies that nothing proves yet.
    unproven: Semaphore,
}

/// The room that a request's body takes while it arrives.
pub struct Arrival<'a> {
    slots: &'a Slots,
    held: Option<SemaphorePermit<'a>>,
    /// Of a body that nothing proves yet.
    unproven: Option<SemaphorePermit<'a>>,
    is_proven: bool,
    connection: Option<&'a Connection>,
}

/// A request's place among those being worked on, with the room that its body takes.
pub struct Slot<'a> {
    _place: SemaphorePermit<'a>,
    _held: Option<SemaphorePermit<'a>>,
}

// === impl Slots ===

impl Slots {
    /// So many places, of which a half is shared out among these sources, and so many bytes for all of them together.
    pub fn new<'n>(places: usize, bytes: usize, sources: impl ExactSizeIterator<Item = &'n String>) -> Self {
        let each = places / 2 / sources.len().max(1);
        Self {
            shared: Semaphore::new(places - each * sources.len()),
            own: sources.map(|name| (name.clone(), Semaphore::new(each))).collect(),
            room: Semaphore::new(bytes),
            unproven: Semaphore::new(bytes / 2),
        }
    }

    /// Begins to hold what arrives of a body, over this connection; `is_proven` where its headers prove it already.
    pub fn arrive<'a>(&'a self, is_proven: bool, connection: Option<&'a Connection>) -> Arrival<'a> {
        Arrival { slots: self, held: None, unproven: None, is_proven, connection }
    }
}

// === impl Arrival ===

impl<'a> Arrival<'a> {
    /// Takes room for so many more bytes, until the request is done. Where there is none, the body that has been
    /// arriving for longest gives up its own.
    ///
    /// # Errors
    /// [`Refusal::Full`] when there is not as much.
    pub async fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        let slots = self.slots;
        if !self.is_proven {
            let more = self.take(&slots.unproven, bytes).await?;
            add(&mut self.unproven, more);
        }
        let more = self.take(&slots.room, bytes).await?;
        add(&mut self.held, more);
        Ok(())
    }

    async fn take(&self, room: &'a Semaphore, bytes: usize) -> Result<SemaphorePermit<'a>, Refusal> {
        let permits = u32::try_from(bytes).map_err(|_| Refusal::Full)?;
        if let Ok(permit) = room.try_acquire_many(permits) {
            return Ok(permit);
        }
        let Some(connection) = self.connection else { return Err(Refusal::Full) };
        connection.close_slowest_other();
        match timeout(PATIENCE, room.acquire_many(permits)).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Refusal::Full),
        }
    }

    /// Gives the room back.
    pub fn release(&mut self) {
        (self.held, self.unproven) = (None, None);
    }

    /// A place among those being worked on for a request that is proven, of its source or of all.
    ///
    /// # Errors
    /// [`Refusal::Full`] when there is none now.
    pub fn place(self, source: &str) -> Result<Slot<'a>, Refusal> {
        let own = self.slots.own.get(source).and_then(|own| own.try_acquire().ok());
        let place = own.or_else(|| self.slots.shared.try_acquire().ok()).ok_or(Refusal::Full)?;
        gauge!(metric_names::IN_FLIGHT).increment(1);
        Ok(Slot { _place: place, _held: self.held })
    }
}

fn add<'a>(held: &mut Option<SemaphorePermit<'a>>, more: SemaphorePermit<'a>) {
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
    }
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

    fn slots(places: usize, bytes: usize, sources: &[&str]) -> Slots {
        let sources: Vec<String> = sources.iter().map(|name| (*name).to_owned()).collect();
        Slots::new(places, bytes, sources.iter())
    }

    #[tokio::test]
    async fn bodies_share_the_room_until_their_requests_are_done() {
        let slots = slots(3, 10, &["s"]);
        let (mut one, mut other) = (slots.arrive(true, None), slots.arrive(true, None));
        assert_eq!(one.hold(4).await, Ok(()));
        assert_eq!(other.hold(5).await, Ok(()));
        assert_eq!(one.hold(2).await, Err(Refusal::Full));
        assert_eq!(one.hold(1).await, Ok(()));
        one.release();
        assert_eq!(one.hold(5).await, Ok(()));
        assert_eq!(other.hold(usize::MAX).await, Err(Refusal::Full));
        let slot = one.place("s").unwrap();
        assert_eq!(other.hold(5).await, Err(Refusal::Full));
        drop(slot);
        assert_eq!(other.hold(5).await, Ok(()));
        drop(other);
        assert_eq!(slots.arrive(true, None).hold(10).await, Ok(()));
    }

    #[tokio::test]
    async fn what_nothing_proves_yet_takes_half_of_the_room_and_no_place() {
        let slots = slots(1, 10, &["s"]);
        let (mut unproven, mut proven) = (slots.arrive(false, None), slots.arrive(true, None));
        assert_eq!(unproven.hold(5).await, Ok(()));
        assert_eq!(slots.arrive(false, None).hold(1).await, Err(Refusal::Full));
        assert_eq!(proven.hold(5).await, Ok(()));
        let slot = proven.place("s").unwrap();
        let place = unproven.place("s");
        assert_eq!(place.err(), Some(Refusal::Full));
        drop(slot);
        // What is proven by its body leaves the share of what is not.
        let mut unproven = slots.arrive(false, None);
        unproven.hold(5).await.unwrap();
        let _slot = unproven.place("s").unwrap();
        assert_eq!(slots.arrive(false, None).hold(5).await, Ok(()));
    }

    #[test]
    fn a_flood_at_one_source_leaves_the_others_their_places() {
        let slots = slots(8, 10, &["one", "other"]);
        let place = |source| slots.arrive(true, None).place(source);
        let flood: Vec<_> = std::iter::from_fn(|| place("one").ok()).collect();
        assert_eq!(flood.len(), 6);
        let others: Vec<_> = std::iter::from_fn(|| place("other").ok()).collect();
        assert_eq!(others.len(), 2);
        drop(flood);
        assert_eq!(std::iter::from_fn(|| place("other").ok()).take(9).count(), 9);
    }
}
