//! Plugins as a partition sees them: which look at an event, who waits for which until when, and what they
//! add. Pure: what is to be asked of a plugin's thread is returned as a [`Command`], what the thread does
//! comes in as a [`Message`].
//!
//! An event waits at the head of its lane for the plugins that want to see it, at most for their budgets; what one does
//! not answer in time is left out, and reported. A plugin that fails, panics or does not come back is turned off for a
//! while, and its events do not wait for it meanwhile. One that wants to know something first has its lookups made
//! beside its thread, and is asked again, within the same budget.
//!
//! # Layout
//!
//! - [`Plugins`]: all of them, and the events that wait
//! - [`Command`], [`Question`], [`Message`]: what goes to the threads, and what comes from them
//! - [`LookupOrder`], [`LookedUp`]: what goes to the sources, and what comes from them
//! - `consultation`: an event that waits; `lookups`: what its plugins want looked up
//! - `member`: one plugin
//! - `in_flight`: who waits for one plugin, until when
//! - `breaker`: when it is turned off and on
//! - `attributes`: what plugins add to an event
//! - [`Notice`], [`Standing`]: what is reported to operators

mod attributes;
mod breaker;
mod consultation;
mod in_flight;
mod lookups;
mod member;
mod message;
mod notice;

pub use attributes::add_attributes;
pub use message::{Command, LookedUp, LookupId, LookupOrder, Message, MessageContent, Question, Ready};
pub use notice::{Notice, Standing, StateChange};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use trunkline_plugin::Actions;
use trunkline_rules::Answer;
use trunkline_schemas::EnrichedEvent;

use self::consultation::{Consultation, Turn, answers};
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
    /// Sources that it may want looked up.
    pub lookups: Vec<String>,
}

/// What a task asks plugins about: an event as it will be published, but for what they add to it.
#[derive(Debug, Clone)]
pub struct PluginRequest {
    /// Names the request among those of its task.
    pub number: u64,
    /// The event.
    pub event: Arc<EnrichedEvent>,
    /// Whose profile it gets, whether or not that came in time; `None` for nobody's.
    pub customer: Option<String>,
    /// W3C trace context of the record that it came in.
    pub traceparent: Option<String>,
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
    /// Who waits for lookups: until when (UTC milliseconds), with which request, and which plugin.
    looking_up: BTreeSet<(i64, u64, usize)>,
    /// Lookups that are ordered and not answered.
    orders: usize,
    /// So many at most.
    most_orders: usize,
    commands: Vec<Command>,
    notices: Vec<Notice>,
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

    /// With so many lookups under way at most; those beyond are refused.
    #[must_use]
    pub fn looking_up_at_most(mut self, lookups: usize) -> Self {
        self.most_orders = lookups;
        self
    }

    /// The types of events that any of them looks at.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.interested.keys().map(String::as_str)
    }

    /// Asks them about an event of a partition, at `now` (UTC milliseconds). Returns their answers where it
    /// need not wait; else [`Plugins::poll`] gives them later.
    pub fn ask(&mut self, partition: i32, request: PluginRequest, now: i64) -> Option<Vec<Answer>> {
        let PluginRequest { number, event, customer, traceparent } = request;
        let interested = self.interested.get(&event.event_type).cloned().unwrap_or_default();
        self.tickets += 1;
        let ticket = self.tickets;
        let mut turns = Vec::new();
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
                    let question = Question { ticket, event: event.clone(), now, until, answers: None };
                    self.commands.push(Command::Ask { plugin: index, question });
                    turns.push((index, Turn::Asked { before: None }));
                    waits = true;
                }
                Asked::Full => turns.push((index, Turn::Done(member.full(&mut self.notices)))),
                Asked::Off => self.notices.push(Notice::Passed { plugin: member.name, why: "off" }),
            }
        }
        if waits {
            let consultation =
                Consultation { partition, number, asked_at: now, event, customer, traceparent, turns };
            self.consultations.insert(ticket, consultation);
            return None;
        }
        Some(answers(turns))
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
                return self.answered((index, thread, ticket), result, took, now);
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

    /// A thread has answered: it wants something looked up first, or this is the answer.
    fn answered(
        &mut self,
        (index, thread, ticket): (usize, u64, u64),
        result: Result<Actions, String>,
        took: Duration,
        now: i64,
    ) {
        let (result, lookups) = self.wanted_lookups(ticket, index, result);
        let member = &mut self.members[index];
        if let (Ok(wants), false) = (&result, lookups.is_empty()) {
            if member.in_flight.deferred(thread, ticket) {
                self.notices.push(Notice::Deferred { plugin: member.name, took });
                self.look_up(ticket, index, wants.clone(), lookups, now);
            }
            return;
        }
        let treated = if result.is_ok() { Treated::Answered } else { Treated::Failed };
        if !member.in_flight.treated(thread, ticket, treated, now) {
            return;
        }
        let consultation = self.consultations.get_mut(&ticket);
        let waited_ms = consultation.as_ref().map(|asked| now - asked.asked_at);
        let before = consultation.and_then(|asked| match asked.turn(index) {
            Some(Turn::Asked { before }) => before.take(),
            _ => None,
        });
        let result = result.map(|wants| before.unwrap_or_default().and(wants));
        let answer = member.answered(result, took, waited_ms, &mut self.notices);
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
        self.end_lookups(now);
        let done = self.consultations.extract_if(.., |_, consultation| consultation.is_complete());
        let settled = |(_, consultation): (u64, Consultation)| Settled {
            partition: consultation.partition,
            number: consultation.number,
            answers: consultation.into_answers(),
        };
        done.map(settled).collect()
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
                if let Some(turn) = consultation.turn(index) {
                    *turn = Turn::Done(answer);
                }
            }
            None => consultation.leave_out(index),
        }
    }
}
