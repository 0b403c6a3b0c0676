//! The functions and types of CEL: making these costs more than any rule, so all rules share them.

use std::sync::Arc;

use cel::{Context, Env};

use crate::variables::Variables;

/// What every expression is evaluated in.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Env>);

// === impl Environment ===

impl Environment {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Env::stdlib()))
    }

    /// With the variables of an event.
    pub(crate) fn context<'v>(&self, variables: &'v Variables<'v>) -> Context<'v, 'v> {
        let mut context = Context::with_env(self.0.clone());
        context.set_variable_resolver(variables);
        context
    }
}
