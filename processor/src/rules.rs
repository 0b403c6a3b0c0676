//! Rules: CEL expressions from the configuration, compiled once, evaluated on every event they name.

mod expression;
mod variables;

use std::collections::BTreeMap;

use cel::{Context, Program, Value};
use trunkline_config::{Config, Rules};
use trunkline_schemas::event_id::derive;
use trunkline_schemas::{EnrichedEvent, PipelineError, RoutingDecision, Severity, WriteBack};

use self::expression::{compile, compile_all, fields, integer, text, texts, truth};
use self::variables::{conversation_value, decision_value, event_value, profile_value};

/// All rules of one configuration.
pub struct RuleSet {
    version: String,
    routing: Vec<Routing>,
    write_backs: Vec<WriteBackRule>,
}

/// What the rules make of one event.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Outcome {
    /// Of the first routing rule that matches.
    pub decision: Option<RoutingDecision>,
    /// Of every write-back rule that matches.
    pub write_backs: Vec<WriteBack>,
    /// Of every rule that failed.
    pub errors: Vec<PipelineError>,
}

/// Why the rules can not be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// An expression does not parse. `trunkline check` says where.
    #[error("rule '{rule}', {field}: {reason}")]
    Expression {
        /// Rule id.
        rule: String,
        /// Which of its expressions.
        field: String,
        /// What the parser said.
        reason: String,
    },
    /// A rule writes to a target that is not configured.
    #[error("rule '{rule}' writes to target '{target}', which is not configured")]
    Target {
        /// Rule id.
        rule: String,
        /// The target.
        target: String,
    },
}

struct Routing {
    id: String,
    on: Vec<String>,
    when: Program,
    queue: Program,
    priority: Option<Program>,
    skills: Option<Program>,
    attributes: Vec<(String, Program)>,
}

struct WriteBackRule {
    id: String,
    on: Vec<String>,
    when: Program,
    target: String,
    system: &'static str,
    org: String,
    operation: String,
    observe: bool,
    expires_ms: Option<i64>,
    resource: Option<Program>,
    parameters: Vec<(String, Program)>,
    fields: Vec<(String, Program)>,
}

// === impl RuleSet ===

