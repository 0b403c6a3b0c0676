//! What goes to the threads that plugins run on, and what comes from them.

use std::sync::Arc;
use std::time::Duration;

use trunkline_plugin::{Actions, Health};
use trunkline_schemas::EnrichedEvent;

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
}

/// What is to be done to a plugin's thread.
#[derive(Debug)]
pub enum Command {
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
    /// The plugin is ready, and wants to be asked about these types of events; or it cannot be made or started.
    Started(Result<Vec<String>, String>),
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
