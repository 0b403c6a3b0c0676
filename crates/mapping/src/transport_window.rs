//! Deliveries seen lately: the same transport id must not come back with another body.

use std::collections::{HashMap, VecDeque};

/// Deliveries remembered per source. At 500 bytes each with their ids, about 30 MB.
pub const CAPACITY: usize = 65_536;

/// A bounded memory of one source's deliveries, oldest forgotten first.
///
/// It is a guard, not a promise: it lives in memory, so it begins empty after a restart, knows nothing of
/// what other instances took, and remembers the last [`CAPACITY`] deliveries only. What it does not catch is
/// still kept: the event is published, and the processor's deduplication decides by `eventId`.
#[derive(Debug, Default)]
pub struct TransportWindow {
    deliveries: HashMap<String, Seen>,
    order: VecDeque<String>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    body: BodyHash,
    /// Requests being worked on with this id and body; one that fails must not leave the id claimed.
    in_flight: usize,
    /// True once one of them was accepted.
    accepted: bool,
}

/// SHA-256 of a body in its canonical form.
pub type BodyHash = [u8; 32];

/// What a delivery is to the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Not seen, or seen with the same body.
    Granted,
    /// The id belongs to another body.
    Conflict,
}

// === impl TransportWindow ===

impl TransportWindow {
    /// Claims an id for a body while its request is worked on. Every granted claim must be settled.
    pub fn claim(&mut self, id: &str, body: BodyHash) -> Claim {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            if delivery.body != body {
                return Claim::Conflict;
            }
            delivery.in_flight += 1;
            return Claim::Granted;
        }
        if self.order.len() >= CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.deliveries.remove(&oldest);
        }
        self.deliveries.insert(id.to_owned(), Seen { body, in_flight: 1, accepted: false });
        self.order.push_back(id.to_owned());
        Claim::Granted
    }

    /// Ends a granted claim. An id whose deliveries all failed is free again.
    pub fn settle(&mut self, id: &str, accepted: bool) {
        let Some(delivery) = self.deliveries.get_mut(id) else { return };
        delivery.in_flight = delivery.in_flight.saturating_sub(1);
        delivery.accepted |= accepted;
        if delivery.in_flight == 0 && !delivery.accepted {
            self.deliveries.remove(id);
            if let Some(position) = self.order.iter().rposition(|known| known == id) {
                self.order.remove(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: BodyHash = [1; 32];
    const B: BodyHash = [2; 32];

    #[test]
    fn an_accepted_id_belongs_to_its_body() {
        let mut window = TransportWindow::default();
        assert_eq!(window.claim("id", A), Claim::Granted);
        assert_eq!(window.claim("id", B), Claim::Conflict, "while the first is in flight");
        window.settle("id", true);
        assert_eq!(window.claim("id", A), Claim::Granted);
        window.settle("id", false);
        assert_eq!(window.claim("id", B), Claim::Conflict, "a failed repetition takes nothing back");
    }

    #[test]
    fn an_id_that_was_never_accepted_is_free() {
        let mut window = TransportWindow::default();
        window.claim("id", A);
        window.claim("id", A);
        window.settle("id", false);
        assert_eq!(window.claim("id", B), Claim::Conflict, "one is still in flight");
        window.settle("id", false);
        assert_eq!(window.claim("id", B), Claim::Granted);
        assert_eq!((window.deliveries.len(), window.order.len()), (1, 1));
    }

    #[test]
    fn the_oldest_is_forgotten_at_the_limit() {
        let mut window = TransportWindow::default();
        for id in 0..=CAPACITY {
            window.claim(&id.to_string(), A);
            window.settle(&id.to_string(), true);
        }
        assert_eq!((window.deliveries.len(), window.order.len()), (CAPACITY, CAPACITY));
        assert_eq!(window.claim("0", B), Claim::Granted);
        assert_eq!(window.claim(&CAPACITY.to_string(), B), Claim::Conflict);
    }
}
