//! Which events get their customer's profile.

use trunkline_schemas::PlatformEvent;

use crate::RuleError;
use crate::environment::Environment;
use crate::expression::Expression;
use crate::variables::Variables;

/// What failures of the condition are reported under.
pub(crate) const ID: &str = "enrichment";

/// The condition of `[enrichment]`; without one, every event gets a profile.
pub(crate) struct Enrichment {
    environment: Environment,
    when: Option<Expression>,
}

// === impl Enrichment ===

impl Enrichment {
    pub(crate) fn compile(environment: &Environment, when: Option<&str>) -> Result<Self, RuleError> {
        let when = Expression::compile_optional(ID, "when", when)?;
        Ok(Self { environment: environment.clone(), when })
    }

    pub(crate) fn none(environment: &Environment) -> Self {
        Self { environment: environment.clone(), when: None }
    }

    /// Whether there is a condition at all.
    pub(crate) fn is_conditional(&self) -> bool {
        self.when.is_some()
    }

    /// Whether the event gets a profile; else how the condition failed.
    pub(crate) fn wanted(&self, variables: &Variables<'_>) -> Result<bool, String> {
        match &self.when {
            Some(when) => when.truth(&self.environment.context(variables)),
            None => Ok(true),
        }
    }

    /// The same before enrichment. A condition that fails keeps no event from its profile.
    pub(crate) fn wanted_by(&self, event: &PlatformEvent) -> bool {
        !self.is_conditional() || self.wanted(&Variables::before_enrichment(event)).unwrap_or(true)
    }
}
