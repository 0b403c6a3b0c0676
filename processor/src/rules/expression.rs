//! Expressions: parsed once, evaluated to the type that their place asks for.

use std::collections::BTreeMap;

use cel::{Context, Program, Value};

use super::RuleError;

/// Parses one expression of a rule.
pub(super) fn compile(rule: &str, field: &str, source: &str) -> Result<Program, RuleError> {
    Program::compile(source).map_err(|errors| RuleError::Expression {
        rule: rule.to_owned(),
        field: field.to_owned(),
        reason: errors.to_string(),
    })
}

/// Parses a group of named expressions.
pub(super) fn compile_all(
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

/// A bool.
pub(super) fn truth(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<bool, String> {
    match run(program, what, context)? {
        Value::Bool(truth) => Ok(truth),
        other => Err(format!("{what}: gives {}, not a bool", other.type_of())),
    }
}

/// A text; numbers and bools are written out.
pub(super) fn text(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<String, String> {
    as_text(run(program, what, context)?).map_err(|kind| format!("{what}: gives {kind}, not a text"))
}

/// An int of 32 bits.
pub(super) fn integer(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<i32, String> {
    let number = match run(program, what, context)? {
        Value::Int(number) => i32::try_from(number).ok(),
        Value::UInt(number) => i32::try_from(number).ok(),
        _ => None,
    };
    number.ok_or_else(|| format!("{what}: does not give an int of 32 bits"))
}

/// A list of texts.
pub(super) fn texts(program: &Program, what: &str, context: &Context<'_, '_>) -> Result<Vec<String>, String> {
    match run(program, what, context)? {
        Value::List(list) => list
            .iter()
            .map(|v| as_text(v.clone()).map_err(|kind| format!("{what}: holds {kind}, not a text")))
            .collect(),
        other => Err(format!("{what}: gives {}, not a list", other.type_of())),
    }
}

/// Fields whose value is null are left out: unknown is not written.
pub(super) fn fields(
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
