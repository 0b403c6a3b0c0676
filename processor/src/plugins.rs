//! Plugins that users link into a processor of their own: asked beside the stream, each on a thread of its own.
//!
//! An event waits at the head of its lane for the plugins that want to see it, at most for their budgets; what one does
//! not say in time is left out, and reported. A plugin that fails, panics or does not come back is turned off for a while,
//! and its events do not wait for it meanwhile.
//!
//! # Layout
//!
//! - [`Plugins`]: all of them, and the events that wait; the edge
//! - `desk`: who waits for one plugin, until when; pure
//! - `switch`: when it is turned off and on; pure
//! - `worker`: its thread
//! - `attributes`: what plugins add to an event
//! - `told`: what operators hear of them

mod attributes;
mod desk;
mod switch;
mod told;
mod worker;

pub use attributes::add_attributes;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::{Duration, Instant};

use trunkline_plugin::{Actions, Factory};
use trunkline_rules::{Answer, Unanswered};
use trunkline_schemas::EnrichedEvent;
use trunkline_telemetry::Health;

use self::desk::{Asked, Desk, Treated};
use self::told::Told;
pub use self::told::Turning;
use self::worker::{Question, Said, Word};

/// How long plugins may take to get ready at the processor's start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long they may take to say goodbye.
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
    /// One does not get ready.
    #[error("plugin '{plugin}' is not ready after {START_TIMEOUT:?}")]
    NotReady {
        /// Its name.
        plugin: &'static str,
    },
}

/// The plugins of a processor.
pub struct Plugins {
    members: Vec<Member>,
    /// Which of them look at an event, by its type.
    named: HashMap<String, Vec<usize>>,
    /// Events that wait, by ticket.
    consultations: BTreeMap<u64, Consultation>,
    tickets: u64,
    words: Receiver<Word>,
    speak: Sender<Word>,
}

/// What becomes of an event that plugins want to see.
#[derive(Debug)]
pub enum Consulted {
    /// It need not wait.
    Now(Vec<Answer>),
    /// It waits; [`Plugins::poll`] gives the answers under this ticket.
    Later(u64),
}

struct Member {
    factory: Factory,
    config: trunkline_config::Plugin,
    desk: Desk,
    /// To its present thread.
    questions: SyncSender<Question>,
    told: Told,
}

struct Consultation {
    asked_at: Instant,
    /// Plugins that were asked or not, each with its answer once there is one, in the order of their names.
    answers: Vec<(usize, Option<Answer>)>,
}

// === impl Plugins ===

impl Plugins {
    /// No plugins.
    pub fn none() -> Self {
        let (speak, words) = channel();
        Self {
            members: Vec::new(),
            named: HashMap::new(),
            consultations: BTreeMap::new(),
            tickets: 0,
            words,
            speak,
        }
    }

    /// Starts the plugins that are configured, and waits until they are ready.
    ///
    /// # Errors
    /// [`PluginError`] for the first that is not.
    pub fn start(
        factories: &[Factory],
        configured: &BTreeMap<String, trunkline_config::Plugin>,
        health: Arc<Health>,
    ) -> Result<Self, PluginError> {
        let mut plugins = Self::none();
        for factory in factories {
            let Some(config) = configured.get(factory.name()) else {
                tracing::info!(plugin = factory.name(), "no section of the configuration: it does not run");
                continue;
            };
            let index = plugins.members.len();
            let budget_ms = i64::try_from(config.budget.as_millis()).unwrap_or(i64::MAX);
            let settings = config.settings.clone();
            let questions =
                worker::start(factory.clone(), settings, index, 0, config.queue, plugins.speak.clone());
            let questions = questions
                .map_err(|error| PluginError::Start { plugin: factory.name(), reason: error.to_string() })?;
            plugins.members.push(Member {
                factory: factory.clone(),
                config: config.clone(),
                desk: Desk::new(config.queue, budget_ms),
                questions,
                told: Told::new(factory.name(), health.clone()),
            });
        }
        plugins.await_start()?;
        Ok(plugins)
    }

