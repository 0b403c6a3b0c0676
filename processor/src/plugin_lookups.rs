//! What plugins have looked up, beside the stream. How many at once is [`trunkline_partition::plugins`]'s to say.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use trunkline_connect::{Directory, SourceAnswer, SourceQuestion};
use trunkline_kafka::SteadyClock;
use trunkline_kafka::ports::Clock;
use trunkline_partition::plugins::{LookedUp, LookupId, LookupOrder};
use trunkline_schemas::SourceStatus;

use crate::engine::PluginLookups;

/// Lookups of plugins under way.
pub struct SourceLookups {
    clock: SteadyClock,
    runtime: Handle,
    directory: Directory,
    answers: mpsc::Receiver<LookedUp>,
    answer_to: mpsc::Sender<LookedUp>,
}

/// Answers an order once, also where its task comes to a sudden end.
struct Reply {
    id: LookupId,
    answer_to: mpsc::Sender<LookedUp>,
    answer: Option<SourceAnswer>,
}

// === impl SourceLookups ===

impl SourceLookups {
    /// Asks through `directory`. `clock` is the one that the engine asks.
    pub fn new(clock: SteadyClock, runtime: Handle, directory: Directory) -> Self {
        let (answer_to, answers) = mpsc::channel();
        Self { clock, runtime, directory, answers, answer_to }
    }
}

impl PluginLookups for SourceLookups {
    fn look_up(&mut self, order: LookupOrder) {
        let LookupOrder { id, lookup, event, customer, traceparent, now, until } = order;
        let mut reply = Reply { id, answer_to: self.answer_to.clone(), answer: None };
        let (directory, clock) = (self.directory.clone(), self.clock.clone());
        let patience = u64::try_from(until - now).unwrap_or_default();
        let deadline = Instant::now() + Duration::from_millis(patience);
        self.runtime.spawn(async move {
            let question = SourceQuestion {
                source: &lookup.source,
                customer: customer.as_deref(),
                parameters: &lookup.parameters,
                deadline,
                traceparent: traceparent.as_deref(),
                conversation: event.conversation_id.as_deref(),
            };
            reply.says(directory.look_up(question, &|| clock.now_ms()).await);
        });
    }

    fn next_answer(&mut self) -> Option<LookedUp> {
        self.answers.try_recv().ok()
    }
}

// === impl Reply ===

impl Reply {
    fn says(&mut self, answer: SourceAnswer) {
        self.answer = Some(answer);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let nothing = || SourceAnswer { status: SourceStatus::Error, values: BTreeMap::new() };
        let SourceAnswer { status, values } = self.answer.take().unwrap_or_else(nothing);
        // The engine is gone only when the process ends.
        let _ = self.answer_to.send(LookedUp { id: self.id, status, values });
    }
}
