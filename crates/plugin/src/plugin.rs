//! What a step does, and its life.

use trunkline_schemas::EnrichedEvent;

use crate::{Actions, Decision, Failure, LookupAnswer};

/// A step that looks at events and says what should come of them.
///
/// Its life: made by its [`Factory`](crate::Factory), started, asked about events and what it had looked up, stopped.
/// All of it happens on one thread. One that panics is thrown away, and its factory makes another.
///
/// A plugin may see an event more than once: what is not committed is read again after a crash. What it returns takes
/// effect exactly once, together with the event.
pub trait Plugin: Send {
    /// The types of events it is asked about, for instance `conversation.started`. Asked once, after it is made.
    fn events(&self) -> Vec<String>;

    /// Gets ready: loads a model, opens a file.
    ///
    /// # Errors
    /// What keeps it from working. At the processor's start that is the end; later it is tried again.
    fn start(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// What should come of an event: its conversation and profile are as they will be published.
    ///
    /// # Errors
    /// Why nothing can be said of it. The event goes on without this plugin, and the failure is reported.
    fn handle(&mut self, event: &EnrichedEvent, context: &Context<'_>) -> Result<Actions, Failure>;

    /// Names of the sources (`[enrichment.sources.NAME]`) that it may want looked up. Asked once, after it is made: a
    /// name that is not configured keeps the processor from starting.
    fn lookups(&self) -> Vec<String> {
        Vec::new()
    }

    /// What should come of an event whose lookups have come to an end: all are answered, in the order in which they
    /// were asked for, or have no answer in time. It is added to what [`Plugin::handle`] wanted. All of it happens
    /// within the one budget of the event. It may be another plugin of the same factory that is asked: whatever is
    /// needed of `handle` is in the event and in the answers. There are no further lookups.
    ///
    /// # Errors
    /// Why nothing can be said of it. The event goes on without this plugin, and the failure is reported.
    fn answered(
        &mut self,
        _event: &EnrichedEvent,
        _answers: &[LookupAnswer],
        _context: &Context<'_>,
    ) -> Result<Actions, Failure> {
        Err(Failure::new("it wants lookups and has no answered() for what comes of them"))
    }

    /// Whether all is well, asked every second or so. It is shown, and changes nothing.
    fn health(&mut self) -> Health {
        Health::Good
    }

    /// Says goodbye: writes down what must not be lost. The process ends a second later.
    fn stop(&mut self) {}
}

/// What is known besides the event.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time; UTC milliseconds.
    pub now: i64,
    /// What a step before this one decided. Plugins of your own are all asked at once: there is none before them.
    pub decision: Option<&'a Decision>,
}

/// How a plugin feels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// All is well.
    Good,
    /// It works, but somebody should look at this.
    Poor(String),
}
