//! How many requests are worked on at once, and how many bytes of them are held.

use metrics::gauge;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::metric_names;
use crate::refusal::Refusal;

/// Places for requests, and room for their bodies.
pub struct Slots {
    places: Semaphore,
    /// A permit is a byte.
    room: Semaphore,
}

/// A request's place among those being worked on, with the room that its body takes.
pub struct Slot<'a> {
    room: &'a Semaphore,
    held: Option<SemaphorePermit<'a>>,
    _place: SemaphorePermit<'a>,
}

// === impl Slots ===

impl Slots {
    /// So many places, and so many bytes for all of them together.
    pub fn new(places: usize, bytes: usize) -> Self {
        Self { places: Semaphore::new(places), room: Semaphore::new(bytes) }
    }

    /// A place, if there is one now.
    pub fn take(&self) -> Option<Slot<'_>> {
        let place = self.places.try_acquire().ok()?;
        gauge!(metric_names::IN_FLIGHT).increment(1);
        Some(Slot { room: &self.room, held: None, _place: place })
    }
}

// === impl Slot ===

impl Slot<'_> {
    /// Takes room for so many more bytes, until the request is done.
    ///
    /// # Errors
    /// [`Refusal::Full`] when there is not as much.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        let permits = u32::try_from(bytes).map_err(|_| Refusal::Full)?;
        let more = self.room.try_acquire_many(permits).map_err(|_| Refusal::Full)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }

    /// Gives the room back, and keeps the place.
    pub fn release(&mut self) {
        self.held = None;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        gauge!(metric_names::IN_FLIGHT).decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_the_room_until_their_requests_are_done() {
        let slots = Slots::new(3, 10);
        let (mut one, mut other) = (slots.take().unwrap(), slots.take().unwrap());
        assert_eq!(one.hold(4), Ok(()));
        assert_eq!(other.hold(5), Ok(()));
        assert_eq!(one.hold(2), Err(Refusal::Full));
        assert_eq!(one.hold(1), Ok(()));
        one.release();
        assert_eq!(one.hold(5), Ok(()));
        assert_eq!(other.hold(usize::MAX), Err(Refusal::Full));
        drop(one);
        assert_eq!(other.hold(5), Ok(()));
        drop(other);
        assert_eq!(slots.take().unwrap().hold(10), Ok(()));
    }
}
