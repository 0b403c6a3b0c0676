//! What goes to the threads that plugins run on, and what comes from them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_plugin::{Actions, Health, Lookup, LookupAnswer};
use trunkline_schemas::{EnrichedEvent, SourceStatus};

/// A question to a plugin.
#[derive(Debug, Clone)]
pub struct Question {
    /// Comes back with the answer.
    pub ticket: u64,
    /// The event it is about.
    pub event: Arc<EnrichedEvent>,
    /// When it was asked; UTC milliseconds.
    pub now: i64,
    /// When nobody waits any more; UTC milliseconds.
    pub until: i64,
    /// What came of the lookups that it wanted; `None` when it is asked for the first time.
    pub answers: Option<Vec<LookupAnswer>>,
}

/// Something that a plugin wants looked up about an event.
#[derive(Debug, Clone)]
pub struct LookupOrder {
    /// Comes back with the answer.
    pub id: LookupId,
    /// What it wants.
    pub lookup: Lookup,
    /// The event it is about.
    pub event: Arc<EnrichedEvent>,
    /// Whose profile the event gets, whether or not that came in time: whom it names, or who calls or writes; `None`
    /// for nobody's.
    pub customer: Option<String>,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
    /// When it was asked; UTC milliseconds.
    pub now: i64,
    /// When nobody waits any more; UTC milliseconds.
    pub until: i64,
}

/// Names a lookup among those under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookupId {
    /// The ticket of the question.
    pub ticket: u64,
    /// Index of the plugin.
    pub plugin: usize,
    /// Which of the lookups that the plugin wants for the event.
    pub nth: usize,
}

/// What came of a lookup.
#[derive(Debug, Clone)]
pub struct LookedUp {
    /// Which one.
    pub id: LookupId,
    /// What came of it.
    pub status: SourceStatus,
    /// What the source says; empty unless it answered.
    pub values: BTreeMap<String, String>,
}

/// What a plugin says of itself once it is ready.
#[derive(Debug, Clone, Default)]
pub struct Ready {
    /// The types of events that it wants to be asked about.
    pub events: Vec<String>,
    /// The sources that it may want looked up.
    pub lookups: Vec<String>,
}

/// What is to be done for plugins.
#[derive(Debug)]
pub enum Command {
    /// A source is to be asked. Each order is to be answered once, whatever comes of it.
    LookUp(LookupOrder),
    /// Its present thread is given up, and ends when it comes back; this one takes over.
    Replace {
        /// Index of the plugin.
        plugin: usize,
        /// Number of the new thread.
        thread: u64,
    },
    /// Its present thread gets a question.
    Ask {
        /// Index of the plugin.
        plugin: usize,
        /// The question.
        question: Question,
    },
}

/// What happened on a thread.
#[derive(Debug)]
pub struct Message {
    /// Index of the plugin.
    pub plugin: usize,
    /// Which of its threads.
    pub thread: u64,
    /// What happened.
    pub content: MessageContent,
}

/// See [`Message`].
#[derive(Debug)]
pub enum MessageContent {
    /// The plugin is ready; or it cannot be made or started.
    Started(Result<Ready, String>),
    /// What it wants of an event, or how it failed; and how long it worked.
    Answered {
        /// The question's ticket.
        ticket: u64,
        /// What it wants.
        result: Result<Actions, String>,
        /// How long it worked.
        took: Duration,
    },
    /// Nobody waited any more when the question's turn came.
    Skipped {
        /// The question's ticket.
        ticket: u64,
    },
    /// The health that the plugin reports.
    Health(Health),
    /// The thread is at its end.
    Ended,
}
