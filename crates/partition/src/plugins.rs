//! Plugins as a partition sees them: which look at an event, who waits for which until when, and what they
//! add. Pure: what is to be asked of a plugin's thread is returned as a [`Command`], what the thread does
//! comes in as a [`Message`].
//!
//! An event waits at the head of its lane for the plugins that want to see it, at most for their budgets; what one does
//! not answer in time is left out, and reported. A plugin that fails, panics or does not come back is turned off for a
//! while, and its events do not wait for it meanwhile.
//!
//! # Layout
//!
//! - [`Plugins`]: all of them, and the events that wait
//! - [`Command`], [`Question`], [`Message`]: what goes to the threads, and what comes from them
//! - `member`: one plugin
//! - `in_flight`: who waits for one plugin, until when
//! - `breaker`: when it is turned off and on
//! - `attributes`: what plugins add to an event
//! - [`Notice`], [`Standing`]: what is reported to operators

mod attributes;
mod breaker;
mod in_flight;
mod member;
mod message;
mod notice;

pub use attributes::add_attributes;
pub use message::{Command, Message, MessageContent, Question};
pub use notice::{Notice, Standing, StateChange};

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use trunkline_rules::Answer;
use trunkline_schemas::EnrichedEvent;

use self::in_flight::{Asked, Treated};
use self::member::Member;

/// A plugin that is ready to be asked.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its name.
    pub name: &'static str,
    /// Types of events that it looks at.
    pub events: Vec<String>,
    /// Questions that its thread may have at once.
    pub queue: usize,
    /// Milliseconds for which an event waits for it.
    pub budget_ms: i64,
}

/// What a task asks plugins about: an event as it will be published, but for what they add to it.
#[derive(Debug, Clone)]
pub struct PluginRequest {
    /// Names the request among those of its task.
    pub number: u64,
    /// The event.
    pub event: Arc<EnrichedEvent>,
}

/// A request that need not wait any longer.
#[derive(Debug)]
pub struct Settled {
    /// The partition whose task made it.
    pub partition: i32,
    /// Its number there.
    pub number: u64,
    /// What the plugins want, or why there is nothing, in the order of their names.
    pub answers: Vec<Answer>,
}

/// All plugins, shared by the partitions of an instance.
#[derive(Debug, Default)]
pub struct Plugins {
    members: Vec<Member>,
    /// Which of them look at an event, by its type.
    interested: HashMap<String, Vec<usize>>,
    /// Requests that wait, by ticket.
    consultations: BTreeMap<u64, Consultation>,
    tickets: u64,
    commands: Vec<Command>,
    notices: Vec<Notice>,
}

/// A request that waits.
#[derive(Debug)]
struct Consultation {
    partition: i32,
    number: u64,
    /// UTC milliseconds.
    asked_at: i64,
    /// Plugins that were asked or not, each with its answer once there is one, in the order of their names.
    answers: Vec<(usize, Option<Answer>)>,
}

// === impl Plugins ===

