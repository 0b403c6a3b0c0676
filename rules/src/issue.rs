//! From what a rule wants to what is published: decisions and commands with their ids, whose replay has the same.

use std::collections::BTreeMap;

use trunkline_config::Config;
use trunkline_schemas::event_id::derive;
use trunkline_schemas::{EnrichedEvent, PipelineError, RoutingDecision, Severity, WriteBack};

use crate::{Command, Route};

/// What the publishing of outcomes needs of the configuration.
pub(crate) struct Issuer {
    version: String,
    targets: BTreeMap<String, Target>,
}

struct Target {
    system: &'static str,
    org: String,
}

/// One event at one time.
pub(crate) struct Issue<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) event: &'a EnrichedEvent,
    /// UTC milliseconds.
    pub(crate) now: i64,
    /// Name of the instance, in error reports.
    pub(crate) instance: &'a str,
}

// === impl Issuer ===

impl Issuer {
    pub(crate) fn new(config: &Config) -> Self {
        let target = |(name, target): (&String, &trunkline_config::Target)| {
            (name.clone(), Target { system: target.system.as_str(), org: target.org.clone() })
        };
        Self { version: config.rules.version.clone(), targets: config.targets.iter().map(target).collect() }
    }

    /// For rule sets without a rule.
    pub(crate) fn none() -> Self {
        Self { version: String::new(), targets: BTreeMap::new() }
    }

    pub(crate) fn knows(&self, target: &str) -> bool {
        self.targets.contains_key(target)
    }
}

// === impl Issue ===

impl Issue<'_> {
    /// `None` for events that belong to no conversation: there is nothing to route.
    pub(crate) fn decision(&self, rule: &str, route: Route) -> Option<RoutingDecision> {
        let event = self.event;
        Some(RoutingDecision {
            decision_id: derive("decision", &[&event.event_id, rule]),
            event_id: event.event_id.clone(),
            platform: event.platform.clone(),
            org_id: event.org_id.clone(),
            conversation_id: event.conversation_id.clone()?,
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            customer_id: event.customer_id.clone(),
            queue: route.queue,
            priority: route.priority,
            skills: route.skills,
            attributes: route.attributes,
            rule_id: rule.to_owned(),
            rule_set_version: self.issuer.version.clone(),
            enrichment_status: event.enrichment.status,
            decided_at: self.now,
            correlation_id: event.correlation_id.clone(),
        })
    }

    /// The command, with what the event knows filled in.
    pub(crate) fn write_back(&self, rule: &str, command: Command) -> Result<WriteBack, String> {
        let event = self.event;
        let target = self
            .issuer
            .targets
            .get(&command.target)
            .ok_or_else(|| format!("writes to target '{}', which is not configured", command.target))?;
        let mut parameters = command.parameters;
        // What an operation on a conversation needs is in the event; a rule states it only to differ.
        for (name, value) in
            [("conversationId", &event.conversation_id), ("participantId", &event.participant_id)]
        {
            if let Some(value) = value {
                parameters.entry(name.to_owned()).or_insert_with(|| value.clone());
            }
        }
        let resource = match command.resource {
            Some(resource) => resource,
            None => default_resource(target, &command.operation, &parameters)?,
        };
        Ok(WriteBack {
            command_id: derive("command", &[&event.event_id, rule, &command.operation]),
            target: command.target,
            system: target.system.to_owned(),
            operation: command.operation,
            resource,
            parameters,
            fields: command.fields,
            event_id: event.event_id.clone(),
            conversation_id: event.conversation_id.clone(),
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            customer_id: event.customer_id.clone(),
            correlation_id: event.correlation_id.clone(),
            rule_id: rule.to_owned(),
            rule_set_version: self.issuer.version.clone(),
            observe: command.observe,
            issued_at: self.now,
            expires_at: command.expires_ms.map(|ms| self.now.saturating_add(ms)),
        })
    }

    /// The report of a rule that failed.
    pub(crate) fn failure(&self, rule: &str, reason: &str) -> PipelineError {
        let event = self.event;
        PipelineError {
            error_id: derive("error", &[&event.event_id, rule]),
            code: "TL-3002".to_owned(),
            severity: Severity::Error,
            component: "processor".to_owned(),
            instance: self.instance.to_owned(),
            message: format!(
                "rule '{rule}' failed on an event of type {}: {reason}; it did nothing",
                event.event_type
            ),
            subject: Some(rule.to_owned()),
            conversation_id: event.conversation_id.clone(),
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            correlation_id: Some(event.correlation_id.clone()),
            occurred_at: self.now,
        }
    }
}

/// One writer per resource: the resource is what the operation changes.
fn default_resource(
    target: &Target,
    operation: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<String, String> {
    let part = |name: &str| {
        parameters.get(name).ok_or_else(|| format!("operation '{operation}' needs parameter '{name}'"))
    };
    let Target { system, org } = target;
    match operation {
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
