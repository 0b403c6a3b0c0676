//! Rules: CEL expressions from the configuration, compiled once, evaluated on every event they name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{Context, Program, Value};
use rust_decimal::prelude::ToPrimitive;
use trunkline_config::{Config, Rules};
use trunkline_schemas::event_id::derive;
use trunkline_schemas::{
    EnrichedEvent, EventTimeSource, PipelineError, ProfileView, RoutingDecision, Severity, WriteBack,
};

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
        let named = |on: &[String]| on.iter().any(|t| *t == event.event_type);
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

fn compile(rule: &str, field: &str, source: &str) -> Result<Program, RuleError> {
    Program::compile(source).map_err(|errors| RuleError::Expression {
        rule: rule.to_owned(),
        field: field.to_owned(),
        reason: errors.to_string(),
    })
}

fn compile_all(
    rule: &str,
    group: &str,
    sources: &BTreeMap<String, String>,
) -> Result<Vec<(String, Program)>, RuleError> {
    sources
        .iter()
        .map(|(name, source)| Ok((name.clone(), compile(rule, &format!("{group}.{name}"), source)?)))
        .collect()
}

fn run(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<Value, String> {
    program.execute(context).map_err(|error| format!("{what}: {error}"))
}

fn truth(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<bool, String> {
    match run(program, what, context)? {
        Value::Bool(truth) => Ok(truth),
        other => Err(format!("{what}: gives {}, not a bool", other.type_of())),
    }
}

fn text(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<String, String> {
    as_text(run(program, what, context)?).map_err(|kind| format!("{what}: gives {kind}, not a text"))
}

fn integer(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<i32, String> {
    let number = match run(program, what, context)? {
        Value::Int(number) => i32::try_from(number).ok(),
        Value::UInt(number) => i32::try_from(number).ok(),
        _ => None,
    };
    number.ok_or_else(|| format!("{what}: does not give an int of 32 bits"))
}

fn texts(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<Vec<String>, String> {
    match run(program, what, context)? {
        Value::List(list) => list
            .iter()
            .map(|v| as_text(v.clone()).map_err(|kind| format!("{what}: holds {kind}, not a text")))
            .collect(),
        other => Err(format!("{what}: gives {}, not a list", other.type_of())),
    }
}

/// Fields whose value is null are left out: unknown is not written.
fn fields(
    programs: &[(String, Program)],
    context: &Context<'_, '_>,
) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    for (name, program) in programs {
        match run(program, name, context)? {
            Value::Null => {}
            value => {
                let value = as_text(value).map_err(|kind| format!("{name}: gives {kind}, not a text"))?;
                values.insert(name.clone(), value);
            }
        }
    }
    Ok(values)
}

fn as_text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        Value::Int(number) => Ok(number.to_string()),
        Value::UInt(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(other.type_of().to_string()),
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

// What expressions see: the fields of the published values, under their published names.

fn event_value(event: &EnrichedEvent) -> Value {
    let attributes = event.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str().into()));
    let source = object([
        ("name", event.source.name.as_str().into()),
        ("kind", event.source.kind.as_str().into()),
        ("channel", event.source.channel.as_str().into()),
        ("transportId", optional(event.source.transport_id.as_deref())),
        ("adapter", event.source.adapter.as_str().into()),
        ("schemaVersion", event.source.schema_version.as_str().into()),
        ("backfilled", Value::Bool(event.source.backfilled)),
    ]);
    object([
        ("eventId", event.event_id.as_str().into()),
        ("eventType", event.event_type.as_str().into()),
        ("sourceType", event.source_type.as_str().into()),
        ("platform", event.platform.as_str().into()),
        ("orgId", event.org_id.as_str().into()),
        ("entityType", event.entity_type.as_str().into()),
        ("entityId", event.entity_id.as_str().into()),
        ("conversationId", optional(event.conversation_id.as_deref())),
        ("contactId", optional(event.contact_id.as_deref())),
        ("flowSessionId", optional(event.flow_session_id.as_deref())),
        ("participantId", optional(event.participant_id.as_deref())),
        ("agentId", optional(event.agent_id.as_deref())),
        ("queueId", optional(event.queue_id.as_deref())),
        ("customerId", optional(event.customer_id.as_deref())),
        ("mediaType", optional(event.media_type.as_deref())),
        ("direction", optional(event.direction.as_deref())),
        ("eventTime", Value::Int(event.event_time)),
        ("eventTimeSource", time_source(event.event_time_source).into()),
        ("ingestTime", Value::Int(event.ingest_time)),
        ("correlationId", event.correlation_id.as_str().into()),
        ("sequence", event.sequence.map_or(Value::Null, Value::Int)),
        ("source", source),
        ("attributes", object(attributes)),
        ("data", optional(event.data.as_deref())),
    ])
}

fn time_source(source: EventTimeSource) -> &'static str {
    match source {
        EventTimeSource::Unknown => "UNKNOWN",
        EventTimeSource::Platform => "PLATFORM",
        EventTimeSource::Ingest => "INGEST",
    }
}

fn profile_value(profile: Option<&ProfileView>) -> Value {
    let Some(profile) = profile else { return Value::Null };
    object([
        ("customerId", profile.customer_id.as_str().into()),
        ("accountName", optional(profile.account_name.as_deref())),
        ("loyaltyTier", optional(profile.loyalty_tier.as_deref())),
        ("balance", profile.balance.and_then(|b| b.to_f64()).map_or(Value::Null, Value::Float)),
        ("currency", optional(profile.currency.as_deref())),
        ("openTickets", profile.open_tickets.map_or(Value::Null, |n| Value::Int(n.into()))),
        ("lastInteractionDate", profile.last_interaction_date.map_or(Value::Null, Value::Int)),
    ])
}

fn conversation_value(event: &EnrichedEvent) -> Value {
    let conversation = &event.conversation;
    let number = |n: Option<i64>| n.map_or(Value::Null, Value::Int);
    object([
        ("state", conversation.state.as_str().into()),
        ("startedAt", number(conversation.started_at)),
        ("queuedMs", number(conversation.queued_ms)),
        ("handledMs", number(conversation.handled_ms)),
        ("transfers", Value::Int(conversation.transfers.into())),
        ("events", Value::Int(conversation.events)),
    ])
}

fn decision_value(decision: &RoutingDecision) -> Value {
    object([
        ("queue", decision.queue.as_str().into()),
        ("priority", decision.priority.map_or(Value::Null, |p| Value::Int(p.into()))),
        ("ruleId", decision.rule_id.as_str().into()),
    ])
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Into::into)
}

fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let map: HashMap<Key, Value> =
        entries.into_iter().map(|(key, value)| (Key::String(Arc::new(key.to_owned())), value)).collect();
    Value::Map(Map { map: Arc::new(map) })
}

#[cfg(test)]
mod tests;
