//! Write-back rules: what is to be changed in an outside system.

use std::time::Duration;

use cel::Context;
use trunkline_config::WriteBackRule;
use trunkline_plugin::{Actions, Context as Known, Failure, Plugin, WriteBack};
use trunkline_schemas::EnrichedEvent;

use crate::RuleError;
use crate::by_event::ByEvent;
use crate::environment::Environment;
use crate::expression::{Expression, Expressions, texts_by_name};
use crate::variables::Variables;

/// The step that issues a command for every write-back rule that matches.
pub(crate) struct WriteBackStep {
    environment: Environment,
    rules: ByEvent<WritingBack>,
}

/// A write-back rule, compiled.
struct WritingBack {
    id: String,
    when: Expression,
    target: String,
    operation: String,
    observe: bool,
    expires: Option<Duration>,
    resource: Option<Expression>,
    parameters: Expressions,
    fields: Expressions,
}

// === impl WriteBackStep ===

impl WriteBackStep {
    pub(crate) fn compile(environment: &Environment, rules: &[WriteBackRule]) -> Result<Self, RuleError> {
        let mut compiled = ByEvent::default();
        for rule in rules {
            compiled.add(&rule.on, WritingBack::compile(rule)?);
        }
        Ok(Self { environment: environment.clone(), rules: compiled })
    }
}

impl Plugin for WriteBackStep {
    fn events(&self) -> Vec<String> {
        self.rules.events()
    }

    fn handle(&mut self, event: &EnrichedEvent, known: &Known<'_>) -> Result<Actions, Failure> {
        let mut actions = Actions::new();
        let variables = Variables::enriched(event, known.decision);
        let context = self.environment.context(&variables);
        for rule in self.rules.named(&event.event_type) {
            match rule.command(&context) {
                Ok(command) => actions.write_backs.extend(command),
                Err(message) => actions.failures.push(Failure { rule: rule.id.clone(), message }),
            }
        }
        Ok(actions)
    }
}

// === impl WritingBack ===

impl WritingBack {
    fn compile(rule: &WriteBackRule) -> Result<Self, RuleError> {
        Ok(Self {
            id: rule.id.clone(),
            when: Expression::compile(&rule.id, "when", &rule.when)?,
            target: rule.target.clone(),
            operation: rule.operation.clone(),
            observe: rule.observe,
            expires: rule.expires,
            resource: Expression::compile_optional(&rule.id, "resource", rule.resource.as_deref())?,
            parameters: Expression::compile_all(&rule.id, "parameters", &rule.parameters)?,
            fields: Expression::compile_all(&rule.id, "fields", &rule.fields)?,
        })
    }

    /// What to write, if the rule matches; else which of its expressions failed, and how.
    fn command(&self, context: &Context<'_, '_>) -> Result<Option<WriteBack>, String> {
        if !self.when.truth(context)? {
            return Ok(None);
        }
        Ok(Some(WriteBack {
            rule: self.id.clone(),
            target: self.target.clone(),
            operation: self.operation.clone(),
            observe: self.observe,
            expires: self.expires,
            resource: self.resource.as_ref().map(|resource| resource.text(context)).transpose()?,
            parameters: texts_by_name(&self.parameters, context)?,
            fields: texts_by_name(&self.fields, context)?,
        }))
    }
}
