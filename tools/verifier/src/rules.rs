//! What the rules of a configuration must have made of an event: computed from the event as it was published,
//! by this crate's own evaluation. The expressions are CEL (cel.dev), read by the `cel` crate; everything
//! around them is written anew.

mod expression;

use std::collections::{BTreeMap, HashMap};

use crate::avro::Fields;
use crate::configuration::{self, Configuration, RoutingRule, Target, WriteBackRule};
use crate::evidence::Expected;
use crate::evidence::outcome::{Choice, Write};
use expression::{Evaluation, Expression, Variables};

/// The rules of a configuration, ready to be applied.
pub struct Rules {
    evaluation: Evaluation,
    routing: Vec<Routing>,
    write_backs: Vec<WritingBack>,
    targets: BTreeMap<String, Target>,
    /// Rules that look at events of a type: routing, then write-backs, by index.
    named: HashMap<String, (Vec<usize>, Vec<usize>)>,
}

/// A rule that cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An expression.
    #[error("rule '{rule}', '{place}': {reason}")]
    Expression {
        /// The rule.
        rule: String,
        /// Which of its expressions.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
}

struct Routing {
    id: String,
    when: Expression,
    queue: Expression,
    priority: Option<Expression>,
    skills: Option<Expression>,
    attributes: Vec<(String, Expression)>,
}

struct WritingBack {
    rule: WriteBackRule,
    expires_ms: Option<i64>,
    when: Expression,
    resource: Option<Expression>,
    parameters: Vec<(String, Expression)>,
    fields: Vec<(String, Expression)>,
}

// === impl Rules ===

impl Rules {
    /// Reads the expressions of all rules.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn compile(configuration: &Configuration) -> Result<Self, Error> {
        let mut named: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (index, rule) in configuration.routing.iter().enumerate() {
            rule.on.iter().for_each(|on| named.entry(on.clone()).or_default().0.push(index));
        }
        for (index, rule) in configuration.write_backs.iter().enumerate() {
            rule.on.iter().for_each(|on| named.entry(on.clone()).or_default().1.push(index));
        }
        named.values_mut().for_each(|(routing, write_backs)| {
            routing.dedup();
            write_backs.dedup();
        });
        Ok(Self {
            evaluation: Evaluation::new(),
            routing: configuration.routing.iter().map(Routing::compile).collect::<Result<_, _>>()?,
            write_backs: configuration
                .write_backs
                .iter()
                .map(WritingBack::compile)
                .collect::<Result<_, _>>()?,
            targets: configuration.targets.clone(),
            named,
        })
    }

    /// What they make of an event of `events.enriched`; `None` where none looks at events of its type.
    ///
    /// # Errors
    /// When the event lacks a field that every event has.
    pub fn apply(&self, event: &Fields) -> Result<Option<Expected>, crate::avro::Error> {
        let Some((routing, write_backs)) = self.named.get(&event.text("eventType")?) else { return Ok(None) };
        let mut expected = Expected {
            event_id: event.text("eventId")?,
            correlation_id: event.text("correlationId")?,
            ..Expected::default()
        };
        let mut variables = Variables::of(event);
        let in_conversation = event.optional_text("conversationId")?.is_some();
        for rule in routing.iter().filter(|_| in_conversation).filter_map(|index| self.routing.get(*index)) {
            match rule.decide(&self.evaluation, &variables) {
                Ok(None) => {}
                Ok(Some(choice)) => {
                    variables.decide(&rule.id, &choice);
                    expected.decision = Some((rule.id.clone(), choice));
                    break;
                }
                Err(_) => expected.failing.push(rule.id.clone()),
            }
        }
        for rule in write_backs.iter().filter_map(|index| self.write_backs.get(*index)) {
            match rule.command(&self.evaluation, &variables, event, &self.targets) {
                Ok(None) => {}
                Ok(Some(write)) => {
                    expected.commands.insert(rule.rule.id.clone(), (write, rule.expires_ms));
                }
                Err(_) => expected.failing.push(rule.rule.id.clone()),
            }
        }
        Ok(Some(expected))
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rules").field("named", &self.named).finish_non_exhaustive()
    }
}