    fn await_start(&mut self) -> Result<(), PluginError> {
        let deadline = Instant::now() + START_TIMEOUT;
        let mut ready = vec![false; self.members.len()];
        while let Some(waited_for) = ready.iter().position(|ready| !ready) {
            let wait = deadline.saturating_duration_since(Instant::now());
            let Ok(word) = self.words.recv_timeout(wait) else {
                return Err(PluginError::NotReady { plugin: self.members[waited_for].factory.name() });
            };
            let Said::Started(started) = word.said else { continue };
            let member = &self.members[word.plugin];
            let plugin = member.factory.name();
            let own = started.map_err(|reason| PluginError::Start { plugin, reason })?;
            let events = member.config.events.clone().unwrap_or(own);
            tracing::info!(plugin, ?events, queue = member.config.queue, budget = ?member.config.budget, "plugin ready");
            for event_type in events {
                let named = self.named.entry(event_type).or_default();
                if !named.contains(&word.plugin) {
                    named.push(word.plugin);
                    named.sort_by_key(|index| self.members[*index].factory.name());
                }
            }
            ready[word.plugin] = true;
        }
        Ok(())
    }

    /// Whether any of them looks at events of a type.
    pub fn want(&self, event_type: &str) -> bool {
        self.named.contains_key(event_type)
    }

    /// Asks them about an event, at `now` (UTC milliseconds).
    pub fn ask(&mut self, event: EnrichedEvent, now: i64) -> Consulted {
        let named = self.named.get(&event.event_type).cloned().unwrap_or_default();
        let event = Arc::new(event);
        self.tickets += 1;
        let ticket = self.tickets;
        let mut answers = Vec::new();
        let mut waits = false;
        for index in named {
            let member = &mut self.members[index];
            match member.ask(index, ticket, &event, now, &self.speak) {
                Asked::ToPresent | Asked::ToNew => {
                    answers.push((index, None));
                    waits = true;
                }
                Asked::Full => answers.push((index, Some(member.full()))),
                Asked::Off => {}
            }
        }
        if waits {
            self.consultations.insert(ticket, Consultation { asked_at: Instant::now(), answers });
            return Consulted::Later(ticket);
        }
        Consulted::Now(answers.into_iter().filter_map(|(_, answer)| answer).collect())
    }

    /// The events that need not wait any longer at `now` (UTC milliseconds), by ticket.
    pub fn poll(&mut self, now: i64) -> Vec<(u64, Vec<Answer>)> {
        while let Ok(word) = self.words.try_recv() {
            self.hear(word, now);
        }
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            for ticket in member.desk.overdue(now) {
                let answer = member.late();
                settle(&mut self.consultations, ticket, index, Some(answer));
            }
            for ticket in member.desk.dismissed() {
                settle(&mut self.consultations, ticket, index, None);
            }
        }
        let mut done = Vec::new();
        self.consultations.retain(|ticket, consultation| {
            if consultation.answers.iter().any(|(_, answer)| answer.is_none()) {
                return true;
            }
            let answers = consultation.answers.drain(..).filter_map(|(_, answer)| answer).collect();
            done.push((*ticket, answers));
            false
        });
        done
    }

    /// What plugins were turned off or on since the last call.
    pub fn take_turnings(&mut self) -> Vec<Turning> {
        self.members.iter_mut().flat_map(|member| member.told.turnings(&mut member.desk)).collect()
    }

    /// Says by metrics where each of them stands.
    pub fn report(&self) {
        self.members.iter().for_each(|member| member.told.state(&member.desk));
    }

    fn hear(&mut self, Word { plugin: index, thread, said }: Word, now: i64) {
        let Some(member) = self.members.get_mut(index) else { return };
        match said {
            Said::Started(Ok(_)) => {}
            Said::Started(Err(reason)) => member.told.reason(&reason),
            Said::Answered { ticket, result, took } => {
                let treated = if result.is_ok() { Treated::Answered } else { Treated::Failed };
                if member.desk.treated(thread, ticket, treated, now) {
                    let asked_at = self.consultations.get(&ticket).map(|asked| asked.asked_at);
                    let answer = member.answered(result, took, asked_at);
                    settle(&mut self.consultations, ticket, index, Some(answer));
                }
            }
            Said::Skipped { ticket } => {
                if member.desk.treated(thread, ticket, Treated::Skipped, now) {
                    let answer = member.late();
                    settle(&mut self.consultations, ticket, index, Some(answer));
                }
            }
            Said::Feels(feeling) => member.told.feels(feeling),
            Said::Ended => member.desk.came_back(thread),
        }
    }
}

