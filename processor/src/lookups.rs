//! Asking the CRMs, beside the stream: bounded, one fetch per customer however many events want it.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use trunkline_connect::Directory;
use trunkline_profiles::merge;
use trunkline_schemas::{CustomerProfile, error_codes};

use crate::clock;
use crate::engine::ProfileLookups;
use crate::failed_lookups::{FailedLookups, Warning};

/// Lookups under way and waiting.
pub struct Lookups {
    runtime: Handle,
    directory: Directory,
    deadline: Duration,
    limit: usize,
    in_flight: HashSet<String>,
    queue: VecDeque<(String, Option<String>)>,
    answers: mpsc::Receiver<CustomerProfile>,
    answer_to: mpsc::Sender<CustomerProfile>,
    failed: FailedLookups,
}

// === impl Lookups ===

impl Lookups {
    /// Asks through `directory`, at most `limit` customers at once, each for at most `deadline`.
    pub fn new(runtime: Handle, directory: Directory, deadline: Duration, limit: usize) -> Self {
        let (answer_to, answers) = mpsc::channel();
        Self {
            runtime,
            directory,
            deadline,
            limit: limit.max(1),
            in_flight: HashSet::new(),
            queue: VecDeque::new(),
            answers,
            answer_to,
            failed: FailedLookups::default(),
        }
    }

    fn start(&mut self) {
        while self.in_flight.len() < self.limit {
            let Some((customer, traceparent)) = self.queue.pop_front() else { return };
            self.in_flight.insert(customer.clone());
            let directory = self.directory.clone();
            let answer_to = self.answer_to.clone();
            let deadline = Instant::now() + self.deadline;
            self.runtime.spawn(async move {
                let parts = directory.profile_parts(&customer, deadline, traceparent.as_deref()).await;
                // The engine is gone only when the process ends.
                let _ = answer_to.send(merge(&customer, &parts, clock::now()));
            });
        }
    }
}

impl ProfileLookups for Lookups {
    fn request(&mut self, customer: String, traceparent: Option<String>) {
        if self.in_flight.contains(&customer) || self.queue.iter().any(|(queued, _)| *queued == customer) {
            return;
        }
        self.queue.push_back((customer, traceparent));
        self.start();
    }

    fn take_answers(&mut self) -> Vec<CustomerProfile> {
        let answers: Vec<CustomerProfile> = self.answers.try_iter().collect();
        for answer in &answers {
            self.in_flight.remove(&answer.customer_id);
            for Warning { system, status, left_out } in self.failed.note(answer, clock::now()) {
                let code = error_codes::LOOKUP_FAILED.as_str();
                tracing::warn!(code, system, ?status, left_out, "a profile lookup failed");
            }
        }
        if !answers.is_empty() {
            self.start();
        }
        answers
    }

    fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn is_saturated(&self) -> bool {
        self.queue.len() > self.limit
    }
}
