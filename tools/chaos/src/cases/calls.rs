//! The load of a case: short calls of a Genesys contact centre, the same ones each time.

use std::time::Duration;

use trunkline_load::customers;
use trunkline_load::generator::{Delivery, EVENTBRIDGE, Kind};
use trunkline_rig::payloads::Step;

/// Calls to be played.
#[derive(Debug, Clone)]
pub struct Calls {
    /// Their numbers; equal numbers are equal calls.
    pub numbers: std::ops::Range<u64>,
    /// Time between the beginnings of two calls.
    pub every: Duration,
    /// Time between two steps of a call.
    pub step: Duration,
    /// Which of the seven steps are played; a call that is cut in two goes on with the rest.
    pub steps: std::ops::Range<usize>,
    /// A step may arrive as much later than it happened, so that those after it overtake it.
    pub disorder: Duration,
    /// When the first call begins; UTC milliseconds.
    pub start_ms: i64,
}

/// The steps of a call, from its beginning to its end; each is one event.
pub const STEPS: [&str; 7] =
    ["customer.start", "acd.start", "acd.end", "user.start", "user.end", "acw", "customer.end"];

/// Customers that the simulated CRMs know; each of so many calls is of another one.
pub const CUSTOMERS: u32 = 10_000;

// === impl Calls ===

impl Calls {
    /// Whole calls with these numbers, in order: one every 25 ms, with 100 ms between their steps.
    pub fn new(numbers: std::ops::Range<u64>) -> Self {
        Self {
            numbers,
            every: Duration::from_millis(25),
            step: Duration::from_millis(100),
            steps: 0..STEPS.len(),
            disorder: Duration::ZERO,
            start_ms: trunkline_load::now_ms() as i64,
        }
    }

    /// How many events they are.
    pub fn events(&self) -> usize {
        (self.numbers.end - self.numbers.start) as usize * self.steps.len()
    }

    /// The deliveries, in the order to post them.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let mut deliveries: Vec<Delivery> = self
            .numbers
            .clone()
            .flat_map(|number| self.steps.clone().map(move |step| (number, step)))
            .map(|(number, step)| self.delivery(number, step))
            .collect();
        deliveries.sort_by_key(|delivery| (delivery.at, delivery.id));
        deliveries
    }

    fn delivery(&self, number: u64, step: usize) -> Delivery {
        let nth = u32::try_from(number - self.numbers.start).unwrap_or(u32::MAX);
        let happens = self.every * nth + self.step * (step - self.steps.start) as u32;
        let event_time = self.start_ms + happens.as_millis() as i64;
        let conversation = conversation(number);
        let customer = 1 + (number % u64::from(CUSTOMERS)) as u32;
        let id = number * 100 + step as u64 + 1;
        let happened = Step { conversation: &conversation, step: STEPS[step], at: event_time, customer };
        let body = happened.envelope(&format!("6f1c2ff0-0000-4000-8000-{id:012}"));
        Delivery {
            id,
            at: happens + self.disorder.mul_f64(fraction(id)),
            source: EVENTBRIDGE,
            kind: Kind::Clean,
            expected_status: 202,
            body: body.to_string().into_bytes(),
            conversation_id: Some(conversation),
            customer_id: Some(customers::id(customer)),
            event_time,
            fact: format!("{number}-{step}"),
            behaviour: None,
        }
    }
}

/// Native id of a call's conversation.
fn conversation(number: u64) -> String {
    format!("2f7bf00a-0fc2-4d6a-9b56-{number:012}")
}

/// Of this number always the same, between 0 and 1, and of the next another.
fn fraction(number: u64) -> f64 {
    // The golden ratio's multiples fill the interval evenly.
    (number as f64 * 0.618_033_988_749_895).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_the_same_each_time_and_overtake_each_other_within_the_disorder() {
        let calls = Calls {
            step: Duration::from_millis(40),
            disorder: Duration::from_millis(200),
            start_ms: 1_000,
            ..Calls::new(3..5)
        };
        let deliveries = calls.deliveries();
        assert_eq!(deliveries, calls.deliveries());
        assert_eq!(deliveries.len(), calls.events());
        assert!(deliveries.windows(2).any(|pair| pair[0].event_time > pair[1].event_time));
        for delivery in &deliveries {
            let late = delivery.at.as_millis() as i64 - (delivery.event_time - 1_000);
            assert!((0..=200).contains(&late), "{delivery:?}");
        }
    }
}
