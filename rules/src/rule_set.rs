//! All rules of one configuration: compiled once, asked about every event that they name.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::{Context, Env};
use trunkline_config::Config;
use trunkline_schemas::EnrichedEvent;

use crate::issue::{Issue, Issuer};
use crate::routing::Routing;
use crate::variables::Variables;
use crate::write_back::WritingBack;
use crate::{Outcome, Route, RuleError};

/// All rules of one configuration.
pub struct RuleSet {
    issuer: Issuer,
    /// The functions and types of CEL: making these costs more than any rule.
    environment: Arc<Env>,
    routing: Vec<Routing>,
    write_backs: Vec<WritingBack>,
    /// The rules that look at an event, by its type.
    named: HashMap<String, Named>,
}

/// Indices of rules, in the order of the file.
#[derive(Default)]
struct Named {
    routing: Vec<usize>,
    write_backs: Vec<usize>,
}

// === impl RuleSet ===

impl RuleSet {
    /// No rules at all.
    pub fn none() -> Self {
        Self::new(Issuer::none())
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// [`RuleError`] for the first expression that does not parse.
    pub fn compile(config: &Config) -> Result<Self, RuleError> {
        let mut rules = Self::new(Issuer::new(config));
        for (index, rule) in config.rules.routing.iter().enumerate() {
            rules.routing.push(Routing::compile(rule)?);
            let on: BTreeSet<&String> = rule.on.iter().collect();
            on.into_iter().for_each(|event_type| rules.named(event_type).routing.push(index));
        }
        for (index, rule) in config.rules.write_backs.iter().enumerate() {
            if !rules.issuer.knows(&rule.target) {
                return Err(RuleError::Target { rule: rule.id.clone(), target: rule.target.clone() });
            }
            rules.write_backs.push(WritingBack::compile(rule)?);
            let on: BTreeSet<&String> = rule.on.iter().collect();
            on.into_iter().for_each(|event_type| rules.named(event_type).write_backs.push(index));
        }
        Ok(rules)
    }

    /// Applies the rules to an event, at `now` (UTC milliseconds). A rule that fails is reported and does nothing.
    pub fn evaluate(&self, event: &EnrichedEvent, now: i64, instance: &str) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(named) = self.named.get(&event.event_type) else { return outcome };
        let issue = Issue { issuer: &self.issuer, event, now, instance };
        // Without a conversation there is nothing to route.
        let decided = match event.conversation_id {
            Some(_) => self.route(named, &issue, &mut outcome),
            None => None,
        };
        self.write_back(named, &issue, decided.as_ref(), &mut outcome);
        outcome.decision = decided.and_then(|(rule, route)| issue.decision(rule, route));
        outcome
    }

    /// Asks the routing rules, up to the first that matches.
    fn route(&self, named: &Named, issue: &Issue<'_>, outcome: &mut Outcome) -> Option<(&str, Route)> {
        let variables = Variables { event: issue.event, decision: None };
        let context = self.context(&variables);
        for rule in named.routing.iter().filter_map(|index| self.routing.get(*index)) {
            match rule.decide(&context) {
                Ok(None) => {}
                Ok(Some(route)) => return Some((&rule.id, route)),
                Err(reason) => outcome.errors.push(issue.failure(&rule.id, &reason)),
            }
        }
        None
    }

    /// Asks the write-back rules, all of them.
    fn write_back(
        &self,
        named: &Named,
        issue: &Issue<'_>,
        decided: Option<&(&str, Route)>,
        outcome: &mut Outcome,
    ) {
        let decision = decided.map(|(rule, route)| (*rule, route));
        let variables = Variables { event: issue.event, decision };
        let context = self.context(&variables);
        for rule in named.write_backs.iter().filter_map(|index| self.write_backs.get(*index)) {
            let command = rule.command(&context);
            match command.and_then(|command| command.map(|c| issue.write_back(&rule.id, c)).transpose()) {
                Ok(command) => outcome.write_backs.extend(command),
                Err(reason) => outcome.errors.push(issue.failure(&rule.id, &reason)),
            }
        }
    }

    fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            environment: Arc::new(Env::stdlib()),
            routing: Vec::new(),
            write_backs: Vec::new(),
            named: HashMap::new(),
        }
    }

    fn named(&mut self, event_type: &str) -> &mut Named {
        self.named.entry(event_type.to_owned()).or_default()
    }

    fn context<'v>(&self, variables: &'v Variables<'v>) -> Context<'v, 'v> {
        let mut context = Context::with_env(self.environment.clone());
        context.set_variable_resolver(variables);
        context
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