// === impl Routing ===

impl Routing {
    fn compile(rule: &RoutingRule) -> Result<Self, Error> {
        let one = |place: &str, source: &str| Expression::compile(&rule.id, place, source);
        Ok(Self {
            id: rule.id.clone(),
            when: one("when", &rule.when)?,
            queue: one("queue", &rule.queue)?,
            priority: rule.priority.as_deref().map(|source| one("priority", source)).transpose()?,
            skills: rule.skills.as_deref().map(|source| one("skills", source)).transpose()?,
            attributes: Expression::compile_all(&rule.id, &rule.attributes)?,
        })
    }

    fn decide(&self, evaluation: &Evaluation, variables: &Variables) -> Result<Option<Choice>, String> {
        let context = evaluation.with(variables);
        if !self.when.truth(&context)? {
            return Ok(None);
        }
        Ok(Some(Choice {
            queue: self.queue.text(&context)?.ok_or("the queue is null")?,
            priority: self.priority.as_ref().map(|priority| priority.integer(&context)).transpose()?,
            skills: self
                .skills
                .as_ref()
                .map(|skills| skills.texts(&context))
                .transpose()?
                .unwrap_or_default(),
            attributes: expression::texts(&self.attributes, &context)?,
        }))
    }
}

// === impl WritingBack ===

impl WritingBack {
    fn compile(rule: &WriteBackRule) -> Result<Self, Error> {
        let one = |place: &str, source: &str| Expression::compile(&rule.id, place, source);
        Ok(Self {
            expires_ms: rule.expires_ms()?,
            when: one("when", &rule.when)?,
            resource: rule.resource.as_deref().map(|source| one("resource", source)).transpose()?,
            parameters: Expression::compile_all(&rule.id, &rule.parameters)?,
            fields: Expression::compile_all(&rule.id, &rule.fields)?,
            rule: rule.clone(),
        })
    }

    fn command(
        &self,
        evaluation: &Evaluation,
        variables: &Variables,
        event: &Fields,
        targets: &BTreeMap<String, Target>,
    ) -> Result<Option<Write>, String> {
        let context = evaluation.with(variables);
        if !self.when.truth(&context)? {
            return Ok(None);
        }
        let WriteBackRule { target, operation, observe, .. } = &self.rule;
        let Target { system, org, .. } = targets.get(target).ok_or("its target is not configured")?;
        let resource = self.resource.as_ref().map(|resource| resource.text(&context)).transpose()?;
        let mut parameters = expression::texts(&self.parameters, &context)?;
        // What an operation on a conversation needs is in the event; a rule states it only to differ (docs/rules.md).
        for name in ["conversationId", "participantId"] {
            if let Ok(Some(value)) = event.optional_text(name) {
                parameters.entry(name.to_owned()).or_insert(value);
            }
        }
        let resource = match resource {
            Some(resource) => resource.ok_or("the resource is null")?,
            None => default_resource(system, org, operation, &parameters).ok_or("it has no resource")?,
        };
        Ok(Some(Write {
            target: target.clone(),
            system: system.clone(),
            operation: operation.clone(),
            resource,
            parameters,
            fields: expression::texts(&self.fields, &context)?,
            observe: *observe,
        }))
    }
}

/// The resource that an operation changes, where the rule names none (docs/rules.md).
fn default_resource(
    system: &str,
    org: &str,
    operation: &str,
    parameters: &BTreeMap<String, String>,
) -> Option<String> {
    let part = |name: &str| parameters.get(name);
    match operation {
        "participant_attributes" => Some(format!(
            "{system}/{org}/conversations/{}/participants/{}",
            part("conversationId")?,
            part("participantId")?
        )),
        "upsert" => Some(format!(
            "{system}/{org}/{}/{}/{}",
            part("object")?,
            part("externalIdField")?,
            part("externalId")?
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
