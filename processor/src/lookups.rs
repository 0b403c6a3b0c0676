//! Asking the CRMs, beside the stream: bounded, one fetch per customer however many events want it.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use trunkline_connect::Directory;
use trunkline_kafka::SteadyClock;
use trunkline_kafka::ports::Clock;
use trunkline_partition::task::LookupRequest;
use trunkline_profiles::merge;
use trunkline_schemas::{CustomerProfile, error_codes};

use crate::engine::ProfileLookups;
use crate::failed_lookups::{FailedLookups, Warning};

/// An answer is due so long before its event's wait ends: the engine may be that late to look at it, and then the
/// event would go on without what all systems but one have answered. At most a tenth of the wait.
const HAND_OVER: Duration = Duration::from_millis(10);

/// So many times fewer lookups wait than may be under way when it is enough: what is read beyond that waits longer for
/// its turn than for its answer, and all of it lies in memory. A fourth keeps the next ones at hand.
const SATURATED_BY: usize = 4;

/// Lookups under way and waiting.
pub struct Lookups {
    clock: SteadyClock,
    runtime: Handle,
    directory: Directory,
    deadline: Duration,
    limit: usize,
    /// What is asked for, by customer.
    in_flight: HashMap<String, InFlight>,
    queue: VecDeque<LookupRequest>,
    answers: mpsc::Receiver<CustomerProfile>,
    answer_to: mpsc::Sender<CustomerProfile>,
    failed: FailedLookups,
}

/// A lookup that was begun.
struct InFlight {
    request: LookupRequest,
    /// The customer was erased since: the answer does not count.
    is_void: bool,
}

// === impl Lookups ===

impl Lookups {
    /// Asks through `directory`, at most `limit` customers at once, each for at most `deadline`. `clock` is the one
    /// that the engine asks.
    pub fn new(
        clock: SteadyClock,
        runtime: Handle,
        directory: Directory,
        deadline: Duration,
        limit: usize,
    ) -> Self {
        let (answer_to, answers) = mpsc::channel();
        Self {
            clock,
            runtime,
            directory,
            deadline,
            limit: limit.max(1),
            in_flight: HashMap::new(),
            queue: VecDeque::new(),
            answers,
            answer_to,
            failed: FailedLookups::default(),
        }
    }

    fn start(&mut self) {
        while self.in_flight.len() < self.limit {
            let Some(request) = self.queue.pop_front() else { return };
            let begun = InFlight { request: request.clone(), is_void: false };
            self.in_flight.insert(request.customer.clone(), begun);
            let LookupRequest { customer, identities, traceparent, conversation, until } = request;
            let directory = self.directory.clone();
            let answer_to = self.answer_to.clone();
            let clock = self.clock.clone();
            let deadline = Instant::now() + time_to_ask(self.deadline, until, clock.now_ms());
            self.runtime.spawn(async move {
                let now = || clock.now_ms();
                let (trace, conversation) = (traceparent.as_deref(), conversation.as_deref());
                let asked =
                    directory.profile_parts(&customer, &identities, deadline, trace, conversation, &now);
                let parts = asked.await;
                // The engine is gone only when the process ends.
                let _ = answer_to.send(merge(&customer, &parts, now()));
            });
        }
    }
}

/// How long the systems may take to answer about a customer whose event waits until `until`, when it is `now` (both
/// UTC milliseconds) and an event waits for `deadline` in all.
fn time_to_ask(deadline: Duration, until: i64, now: i64) -> Duration {
    let hand_over = HAND_OVER.min(deadline / 10);
    let left = Duration::from_millis(u64::try_from(until - now).unwrap_or(0)).min(deadline);
    // One that has stood in line for most of the time asks for the events after its own, which goes on without it.
    if left < deadline / 2 { deadline } else { left - hand_over }
}

impl ProfileLookups for Lookups {
    fn request(&mut self, request: LookupRequest) {
        let customer = &request.customer;
        if self.in_flight.contains_key(customer)
            || self.queue.iter().any(|queued| queued.customer == *customer)
        {
            return;
        }
        self.queue.push_back(request);
        self.start();
    }

    fn forget(&mut self, customer: &str) {
        self.directory.forget_answers();
        for request in self.queue.iter_mut().filter(|request| request.customer == customer) {
            request.identities.clear();
        }
        if let Some(in_flight) = self.in_flight.get_mut(customer) {
            in_flight.is_void = true;
        }
    }

    fn take_answers(&mut self) -> Vec<CustomerProfile> {
        let mut answers: Vec<CustomerProfile> = self.answers.try_iter().collect();
        let came = answers.len();
        answers.retain(|answer| match self.in_flight.remove(&answer.customer_id) {
            Some(InFlight { request, is_void: true }) => {
                self.queue.push_front(LookupRequest { identities: Vec::new(), ..request });
                false
            }
            _ => true,
        });
        let now = self.clock.now_ms();
        for answer in &answers {
            for Warning { system, status, left_out } in self.failed.note(answer, now) {
                let code = error_codes::LOOKUP_FAILED.as_str();
                tracing::warn!(code, system, ?status, left_out, "a profile lookup failed");
            }
        }
        if came > 0 {
            self.start();
        }
        answers
    }

    fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn is_saturated(&self) -> bool {
        self.queue.len() > self.limit / SATURATED_BY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_left(until: i64, now: i64) -> u128 {
        time_to_ask(Duration::from_millis(250), until, now).as_millis()
    }

    #[test]
    fn the_systems_answer_before_the_event_goes_on() {
        assert_eq!(time_left(1_250, 1_000), 240);
        assert_eq!(time_left(1_250, 1_040), 200, "it was asked for 40 ms ago");
        assert_eq!(time_left(9_000, 1_000), 240, "the clock went back");
        assert_eq!(time_to_ask(Duration::from_millis(20), 1_020, 1_000).as_millis(), 18);
    }

    #[test]
    fn a_lookup_that_stood_in_line_too_long_asks_for_the_events_that_follow() {
        assert_eq!(time_left(1_250, 1_125), 115);
        assert_eq!(time_left(1_250, 1_126), 250);
        assert_eq!(time_left(1_250, 99_999), 250);
    }
}
