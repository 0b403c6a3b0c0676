//! Routing rules: where a conversation should go.

use cel::Context;
use trunkline_config::RoutingRule;

use crate::expression::{Expression, Expressions, texts_by_name};
use crate::{Route, RuleError};

/// A routing rule, compiled.
pub(crate) struct Routing {
    pub(crate) id: String,
    when: Expression,
    queue: Expression,
    priority: Option<Expression>,
    skills: Option<Expression>,
    attributes: Expressions,
}

// === impl Routing ===

impl Routing {
    pub(crate) fn compile(rule: &RoutingRule) -> Result<Self, RuleError> {
        Ok(Self {
            id: rule.id.clone(),
            when: Expression::compile(&rule.id, "when", &rule.when)?,
            queue: Expression::compile(&rule.id, "queue", &rule.queue)?,
            priority: Expression::compile_optional(&rule.id, "priority", rule.priority.as_deref())?,
            skills: Expression::compile_optional(&rule.id, "skills", rule.skills.as_deref())?,
            attributes: Expression::compile_all(&rule.id, "attributes", &rule.attributes)?,
        })
    }

    /// Where to, if the rule matches.
    ///
    /// # Errors
    /// Which of its expressions failed, and how.
    pub(crate) fn decide(&self, context: &Context<'_, '_>) -> Result<Option<Route>, String> {
        if !self.when.truth(context)? {
            return Ok(None);
        }
        Ok(Some(Route {
            queue: self.queue.text(context)?,
            priority: self.priority.as_ref().map(|priority| priority.integer(context)).transpose()?,
            skills: self.skills.as_ref().map(|skills| skills.texts(context)).transpose()?.unwrap_or_default(),
            attributes: texts_by_name(&self.attributes, context)?,
        }))
    }
}