impl RuleSet {
    /// No rules at all.
    pub fn none() -> Self {
        Self { version: String::new(), routing: Vec::new(), write_backs: Vec::new() }
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// [`RuleError`] for the first expression that does not parse.
    pub fn compile(config: &Config) -> Result<Self, RuleError> {
        let Rules { version, routing, write_backs, default_queue: _ } = &config.rules;
        let routing = routing
            .iter()
            .map(|rule| {
                let program = |field: &str, source: &str| compile(&rule.id, field, source);
                Ok(Routing {
                    id: rule.id.clone(),
                    on: rule.on.clone(),
                    when: program("when", &rule.when)?,
                    queue: program("queue", &rule.queue)?,
                    priority: rule.priority.as_deref().map(|p| program("priority", p)).transpose()?,
                    skills: rule.skills.as_deref().map(|s| program("skills", s)).transpose()?,
                    attributes: compile_all(&rule.id, "attributes", &rule.attributes)?,
                })
            })
            .collect::<Result<_, RuleError>>()?;
        let write_backs = write_backs
            .iter()
            .map(|rule| {
                let target = config.targets.get(&rule.target).ok_or_else(|| RuleError::Target {
                    rule: rule.id.clone(),
                    target: rule.target.clone(),
                })?;
                Ok(WriteBackRule {
                    id: rule.id.clone(),
                    on: rule.on.clone(),
                    when: compile(&rule.id, "when", &rule.when)?,
                    target: rule.target.clone(),
                    system: target.system.as_str(),
                    org: target.org.clone(),
                    operation: rule.operation.clone(),
                    observe: rule.observe,
                    expires_ms: rule.expires.map(|d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
                    resource: rule
                        .resource
                        .as_deref()
                        .map(|r| compile(&rule.id, "resource", r))
                        .transpose()?,
                    parameters: compile_all(&rule.id, "parameters", &rule.parameters)?,
                    fields: compile_all(&rule.id, "fields", &rule.fields)?,
                })
            })
            .collect::<Result<_, RuleError>>()?;
        Ok(Self { version: version.clone(), routing, write_backs })
    }

    /// Applies the rules to an event, at `now` (UTC milliseconds). A rule that fails is reported and does nothing.
    pub fn evaluate(&self, event: &EnrichedEvent, now: i64, instance: &str) -> Outcome {
        let named = |on: &[String]| on.contains(&event.event_type);
        if !self.routing.iter().any(|r| named(&r.on)) && !self.write_backs.iter().any(|r| named(&r.on)) {
            return Outcome::default();
        }
        let mut outcome = Outcome::default();
        let mut context = Context::default();
        context.add_variable_from_value("event", event_value(event));
        context.add_variable_from_value("profile", profile_value(event.profile.as_ref()));
        context.add_variable_from_value("conversation", conversation_value(event));
        context.add_variable_from_value("decision", Value::Null);
        for rule in self.routing.iter().filter(|r| named(&r.on)) {
            match self.decide(rule, event, &context, now) {
                Ok(None) => {}
                Ok(Some(decision)) => {
                    context.add_variable_from_value("decision", decision_value(&decision));
                    outcome.decision = Some(decision);
                    break;
                }
                Err(reason) => outcome.errors.push(failure(&rule.id, event, &reason, now, instance)),
            }
        }
        for rule in self.write_backs.iter().filter(|r| named(&r.on)) {
            match self.command(rule, event, &context, now) {
                Ok(None) => {}
                Ok(Some(command)) => outcome.write_backs.push(command),
                Err(reason) => outcome.errors.push(failure(&rule.id, event, &reason, now, instance)),
            }
        }
        outcome
    }

    fn decide(
        &self,
        rule: &Routing,
        event: &EnrichedEvent,
        context: &Context<'_, '_>,
        now: i64,
    ) -> Result<Option<RoutingDecision>, String> {
        let Some(conversation_id) = &event.conversation_id else { return Ok(None) };
        if !truth(&rule.when, "when", context)? {
            return Ok(None);
        }
        Ok(Some(RoutingDecision {
            decision_id: derive("decision", &[&event.event_id, &rule.id]),
            event_id: event.event_id.clone(),
            platform: event.platform.clone(),
            org_id: event.org_id.clone(),
            conversation_id: conversation_id.clone(),
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            customer_id: event.customer_id.clone(),
            queue: text(&rule.queue, "queue", context)?,
            priority: rule.priority.as_ref().map(|p| integer(p, "priority", context)).transpose()?,
            skills: rule
                .skills
                .as_ref()
                .map(|s| texts(s, "skills", context))
                .transpose()?
                .unwrap_or_default(),
            attributes: fields(&rule.attributes, context)?,
            rule_id: rule.id.clone(),
            rule_set_version: self.version.clone(),
            enrichment_status: event.enrichment.status,
            decided_at: now,
            correlation_id: event.correlation_id.clone(),
        }))
    }

    fn command(
        &self,
        rule: &WriteBackRule,
        event: &EnrichedEvent,
        context: &Context<'_, '_>,
        now: i64,
    ) -> Result<Option<WriteBack>, String> {
        if !truth(&rule.when, "when", context)? {
            return Ok(None);
        }
        let mut parameters = fields(&rule.parameters, context)?;
        // What an operation on a conversation needs is in the event; a rule states it only to differ.
        for (name, value) in
            [("conversationId", &event.conversation_id), ("participantId", &event.participant_id)]
        {
            if let Some(value) = value {
                parameters.entry(name.to_owned()).or_insert_with(|| value.clone());
            }
        }
        let resource = match &rule.resource {
            Some(resource) => text(resource, "resource", context)?,
            None => default_resource(rule, &parameters)?,
        };
        Ok(Some(WriteBack {
            command_id: derive("command", &[&event.event_id, &rule.id, &rule.operation]),
            target: rule.target.clone(),
            system: rule.system.to_owned(),
            operation: rule.operation.clone(),
            resource,
            parameters,
            fields: fields(&rule.fields, context)?,
            event_id: event.event_id.clone(),
            conversation_id: event.conversation_id.clone(),
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            customer_id: event.customer_id.clone(),
            correlation_id: event.correlation_id.clone(),
            rule_id: rule.id.clone(),
            rule_set_version: self.version.clone(),
            observe: rule.observe,
            issued_at: now,
            expires_at: rule.expires_ms.map(|ms| now.saturating_add(ms)),
        }))
    }
}

/// One writer per resource: the resource is what the operation changes.
fn default_resource(rule: &WriteBackRule, parameters: &BTreeMap<String, String>) -> Result<String, String> {
    let part = |name: &str| {
        parameters
            .get(name)
            .cloned()
            .ok_or_else(|| format!("operation '{}' needs parameter '{name}'", rule.operation))
    };
    let (system, org) = (rule.system, &rule.org);
    match rule.operation.as_str() {
        "participant_attributes" => Ok(format!(
            "{system}/{org}/conversations/{}/participants/{}",
            part("conversationId")?,
            part("participantId")?
        )),
        "upsert" => Ok(format!(
            "{system}/{org}/{}/{}/{}",
            part("object")?,
            part("externalIdField")?,
            part("externalId")?
        )),
        other => Err(format!("operation '{other}' has no default resource; give the rule a 'resource'")),
    }
}

fn failure(rule: &str, event: &EnrichedEvent, reason: &str, now: i64, instance: &str) -> PipelineError {
    PipelineError {
        error_id: derive("error", &[&event.event_id, rule]),
        code: "TL-3002".to_owned(),
        severity: Severity::Error,
        component: "processor".to_owned(),
        instance: instance.to_owned(),
        message: format!(
            "rule '{rule}' failed on an event of type {}: {reason}; it did nothing",
            event.event_type
        ),
        subject: Some(rule.to_owned()),
        conversation_id: event.conversation_id.clone(),
        contact_id: event.contact_id.clone(),
        flow_session_id: event.flow_session_id.clone(),
        correlation_id: Some(event.correlation_id.clone()),
        occurred_at: now,
    }
}

#[cfg(test)]
mod tests;
