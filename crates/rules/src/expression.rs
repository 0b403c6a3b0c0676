//! Expressions: parsed once, evaluated to the type that their place asks for.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelNull, CelString, CelUInt};
use cel::common::value::{CowVal, Val};
use cel::{Context, Program, Value};

use crate::RuleError;

/// Variables that may be null.
const NULLABLE: [&str; 2] = ["profile", "decision"];

/// One expression of a rule.
pub(crate) struct Expression {
    program: Program,
    /// Which one, for messages: `when`, `fields.tier`.
    place: String,
}

/// Expressions by the name of what they give.
pub(crate) type Expressions = Vec<(String, Expression)>;

// === impl Expression ===

impl Expression {
    /// Parses an expression.
    pub(crate) fn compile(rule: &str, place: &str, source: &str) -> Result<Self, RuleError> {
        let program = Program::compile(source).map_err(|errors| RuleError::Expression {
            rule: rule.to_owned(),
            field: place.to_owned(),
            reason: errors.to_string(),
        })?;
        Ok(Self { program, place: place.to_owned() })
    }

    /// Parses an expression that a rule may leave out.
    pub(crate) fn compile_optional(
        rule: &str,
        place: &str,
        source: Option<&str>,
    ) -> Result<Option<Self>, RuleError> {
        source.map(|source| Self::compile(rule, place, source)).transpose()
    }

    /// Parses a group of named expressions.
    pub(crate) fn compile_all(
        rule: &str,
        group: &str,
        sources: &BTreeMap<String, String>,
    ) -> Result<Expressions, RuleError> {
        sources
            .iter()
            .map(|(name, source)| {
                Ok((name.clone(), Self::compile(rule, &format!("{group}.{name}"), source)?))
            })
            .collect()
    }

    /// A bool.
    pub(crate) fn truth(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        let value = self.run(context)?;
        let truth = value.downcast_ref::<CelBool>().map(|truth| *truth.inner());
        truth.ok_or_else(|| self.gives(&*value, "a bool"))
    }

    /// A text; numbers and bools are written out.
    pub(crate) fn text(&self, context: &Context<'_, '_>) -> Result<String, String> {
        let value = self.run(context)?;
        as_text(&*value).ok_or_else(|| self.gives(&*value, "a text"))
    }

    /// A text, or nothing for null.
    pub(crate) fn text_unless_null(&self, context: &Context<'_, '_>) -> Result<Option<String>, String> {
        let value = self.run(context)?;
        if value.downcast_ref::<CelNull>().is_some() {
            return Ok(None);
        }
        as_text(&*value).map(Some).ok_or_else(|| self.gives(&*value, "a text"))
    }

    /// An int of 32 bits.
    pub(crate) fn integer(&self, context: &Context<'_, '_>) -> Result<i32, String> {
        let value = self.run(context)?;
        let signed = value.downcast_ref::<CelInt>().and_then(|number| i32::try_from(*number.inner()).ok());
        let unsigned =
            || value.downcast_ref::<CelUInt>().and_then(|number| i32::try_from(*number.inner()).ok());
        signed.or_else(unsigned).ok_or_else(|| self.gives(&*value, "an int of 32 bits"))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, context: &Context<'_, '_>) -> Result<Vec<String>, String> {
        let value = self.run(context)?;
        let list = value.downcast_ref::<CelList>().ok_or_else(|| self.gives(&*value, "a list"))?;
        list.inner()
            .iter()
            .map(|element| as_text(&**element).ok_or_else(|| self.gives(&**element, "a list of texts")))
            .collect()
    }

    fn run<'e, 'v>(&'e self, context: &'e Context<'_, 'v>) -> Result<CowVal<'e, 'v>, String> {
        // The evaluator is another's: should it panic on some value, this expression has failed, and the event goes on.
        catch_unwind(AssertUnwindSafe(|| Value::resolve_val(self.program.expression(), context)))
            .map_err(|_| format!("{}: the evaluator panicked; the log has its message", self.place))?
            .map_err(|error| format!("{}: {error}{}", self.place, self.null_among(context)))
    }

    /// Most rules that fail do so on a null that they did not think of: says which one it is.
    fn null_among(&self, context: &Context<'_, '_>) -> String {
        let references = self.program.references();
        let is_null = |name: &&&str| {
            references.has_variable(name)
                && context.get_variable(name).is_some_and(|value| value.downcast_ref::<CelNull>().is_some())
        };
        match NULLABLE.iter().find(is_null) {
            Some(name) => format!(" ({name} is null here, guard with '{name} != null')"),
            None => String::new(),
        }
    }

    fn gives(&self, value: &dyn Val, wanted: &str) -> String {
        format!("{}: gives {}, not {wanted}", self.place, value.get_type().name())
    }
}

/// Values by name; what is null is left out: unknown is not written.
pub(crate) fn texts_by_name(
    expressions: &Expressions,
    context: &Context<'_, '_>,
) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    for (name, expression) in expressions {
        if let Some(value) = expression.text_unless_null(context)? {
            values.insert(name.clone(), value);
        }
    }
    Ok(values)
}

fn as_text(value: &dyn Val) -> Option<String> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Some(text.inner().to_owned());
    }
    let number = value.downcast_ref::<CelInt>().map(|number| number.inner().to_string());
    number
        .or_else(|| value.downcast_ref::<CelUInt>().map(|number| number.inner().to_string()))
        .or_else(|| value.downcast_ref::<CelDouble>().map(|number| number.inner().to_string()))
        .or_else(|| value.downcast_ref::<CelBool>().map(|truth| truth.inner().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluator_that_panics_is_an_expression_that_fails() {
        let expression = Expression::compile("rule", "when", "broken()").unwrap();
        let mut context = Context::default();
        context.add_function("broken", || -> i64 { panic!("as an evaluator might") }).unwrap();
        let error = expression.truth(&context).unwrap_err();
        assert_eq!(error, "when: the evaluator panicked; the log has its message");
    }
}
