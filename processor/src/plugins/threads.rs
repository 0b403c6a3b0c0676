//! A thread for each plugin, and another where one does not come back.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::{Duration, Instant};

use trunkline_config::did_you_mean;
use trunkline_partition::plugins::{Message, MessageContent, Plugins, Question, Ready, Registration};
use trunkline_plugin::Factory;

use super::worker;
use crate::engine::PluginThreads;

/// How long plugins may take to get ready at the processor's start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long they may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a processor does not start.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// One cannot be made or started.
    #[error("plugin '{plugin}' does not start: {reason}")]
    Start {
        /// Its name.
        plugin: &'static str,
        /// What it says.
        reason: String,
    },
    /// One may want a source looked up that is not configured.
    #[error(
        "plugin '{plugin}' looks up '{source_name}', but there is no [enrichment.sources.{source_name}]{hint}"
    )]
    UnknownSource {
        /// Its name.
        plugin: &'static str,
        /// The name of the source.
        source_name: String,
        /// The source that may be meant.
        hint: String,
    },
    /// One does not get ready.
    #[error("plugin '{plugin}' is not ready after {START_TIMEOUT:?}")]
    NotReady {
        /// Its name.
        plugin: &'static str,
    },
}

/// The threads that plugins run on.
pub struct Threads {
    members: Vec<Member>,
    messages: Receiver<Message>,
    report_to: Sender<Message>,
}

/// The present thread of one plugin.
struct Member {
    factory: Factory,
    config: trunkline_config::Plugin,
    number: u64,
    questions: SyncSender<(Question, Instant)>,
}

// === impl Threads ===

impl Threads {
    /// Starts the plugins that are configured, and waits until they are ready. `sources` are those that they can have
    /// looked up.
    ///
    /// # Errors
    /// [`PluginError`] for the first that is not.
    pub fn start(
        factories: &[Factory],
        configured: &BTreeMap<String, trunkline_config::Plugin>,
        sources: &[&str],
    ) -> Result<(Self, Plugins), PluginError> {
        let (report_to, messages) = channel();
        let mut threads = Self { members: Vec::new(), messages, report_to };
        for factory in factories {
            let Some(config) = configured.get(factory.name()) else {
                tracing::info!(plugin = factory.name(), "no section of the configuration: it does not run");
                continue;
            };
            threads.add(factory, config)?;
        }
        let registrations = threads.await_start(sources)?;
        Ok((threads, Plugins::new(registrations)))
    }

    fn add(&mut self, factory: &Factory, config: &trunkline_config::Plugin) -> Result<(), PluginError> {
        let index = self.members.len();
        let settings = config.settings.clone();
        let questions =
            worker::start(factory.clone(), settings, index, 0, config.queue, self.report_to.clone());
        let questions = questions
            .map_err(|error| PluginError::Start { plugin: factory.name(), reason: error.to_string() })?;
        self.members.push(Member { factory: factory.clone(), config: config.clone(), number: 0, questions });
        Ok(())
    }

    fn await_start(&mut self, sources: &[&str]) -> Result<Vec<Registration>, PluginError> {
        let deadline = Instant::now() + START_TIMEOUT;
        let mut ready: Vec<Option<Registration>> = self.members.iter().map(|_| None).collect();
        while let Some(waited_for) = ready.iter().position(Option::is_none) {
            let wait = deadline.saturating_duration_since(Instant::now());
            let Ok(message) = self.messages.recv_timeout(wait) else {
                return Err(PluginError::NotReady { plugin: self.members[waited_for].factory.name() });
            };
            let MessageContent::Started(started) = message.content else { continue };
            let Member { factory, config, .. } = &self.members[message.plugin];
            let plugin = factory.name();
            let Ready { events, lookups } =
                started.map_err(|reason| PluginError::Start { plugin, reason })?;
            if let Some(unknown) = lookups.iter().find(|source| !sources.contains(&source.as_str())) {
                let hint = did_you_mean(unknown, sources.iter().copied());
                return Err(PluginError::UnknownSource { plugin, source_name: unknown.clone(), hint });
            }
            let events = config.events.clone().unwrap_or(events);
            tracing::info!(plugin, ?events, queue = config.queue, budget = ?config.budget, "plugin ready");
            ready[message.plugin] = Some(Registration {
                name: plugin,
                events,
                queue: config.queue,
                budget_ms: i64::try_from(config.budget.as_millis()).unwrap_or(i64::MAX),
                lookups,
            });
        }
        Ok(ready.into_iter().flatten().collect())
    }
}

impl PluginThreads for Threads {
    fn ask(&mut self, plugin: usize, question: Question) {
        let Some(member) = self.members.get(plugin) else { return };
        let patience = u64::try_from(question.until - question.now).unwrap_or_default();
        let until = Instant::now() + Duration::from_millis(patience);
        // A thread is given no more than fits. Where the thread is gone, the question is overdue in time.
        let _ = member.questions.try_send((question, until));
    }

    fn replace(&mut self, plugin: usize, thread: u64) -> Result<(), String> {
        let Some(member) = self.members.get_mut(plugin) else { return Ok(()) };
        let (factory, settings) = (member.factory.clone(), member.config.settings.clone());
        let started =
            worker::start(factory, settings, plugin, thread, member.config.queue, self.report_to.clone());
        member.questions = started.map_err(|error| error.to_string())?;
        member.number = thread;
        Ok(())
    }

    fn next_message(&mut self) -> Option<Message> {
        self.messages.try_recv().ok()
    }
}

impl Drop for Threads {
    /// Lets the plugins stop in good order.
    fn drop(&mut self) {
        let present: Vec<u64> = self.members.iter().map(|member| member.number).collect();
        let mut left = self.members.len();
        self.members.clear();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while left > 0 {
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(wait) {
                Ok(Message { plugin, thread, content: MessageContent::Ended }) => {
                    left -= usize::from(present.get(plugin) == Some(&thread));
                }
                Ok(_) => {}
                // One that does not come back ends with the process.
                Err(_) => return,
            }
        }
    }
}
