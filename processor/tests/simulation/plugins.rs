//! Plugins, as the threads of one process: each takes one question after the other, and is quick or slow,
//! fails, panics, never comes back, or is gone at once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use trunkline_kafka::ports::Clock;
use trunkline_partition::plugins::{LookedUp, LookupOrder, Message, MessageContent, Question, Registration};
use trunkline_plugin::{Actions, Decision, Lookup, WriteBack};
use trunkline_processor::engine::{PluginLookups, PluginThreads};
use trunkline_schemas::{EnrichedEvent, SourceStatus, event_type as et};

use crate::handle::{Activity, Handle};
use crate::plan::Plan;
use crate::saboteurs::Sabotage;
use crate::surroundings::ModelClock;

/// The plugins, in the order in which they are followed, each with its budget in milliseconds.
const PLUGINS: [(&str, i64); 2] = [("first", 40), ("second", 150)];

/// The events that they look at.
pub const EVENT_TYPE: &str = et::MESSAGE_RECEIVED;

/// What a token begins with.
pub const TOKEN: &str = "token-";

/// Names the attribute, the field of a decision and the field of a command that say which question they answer.
pub const FIELD: &str = "token";

/// What plugins look up.
const SOURCE: &str = "points";

/// Longer than any run takes; milliseconds.
const ENDLESS_MS: i64 = 1 << 40;

/// The plugins of one process.
pub struct ModelPlugins {
    handle: Handle,
    clock: ModelClock,
    sabotage: Option<Sabotage>,
    members: Vec<Member>,
    messages: VecDeque<Message>,
    /// The first token of each event, for the saboteur that does not forget it.
    first_tokens: HashMap<String, String>,
}

/// The source that plugins look up, asked beside the loop.
pub struct ModelSource {
    handle: Handle,
    /// Answers, each with the time at which it comes.
    under_way: Vec<(i64, LookedUp)>,
}

/// The threads of one plugin.
#[derive(Default)]
struct Member {
    present: u64,
    threads: BTreeMap<u64, Thread>,
}

#[derive(Default)]
struct Thread {
    questions: VecDeque<Question>,
    /// What it works on, and until when.
    work: Option<(i64, MessageContent)>,
    gone: bool,
}

/// The names of plugins, in the order in which they are followed.
pub fn names() -> impl Iterator<Item = &'static str> {
    PLUGINS.iter().map(|(name, _)| *name)
}

/// The plugins that a seed has.
pub fn registrations(plan: &Plan, sabotage: Option<Sabotage>) -> Vec<Registration> {
    let registration = |(name, budget_ms): &(&'static str, i64)| Registration {
        name,
        events: vec![EVENT_TYPE.to_owned()],
        queue: plan.plugin_queue,
        budget_ms: if sabotage == Some(Sabotage::EndlessPatience) { ENDLESS_MS } else { *budget_ms },
        lookups: vec![SOURCE.to_owned()],
    };
    if plan.plugin_queue == 0 { Vec::new() } else { PLUGINS.iter().map(registration).collect() }
}

/// The attribute by which a plugin says on an event which question it answered.
pub fn attribute(plugin: &str) -> String {
    format!("plugin-{plugin}")
}

/// A token's process and ticket.
pub fn parse_token(token: &str) -> Option<(usize, u64)> {
    let (number, ticket) = token.strip_prefix(TOKEN)?.split_once('-')?;
    Some((number.parse().ok()?, ticket.parse().ok()?))
}

// === impl ModelPlugins ===

impl ModelPlugins {
    /// So many plugins of a process with this clock.
    pub fn new(handle: Handle, clock: ModelClock, plugins: usize, sabotage: Option<Sabotage>) -> Self {
        let member = || Member { present: 0, threads: BTreeMap::from([(0, Thread::default())]) };
        Self {
            handle,
            clock,
            sabotage,
            members: (0..plugins).map(|_| member()).collect(),
            messages: VecDeque::new(),
            first_tokens: HashMap::new(),
        }
    }

    /// Lets every thread work until now.
    fn work(&mut self) {
        let now = self.clock.now_ms();
        for plugin in 0..self.members.len() {
            let threads: Vec<u64> = self.members[plugin].threads.keys().copied().collect();
            for thread in threads {
                while self.work_once(plugin, thread, now) {}
            }
        }
    }

    /// One step of a thread. False when it has nothing to do until later.
    fn work_once(&mut self, plugin: usize, thread: u64, now: i64) -> bool {
        let member = &mut self.members[plugin];
        let given_up = thread != member.present;
        let Some(state) = member.threads.get_mut(&thread) else { return false };
        if state.gone {
            state.questions.clear();
            return false;
        }
        let content = match state.work.take() {
            Some((until, content)) if until > now => {
                state.work = Some((until, content));
                return false;
            }
            Some((_, content)) => content,
            None => match state.questions.pop_front() {
                None if given_up => {
                    member.threads.remove(&thread);
                    MessageContent::Ended
                }
                None => return false,
                Some(question) if question.until <= now => {
                    MessageContent::Skipped { ticket: question.ticket }
                }
                Some(question) => return self.begin(plugin, thread, &question, now),
            },
        };
        self.messages.push_back(Message { plugin, thread, content });
        true
    }

