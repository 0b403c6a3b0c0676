//! From what a step wants to what is published: decisions and commands with their ids, whose replay has the same.

use std::collections::BTreeMap;

use trunkline_config::Config;
use trunkline_plugin::{Actions, Decision, Failure, WriteBack as Wanted};
use trunkline_schemas::event_id::derive;
use trunkline_schemas::{EnrichedEvent, PipelineError, RoutingDecision, WriteBack, catalog, error_codes};
use trunkline_systems::{EventParameter, System};

use crate::Outcome;

/// What the publishing of outcomes needs of the configuration.
pub(crate) struct Issuer {
    version: String,
    targets: BTreeMap<String, Target>,
}

struct Target {
    system: System,
    org: String,
}

/// One event at one time, and what comes of it so far.
pub(crate) struct Issue<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) event: &'a EnrichedEvent,
    /// UTC milliseconds.
    pub(crate) now: i64,
    /// Name of the instance, in error reports.
    pub(crate) instance: &'a str,
    pub(crate) outcome: Outcome,
    /// What the decision is made of, with the full id of the rule.
    pub(crate) decided: Option<Decision>,
}

/// A rule failed.
pub(crate) const RULE_FAILED: &str = error_codes::RULE_FAILED.as_str();

/// A plugin failed, or wants something that cannot be.
const PLUGIN_FAILED: &str = error_codes::PLUGIN_FAILED.as_str();

/// Who wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// The rules: each has an id of its own.
    Rules,
    /// A plugin, by its name.
    Plugin(&'a str),
}

// === impl Step ===

impl Step<'_> {
    fn code(self) -> &'static str {
        match self {
            Self::Rules => RULE_FAILED,
            Self::Plugin(_) => PLUGIN_FAILED,
        }
    }

    /// As published: the rule's id, or the plugin's name, with its rule where it has one.
    fn rule_id(self, rule: &str) -> String {
        match self {
            Self::Rules => rule.to_owned(),
            Self::Plugin(name) if rule.is_empty() => name.to_owned(),
            Self::Plugin(name) => format!("{name}/{rule}"),
        }
    }
}

// === impl Issuer ===

impl Issuer {
    pub(crate) fn new(config: &Config) -> Self {
        let target = |(name, target): (&String, &trunkline_config::Target)| {
            (name.clone(), Target { system: target.system, org: target.org.clone() })
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
    /// Takes up what a step wants, its attributes excepted. The first decision stands.
    pub(crate) fn take(&mut self, step: Step<'_>, actions: Actions) {
        if let Some(mut decision) = actions.decision
            && self.decided.is_none()
            && self.event.conversation_id.is_some()
        {
            decision.rule = step.rule_id(&decision.rule);
            self.decided = Some(decision);
        }
        for (number, wanted) in actions.write_backs.into_iter().enumerate() {
            let rule = step.rule_id(&wanted.rule);
            match self.write_back(step, number, &rule, wanted) {
                Ok(command) => self.outcome.write_backs.push(command),
                Err(reason) => self.fail(step.code(), step, &rule, &reason),
            }
        }
        for Failure { rule, message } in actions.failures {
            self.fail(step.code(), step, &step.rule_id(&rule), &message);
        }
    }

    /// All that comes of the event.
    pub(crate) fn finish(mut self) -> Outcome {
        self.outcome.decision =
            self.decided.take().and_then(|decision| self.decision(decision)).map(Box::new);
        self.outcome
    }

    /// `None` for events that belong to no conversation: there is nothing to route.
    fn decision(&self, decision: Decision) -> Option<RoutingDecision> {
        let event = self.event;
        Some(RoutingDecision {
            decision_id: derive("decision", &[&event.event_id, &decision.rule]),
            event_id: event.event_id.clone(),
            platform: event.platform.clone(),
            org_id: event.org_id.clone(),
            conversation_id: event.conversation_id.clone()?,
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            customer_id: event.customer_id.clone(),
            queue: decision.queue,
            priority: decision.priority,
            skills: decision.skills,
            attributes: decision.attributes,
            rule_id: decision.rule,
            rule_set_version: self.issuer.version.clone(),
            enrichment_status: event.enrichment.status,
            decided_at: self.now,
            correlation_id: event.correlation_id.clone(),
        })
    }

    /// The command, with what the event knows filled in.
    fn write_back(
        &self,
        step: Step<'_>,
        number: usize,
        rule: &str,
        wanted: Wanted,
    ) -> Result<WriteBack, String> {
        let event = self.event;
        let target = self
            .issuer
            .targets
            .get(&wanted.target)
            .ok_or_else(|| format!("writes to target '{}', which is not configured", wanted.target))?;
        if !catalog::WRITEBACK_SYSTEMS.contains(&target.system.as_str()) {
            let system = target.system;
            return Err(format!(
                "writes to target '{}', and nothing can be written to {system}",
                wanted.target
            ));
        }
        let mut parameters = wanted.parameters;
        // What an operation on a conversation needs is in the event; a step states it only to differ.
        for parameter in EventParameter::ALL {
            let value = match parameter {
                EventParameter::ConversationId => &event.conversation_id,
                EventParameter::ParticipantId => &event.participant_id,
            };
            if let Some(value) = value {
                parameters.entry(parameter.name().to_owned()).or_insert_with(|| value.clone());
            }
        }
        let resource = match wanted.resource {
            Some(resource) => resource,
            None => default_resource(target, &wanted.operation, &parameters)?,
        };
        let command_id = match step {
            Step::Rules => derive("command", &[&event.event_id, rule, &wanted.operation]),
            // One plugin may well want the same of several resources.
            Step::Plugin(_) => {
                derive("command", &[&event.event_id, rule, &wanted.operation, &number.to_string()])
            }
        };
        let expires = wanted.expires.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        Ok(WriteBack {
            command_id,
            target: wanted.target,
            system: target.system.as_str().to_owned(),
            operation: wanted.operation,
            resource,
            parameters,
            fields: wanted.fields,
            event_id: event.event_id.clone(),
            conversation_id: event.conversation_id.clone(),
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            customer_id: event.customer_id.clone(),
            correlation_id: event.correlation_id.clone(),
            rule_id: rule.to_owned(),
            rule_set_version: self.issuer.version.clone(),
            observe: wanted.observe,
            issued_at: self.now,
            expires_at: expires.map(|ms| self.now.saturating_add(ms)),
        })
    }

    /// Reports a rule or a plugin that failed.
    pub(crate) fn fail(&mut self, code: &'static str, step: Step<'_>, rule: &str, reason: &str) {
        let reason = PipelineError::brief(reason);
        let noun = match step {
            Step::Rules => "rule",
            Step::Plugin(_) => "plugin",
        };
        let event = self.event;
        let id = derive("error", &[&event.event_id, rule]);
        let message = format!(
            "{noun} '{rule}' failed on an event of type {}: {reason}; it did nothing",
            event.event_type
        );
        let report = PipelineError::of_event(event, id, code, self.instance, rule, message, self.now);
        self.outcome.errors.push(report);
    }
}

/// One writer per resource: the resource is what the operation changes.
fn default_resource(
    target: &Target,
    operation: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<String, String> {
    let known = target
        .system
        .operation(operation)
        .ok_or_else(|| format!("operation '{operation}' has no default resource; give a 'resource'"))?;
    let resource = known.resource_of(parameters).map_err(|missing| missing.to_string())?;
    Ok(format!("{}/{}/{resource}", target.system, target.org))
}
