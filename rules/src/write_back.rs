//! Write-back rules: what is to be changed in an outside system.

use cel::Context;
use trunkline_config::WriteBackRule;

use crate::expression::{Expression, Expressions, texts_by_name};
use crate::{Command, RuleError};

/// A write-back rule, compiled.
pub(crate) struct WritingBack {
    pub(crate) id: String,
    when: Expression,
    target: String,
    operation: String,
    observe: bool,
    expires_ms: Option<i64>,
    resource: Option<Expression>,
    parameters: Expressions,
    fields: Expressions,
}

// === impl WritingBack ===

impl WritingBack {
    pub(crate) fn compile(rule: &WriteBackRule) -> Result<Self, RuleError> {
        Ok(Self {
            id: rule.id.clone(),
            when: Expression::compile(&rule.id, "when", &rule.when)?,
            target: rule.target.clone(),
            operation: rule.operation.clone(),
            observe: rule.observe,
            expires_ms: rule.expires.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
            resource: Expression::compile_optional(&rule.id, "resource", rule.resource.as_deref())?,
            parameters: Expression::compile_all(&rule.id, "parameters", &rule.parameters)?,
            fields: Expression::compile_all(&rule.id, "fields", &rule.fields)?,
        })
    }

    /// What to write, if the rule matches.
    ///
    /// # Errors
    /// Which of its expressions failed, and how.
    pub(crate) fn command(&self, context: &Context<'_, '_>) -> Result<Option<Command>, String> {
        if !self.when.truth(context)? {
            return Ok(None);
        }
        Ok(Some(Command {
            target: self.target.clone(),
            operation: self.operation.clone(),
            observe: self.observe,
            expires_ms: self.expires_ms,
            resource: self.resource.as_ref().map(|resource| resource.text(context)).transpose()?,
            parameters: texts_by_name(&self.parameters, context)?,
            fields: texts_by_name(&self.fields, context)?,
        }))
    }
}
