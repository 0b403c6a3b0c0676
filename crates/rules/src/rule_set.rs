//! The processor's own steps, in their order, and what they and the plugins before them make of an event.

use std::collections::HashMap;

use trunkline_config::Config;
use trunkline_plugin::{Actions, Context, Plugin};
use trunkline_schemas::{EnrichedEvent, PlatformEvent};

use crate::enrichment::{self, Enrichment};
use crate::environment::Environment;
use crate::issue::{Issue, Issuer, RULE_FAILED, Step};
use crate::routing::RoutingStep;
use crate::variables::Variables;
use crate::write_back::WriteBackStep;
use crate::{Outcome, RuleError};

/// All rules of one configuration.
pub struct RuleSet {
    issuer: Issuer,
    enrichment: Enrichment,
    steps: Vec<Box<dyn Plugin>>,
    /// The steps that look at an event, by its type.
    named: HashMap<String, Vec<usize>, foldhash::fast::RandomState>,
}

/// What a plugin says of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The plugin's name.
    pub plugin: &'static str,
    /// What it wants, its attributes excepted; or why there is nothing.
    pub wants: Result<Actions, Unanswered>,
}

/// Why an event goes on without what a plugin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Stable error code, `TL-nnnn`.
    pub code: &'static str,
    /// What happened.
    pub message: String,
}

// === impl RuleSet ===

impl RuleSet {
    /// No rules at all.
    pub fn none() -> Self {
        let environment = Environment::new();
        let enrichment = Enrichment::none(&environment);
        Self { issuer: Issuer::none(), enrichment, steps: Vec::new(), named: HashMap::default() }
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// [`RuleError`] for the first expression that does not parse.
    pub fn compile(config: &Config) -> Result<Self, RuleError> {
        let issuer = Issuer::new(config);
        let rules = &config.rules;
        if let Some(rule) = rules.write_backs.iter().find(|rule| !issuer.knows(&rule.target)) {
            return Err(RuleError::Target { rule: rule.id.clone(), target: rule.target.clone() });
        }
        let environment = Environment::new();
        let enrichment = Enrichment::compile(&environment, config.enrichment.when.as_deref())?;
        // Write-back rules may look at the decision.
        let steps: Vec<Box<dyn Plugin>> = vec![
            Box::new(RoutingStep::compile(&environment, &rules.routing)?),
            Box::new(WriteBackStep::compile(&environment, &rules.write_backs)?),
        ];
        let mut named: HashMap<String, Vec<usize>, foldhash::fast::RandomState> = HashMap::default();
        for (index, step) in steps.iter().enumerate() {
            for event_type in step.events() {
                named.entry(event_type).or_default().push(index);
            }
        }
        Ok(Self { issuer, enrichment, steps, named })
    }

    /// Whether a rule, or the condition of `[enrichment]`, looks at events of this type.
    pub fn look_at(&self, event_type: &str) -> bool {
        self.chooses_what_to_enrich() || self.named.contains_key(event_type)
    }

    /// Whether there is a condition for [`RuleSet::enriches`]; without one every event should.
    pub fn chooses_what_to_enrich(&self) -> bool {
        self.enrichment.is_conditional()
    }

    /// Whether an event should get its customer's profile.
    pub fn enriches(&self, event: &PlatformEvent) -> bool {
        self.enrichment.wanted_by(event)
    }

    /// Applies the rules to an event, at `now` (UTC milliseconds), after what plugins want of it. A rule that fails is
    /// reported and does nothing.
    pub fn evaluate(
        &mut self,
        event: &EnrichedEvent,
        answers: Vec<Answer>,
        now: i64,
        instance: &str,
    ) -> Outcome {
        let mut issue =
            Issue { issuer: &self.issuer, event, now, instance, outcome: Outcome::default(), decided: None };
        for Answer { plugin, wants } in answers {
            match wants {
                Ok(actions) => issue.take(Step::Plugin(plugin), actions),
                Err(Unanswered { code, message }) => issue.fail(code, Step::Plugin(plugin), plugin, &message),
            }
        }
        if self.enrichment.is_conditional()
            && let Err(reason) = self.enrichment.wanted(&Variables::enriched(event, None))
        {
            issue.fail(RULE_FAILED, Step::Rules, enrichment::ID, &reason);
        }
        for index in self.named.get(&event.event_type).into_iter().flatten() {
            let Some(step) = self.steps.get_mut(*index) else { continue };
            let known = Context { now, decision: issue.decided.as_ref() };
            let actions = step.handle(event, &known);
            issue.take(Step::Rules, actions.unwrap_or_else(Actions::failed));
        }
        issue.finish()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
