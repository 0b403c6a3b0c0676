//! Routing rules: where a conversation should go.

use cel::Context;
use trunkline_config::RoutingRule;
use trunkline_plugin::{Actions, Context as Known, Decision, Failure, Plugin};
use trunkline_schemas::EnrichedEvent;

use crate::RuleError;
use crate::by_event::ByEvent;
use crate::environment::Environment;
use crate::expression::{Expression, Expressions, texts_by_name};
use crate::variables::Variables;

/// The step that decides by the first routing rule that matches, unless a step before it has decided.
pub(crate) struct RoutingStep {
    environment: Environment,
    rules: ByEvent<Routing>,
}

/// A routing rule, compiled.
struct Routing {
    id: String,
    when: Expression,
    queue: Expression,
    priority: Option<Expression>,
    skills: Option<Expression>,
    attributes: Expressions,
}

// === impl RoutingStep ===

impl RoutingStep {
    pub(crate) fn compile(environment: &Environment, rules: &[RoutingRule]) -> Result<Self, RuleError> {
        let mut compiled = ByEvent::default();
        for rule in rules {
            compiled.add(&rule.on, Routing::compile(rule)?);
        }
        Ok(Self { environment: environment.clone(), rules: compiled })
    }
}

impl Plugin for RoutingStep {
    fn events(&self) -> Vec<String> {
        self.rules.events()
    }

    fn handle(&mut self, event: &EnrichedEvent, known: &Known<'_>) -> Result<Actions, Failure> {
        let mut actions = Actions::new();
        // Without a conversation there is nothing to route.
        if event.conversation_id.is_none() || known.decision.is_some() {
            return Ok(actions);
        }
        let variables = Variables::enriched(event, None);
        let context = self.environment.context(&variables);
        for rule in self.rules.named(&event.event_type) {
            match rule.decide(&context) {
                Ok(None) => {}
                Ok(Some(decision)) => return Ok(actions.decide(decision)),
                Err(message) => actions.failures.push(Failure { rule: rule.id.clone(), message }),
            }
        }
        Ok(actions)
    }
}

// === impl Routing ===

impl Routing {
    fn compile(rule: &RoutingRule) -> Result<Self, RuleError> {
        Ok(Self {
            id: rule.id.clone(),
            when: Expression::compile(&rule.id, "when", &rule.when)?,
            queue: Expression::compile(&rule.id, "queue", &rule.queue)?,
            priority: Expression::compile_optional(&rule.id, "priority", rule.priority.as_deref())?,
            skills: Expression::compile_optional(&rule.id, "skills", rule.skills.as_deref())?,
            attributes: Expression::compile_all(&rule.id, "attributes", &rule.attributes)?,
        })
    }

    /// Where to, if the rule matches; else which of its expressions failed, and how.
    fn decide(&self, context: &Context<'_, '_>) -> Result<Option<Decision>, String> {
        if !self.when.truth(context)? {
            return Ok(None);
        }
        Ok(Some(Decision {
            rule: self.id.clone(),
            queue: self.queue.text(context)?,
            priority: self.priority.as_ref().map(|priority| priority.integer(context)).transpose()?,
            skills: self.skills.as_ref().map(|skills| skills.texts(context)).transpose()?.unwrap_or_default(),
            attributes: texts_by_name(&self.attributes, context)?,
        }))
    }
}
