//! Why rules cannot be used.

/// Why the rules cannot be used. A configuration that was checked gives none of these.
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