impl Plugins {
    /// These plugins. Commands and messages name them by their place in the list.
    pub fn new(registrations: Vec<Registration>) -> Self {
        let mut interested: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, registration) in registrations.iter().enumerate() {
            for event_type in &registration.events {
                let indices = interested.entry(event_type.clone()).or_default();
                if !indices.contains(&index) {
                    indices.push(index);
                    indices.sort_by_key(|index| registrations[*index].name);
                }
            }
        }
        let members = registrations.into_iter().map(Member::new).collect();
        Self { members, interested, ..Self::default() }
    }

    /// The types of events that any of them looks at.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.interested.keys().map(String::as_str)
    }

    /// Asks them about an event of a partition, at `now` (UTC milliseconds). Returns their answers where it
    /// need not wait; else [`Plugins::poll`] gives them later.
    pub fn ask(&mut self, partition: i32, request: PluginRequest, now: i64) -> Option<Vec<Answer>> {
        let PluginRequest { number, event } = request;
        let interested = self.interested.get(&event.event_type).cloned().unwrap_or_default();
        self.tickets += 1;
        let ticket = self.tickets;
        let mut answers = Vec::new();
        let mut waits = false;
        for index in interested {
            let member = &mut self.members[index];
            let asked = member.in_flight.ask(ticket, now);
            match asked {
                Asked::ToPresent | Asked::ToNew => {
                    let thread = member.in_flight.thread();
                    if asked == Asked::ToNew {
                        let lost = member.in_flight.lost();
                        self.notices.push(Notice::Replaced { plugin: member.name, lost });
                        self.commands.push(Command::Replace { plugin: index, thread });
                    }
                    let until = now + member.budget_ms;
                    let question = Question { ticket, event: event.clone(), now, until };
                    self.commands.push(Command::Ask { plugin: index, question });
                    answers.push((index, None));
                    waits = true;
                }
                Asked::Full => answers.push((index, Some(member.full(&mut self.notices)))),
                Asked::Off => self.notices.push(Notice::Passed { plugin: member.name, why: "off" }),
            }
        }
        if waits {
            let consultation = Consultation { partition, number, asked_at: now, answers };
            self.consultations.insert(ticket, consultation);
            return None;
        }
        Some(answers.into_iter().filter_map(|(_, answer)| answer).collect())
    }

    /// Forgets the requests of a partition whose task ends: nobody waits for their answers.
    pub fn forget(&mut self, partition: i32) {
        self.consultations.retain(|_, consultation| consultation.partition != partition);
    }

    /// What is to be done to the threads, in order, since the last call.
    pub fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// A plugin's new thread could not be started: its questions will be overdue.
    pub fn not_replaced(&mut self, plugin: usize, reason: &str) {
        if let Some(member) = self.members.get_mut(plugin) {
            member.failed_with(reason);
        }
    }

    /// Takes in what a thread did, at `now` (UTC milliseconds).
    pub fn take_in(&mut self, message: Message, now: i64) {
        let Message { plugin: index, thread, content } = message;
        let Some(member) = self.members.get_mut(index) else { return };
        let (ticket, answer) = match content {
            MessageContent::Started(Ok(_)) => return,
            MessageContent::Started(Err(reason)) => return member.failed_with(&reason),
            MessageContent::Health(health) => return member.health(health, &mut self.notices),
            MessageContent::Ended => return member.in_flight.ended(thread),
            MessageContent::Answered { ticket, result, took } => {
                let treated = if result.is_ok() { Treated::Answered } else { Treated::Failed };
                if !member.in_flight.treated(thread, ticket, treated, now) {
                    return;
                }
                let asked_at = self.consultations.get(&ticket).map(|asked| asked.asked_at);
                let waited_ms = asked_at.map(|at| now - at);
                (ticket, member.answered(result, took, waited_ms, &mut self.notices))
            }
            MessageContent::Skipped { ticket } => {
                if !member.in_flight.treated(thread, ticket, Treated::Skipped, now) {
                    return;
                }
                (ticket, member.late(&mut self.notices))
            }
        };
        self.settle(ticket, index, Some(answer));
    }

    /// The requests that need not wait any longer at `now` (UTC milliseconds).
    pub fn poll(&mut self, now: i64) -> Vec<Settled> {
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            for ticket in member.in_flight.overdue(now) {
                let answer = self.members[index].late(&mut self.notices);
                self.settle(ticket, index, Some(answer));
            }
            for ticket in self.members[index].in_flight.dismissed() {
                self.settle(ticket, index, None);
            }
        }
        let complete =
            |consultation: &Consultation| consultation.answers.iter().all(|(_, answer)| answer.is_some());
        let done = self.consultations.extract_if(.., |_, consultation| complete(consultation));
        done.map(|(_, Consultation { partition, number, answers, .. })| Settled {
            partition,
            number,
            answers: answers.into_iter().filter_map(|(_, answer)| answer).collect(),
        })
        .collect()
    }

    /// What operators should know of since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        for member in &mut self.members {
            member.state_changes(&mut self.notices);
        }
        std::mem::take(&mut self.notices)
    }

    /// Where each of them stands.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        self.members.iter().map(Member::standing)
    }

    /// Takes in what one plugin makes of an event; nothing, if it need not be waited for.
    fn settle(&mut self, ticket: u64, index: usize, answer: Option<Answer>) {
        let Some(consultation) = self.consultations.get_mut(&ticket) else { return };
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
}
