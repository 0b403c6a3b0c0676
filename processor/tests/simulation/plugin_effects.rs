//! Judges what plugins want: it takes effect with the event's transaction or not at all, and only as an answer to the
//! question that its process asked last.

use std::collections::{BTreeMap, HashMap};

use trunkline_schemas::{EnrichedEvent, RoutingDecision, WriteBack};

use crate::log::Txn;
use crate::plugins::{EVENT_TYPE, FIELD, attribute, names, parse_token};
use crate::world::Violation;

/// What a plugin wants takes effect with the event's transaction or not at all, and an event waits for it no
/// longer than its budget.
pub const PLUGINS: &str = "plugins";

/// Something that came of a plugin's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Effect {
    token: Option<String>,
    txn: Option<Txn>,
}

/// What came of plugins.
#[derive(Debug, Default)]
pub struct PluginEffects {
    /// The latest question about an event, by the process that asked.
    asked: HashMap<(String, usize), u64>,
    /// By event and plugin.
    decisions: BTreeMap<(String, String), Effect>,
    commands: BTreeMap<(String, String), Effect>,
    /// By event: the transaction it was published in.
    transactions: HashMap<String, Option<Txn>>,
}

// === impl PluginEffects ===

impl PluginEffects {
    /// A process asked about an event; what it asked before is void.
    pub fn asked(&mut self, number: usize, ticket: u64, event: &str) {
        self.asked.insert((event.to_owned(), number), ticket);
    }

    /// An event was published.
    pub fn published(&mut self, event: &EnrichedEvent, txn: Option<Txn>) -> Result<(), Violation> {
        self.transactions.insert(event.event_id.clone(), txn);
        for token in names().filter_map(|plugin| event.attributes.get(&attribute(plugin))) {
            let latest = |(number, ticket)| {
                self.asked.get(&(event.event_id.clone(), number)).is_some_and(|asked| *asked == ticket)
            };
            if !parse_token(token).is_some_and(latest) {
                let void =
                    format!("event {} has the answer {token} of an attempt that is void", event.event_id);
                return Err(violation(void));
            }
        }
        Ok(())
    }

    /// A decision was published. False when no plugin made it.
    pub fn decided(&mut self, decision: &RoutingDecision, txn: Option<Txn>) -> Result<bool, Violation> {
        let token = decision.attributes.get(FIELD).cloned();
        let key = (decision.event_id.clone(), decision.rule_id.clone());
        take(&mut self.decisions, key, Effect { token, txn })
    }

    /// A command was published. False when no plugin wanted it.
    pub fn commanded(&mut self, command: &WriteBack, txn: Option<Txn>) -> Result<bool, Violation> {
        let token = command.fields.get(FIELD).cloned();
        let key = (command.event_id.clone(), command.rule_id.clone());
        take(&mut self.commands, key, Effect { token, txn })
    }

    /// Everything is finished: whether all that is said on events took effect, and nothing else.
    pub fn judge<'e>(&self, events: impl Iterator<Item = &'e EnrichedEvent>) -> Result<(), Violation> {
        let (mut decisions, mut commands) = (BTreeMap::new(), BTreeMap::new());
        for event in events {
            let txn = self.transactions.get(&event.event_id).copied().flatten();
            for plugin in names() {
                let Some(token) = event.attributes.get(&attribute(plugin)) else { continue };
                if event.event_type != EVENT_TYPE {
                    return Err(violation(format!("event {} is none for plugins", event.event_id)));
                }
                let key = (event.event_id.clone(), plugin.to_owned());
                let effect = Effect { token: Some(token.clone()), txn };
                commands.insert(key.clone(), effect.clone());
                // The first of them that decides is followed.
                if names()
                    .take_while(|other| *other != plugin)
                    .all(|other| !event.attributes.contains_key(&attribute(other)))
                {
                    decisions.insert(key, effect);
                }
            }
        }
        differing("decision", &decisions, &self.decisions)?;
        differing("command", &commands, &self.commands)
    }
}

type Effects = BTreeMap<(String, String), Effect>;

fn take(effects: &mut Effects, key: (String, String), effect: Effect) -> Result<bool, Violation> {
    if !names().any(|plugin| plugin == key.1) {
        return Ok(false);
    }
    match effects.insert(key.clone(), effect) {
        None => Ok(true),
        Some(_) => Err(violation(format!("what '{}' wants of event {} took effect twice", key.1, key.0))),
    }
}

fn differing(what: &str, wanted: &Effects, effective: &Effects) -> Result<(), Violation> {
    let keys = wanted.keys().chain(effective.keys());
    for (event, plugin) in keys {
        let key = (event.clone(), plugin.clone());
        let (wanted, effective) = (wanted.get(&key), effective.get(&key));
        if wanted != effective {
            return Err(violation(format!(
                "event {event} says that '{plugin}' wants a {what} {wanted:?}, and {effective:?} took effect"
            )));
        }
    }
    Ok(())
}

fn violation(what: String) -> Violation {
    Violation { invariant: PLUGINS, what }
}