    fn begin(&mut self, plugin: usize, thread: u64, question: &Question, now: i64) -> bool {
        let token = self.token(question);
        let mut world = self.handle.world();
        if world.fault(|plan| plan.plugin_gone) {
            world.note("plugin's thread gone", || PLUGINS[plugin].0.to_owned());
            drop(world);
            self.messages.push_back(Message { plugin, thread, content: MessageContent::Ended });
            if let Some(state) = self.members[plugin].threads.get_mut(&thread) {
                state.gone = true;
            }
            return false;
        }
        let takes = if world.fault(|plan| plan.plugin_hangs) {
            world.note("plugin does not come back", || PLUGINS[plugin].0.to_owned());
            world.dice.between(5_000, 60_000)
        } else if world.fault(|plan| plan.plugin_slow) {
            world.count("slow plugin");
            world.dice.between(10, 400)
        } else {
            world.dice.between(0, 8)
        };
        let result = if world.fault(|plan| plan.plugin_fails) {
            world.count("plugin fails");
            Err(world.dice.pick(&["no model", "it panicked: boom"]).to_string())
        } else {
            world.count("plugin answers");
            match &question.answers {
                None if world.fault(|plan| plan.plugin_looks_up) => {
                    world.count("plugin looks up");
                    Ok(Actions::new().look_up(Lookup::new(SOURCE).parameter(FIELD, &token)))
                }
                None => Ok(wants(PLUGINS[plugin].0, &token, &question.event)),
                // What it wants is what it was told: the answer to a lookup of another attempt would show.
                Some(answers) => {
                    world.count("plugin is told");
                    let asked = &answers[0].lookup.parameters[FIELD];
                    let told = answers[0].value(FIELD).unwrap_or(asked);
                    Ok(wants(PLUGINS[plugin].0, told, &question.event))
                }
            }
        };
        drop(world);
        let took = Duration::from_millis(takes.unsigned_abs());
        let content = MessageContent::Answered { ticket: question.ticket, result, took };
        if let Some(state) = self.members[plugin].threads.get_mut(&thread) {
            state.work = Some((now + takes, content));
        }
        true
    }

    fn token(&mut self, question: &Question) -> String {
        let token = format!("{TOKEN}{}-{}", self.handle.number, question.ticket);
        if self.sabotage != Some(Sabotage::StaleAnswer) {
            return token;
        }
        self.first_tokens.entry(question.event.event_id.clone()).or_insert(token).clone()
    }
}

impl PluginThreads for ModelPlugins {
    fn ask(&mut self, plugin: usize, question: Question) {
        self.handle.point(Activity::UnderWay);
        // Asked a second time, the event waits no longer than before.
        if question.answers.is_none() {
            let until = question.now + PLUGINS[plugin].1;
            self.handle.world().plugin_asked(self.handle.number, question.ticket, &question.event, until);
        }
        let member = &mut self.members[plugin];
        let queue = self.handle.world().plan.plugin_queue;
        if let Some(thread) = member.threads.get_mut(&member.present)
            && thread.questions.len() < queue
        {
            thread.questions.push_back(question);
        }
    }

    fn replace(&mut self, plugin: usize, thread: u64) -> Result<(), String> {
        self.handle.world().count("plugin's thread replaced");
        let member = &mut self.members[plugin];
        member.threads.retain(|_, thread| !thread.gone);
        member.present = thread;
        member.threads.insert(thread, Thread::default());
        Ok(())
    }

    fn next_message(&mut self) -> Option<Message> {
        self.work();
        let message = self.messages.pop_front();
        if message.is_none() {
            let now = self.clock.now_ms();
            self.handle.world().plugins_taken_in(self.handle.number, now);
        }
        message
    }
}

// === impl ModelSource ===

impl ModelSource {
    /// Nothing asked yet.
    pub fn new(handle: Handle) -> Self {
        Self { handle, under_way: Vec::new() }
    }
}

impl PluginLookups for ModelSource {
    fn look_up(&mut self, order: LookupOrder) {
        self.handle.point(Activity::UnderWay);
        let mut world = self.handle.world();
        let (delay, status, values) = if world.fault(|plan| plan.slow_lookups) {
            world.count("slow source");
            (world.dice.between(20, 500), SourceStatus::Timeout, BTreeMap::new())
        } else {
            (world.dice.between(0, 20), SourceStatus::Ok, order.lookup.parameters)
        };
        let looked_up = LookedUp { id: order.id, status, values };
        self.under_way.push((world.now() + delay, looked_up));
    }

    fn next_answer(&mut self) -> Option<LookedUp> {
        let now = self.handle.world().now();
        let due = self.under_way.iter().position(|(at, _)| *at <= now)?;
        Some(self.under_way.swap_remove(due).1)
    }
}

/// What a plugin wants of an event: everything it can, each with the token of the question.
fn wants(plugin: &str, token: &str, event: &EnrichedEvent) -> Actions {
    let Some(conversation) = &event.conversation_id else { return Actions::new() };
    let mut decision = Decision::to(conversation);
    decision.attributes.insert(FIELD.to_owned(), token.to_owned());
    Actions::new().attribute(attribute(plugin), token).decide(decision).write_back(
        WriteBack::new("genesys", "participant_attributes")
            .parameter("participantId", "customer")
            .field(FIELD, token),
    )
}