impl Drop for Plugins {
    /// Lets them say goodbye.
    fn drop(&mut self) {
        let present: Vec<u64> = self.members.iter().map(|member| member.desk.thread()).collect();
        let mut left = self.members.len();
        self.members.clear();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while left > 0 {
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.words.recv_timeout(wait) {
                Ok(Word { plugin, thread, said: Said::Ended }) => {
                    left -= usize::from(present.get(plugin) == Some(&thread));
                }
                Ok(_) => {}
                // One that does not come back ends with the process.
                Err(_) => return,
            }
        }
    }
}

/// Takes in what one plugin says of an event; nothing, if it need not be waited for.
fn settle(
    consultations: &mut BTreeMap<u64, Consultation>,
    ticket: u64,
    index: usize,
    answer: Option<Answer>,
) {
    let Some(consultation) = consultations.get_mut(&ticket) else { return };
    match answer {
        Some(answer) => {
            let asked = consultation.answers.iter_mut().find(|(asked, _)| *asked == index);
            if let Some((_, waited_for)) = asked {
                *waited_for = Some(answer);
            }
        }
        None => consultation.answers.retain(|(asked, _)| *asked != index),
    }
}

// === impl Member ===

impl Member {
    fn ask(
        &mut self,
        index: usize,
        ticket: u64,
        event: &Arc<EnrichedEvent>,
        now: i64,
        speak: &Sender<Word>,
    ) -> Asked {
        let asked = self.desk.ask(ticket, now);
        match asked {
            Asked::Off => self.told.passed("off"),
            Asked::ToNew => self.renew(index, speak),
            Asked::ToPresent | Asked::Full => {}
        }
        if matches!(asked, Asked::ToPresent | Asked::ToNew) {
            let until = Instant::now() + self.config.budget;
            // The desk gives its thread no more than fits. Where the thread is gone, the question is overdue in time.
            let _ = self.questions.try_send(Question { ticket, event: event.clone(), now, until });
        }
        asked
    }

    /// Gives the present thread up: it ends when it comes back. Where there is no other to be had, its questions will be
    /// overdue.
    fn renew(&mut self, index: usize, speak: &Sender<Word>) {
        let (factory, settings) = (self.factory.clone(), self.config.settings.clone());
        let (thread, queue) = (self.desk.thread(), self.config.queue);
        tracing::warn!(
            code = "TL-3011",
            plugin = factory.name(),
            lost = self.desk.lost(),
            "a thread did not come back; a new one takes over"
        );
        match worker::start(factory, settings, index, thread, queue, speak.clone()) {
            Ok(questions) => self.questions = questions,
            Err(error) => self.told.reason(&error.to_string()),
        }
    }

    fn answered(
        &mut self,
        result: Result<Actions, String>,
        took: Duration,
        asked_at: Option<Instant>,
    ) -> Answer {
        let outcome = if result.is_ok() { "answered" } else { "failed" };
        self.told.answered(outcome, took, asked_at.map(|at| at.elapsed()));
        let wants = result.map_err(|message| {
            self.told.reason(&message);
            Unanswered { code: "TL-3009", message }
        });
        Answer { plugin: self.factory.name(), wants }
    }

    fn late(&mut self) -> Answer {
        self.told.passed("late");
        let message = format!("no answer within its budget of {:?}", self.config.budget);
        self.told.reason(&message);
        self.unanswered(message)
    }

    fn full(&mut self) -> Answer {
        self.told.passed("full");
        self.unanswered(format!("{} events wait for it already", self.config.queue))
    }

    fn unanswered(&self, message: String) -> Answer {
        Answer { plugin: self.factory.name(), wants: Err(Unanswered { code: "TL-3010", message }) }
    }
}

#[cfg(test)]
mod tests;
