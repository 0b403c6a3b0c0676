//! One expression of a rule, and what it sees of an event.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use apache_avro::types::Value as Avro;
use cel::{Context, Env, Program, Value};

use super::Error;
use crate::avro::Fields;
use crate::evidence::outcome::Choice;

/// CEL's functions and types, which all expressions share: making them costs more than any rule.
pub(super) struct Evaluation(Arc<Env>);

/// An expression, parsed.
pub(super) struct Expression(Program);

/// What expressions see: `event`, `profile`, `conversation` and `decision` (docs/rules.md).
pub(super) struct Variables {
    event: Value,
    profile: Value,
    conversation: Value,
    decision: Value,
}

// === impl Evaluation ===

impl Evaluation {
    pub(super) fn new() -> Self {
        Self(Arc::new(Env::stdlib()))
    }

    pub(super) fn with(&self, variables: &Variables) -> Context<'static, 'static> {
        let mut context = Context::with_env(self.0.clone());
        context.add_variable_from_value("event", variables.event.clone());
        context.add_variable_from_value("profile", variables.profile.clone());
        context.add_variable_from_value("conversation", variables.conversation.clone());
        context.add_variable_from_value("decision", variables.decision.clone());
        context
    }
}

// === impl Variables ===

impl Variables {
    pub(super) fn of(event: &Fields) -> Self {
        let named = |wanted: &str| {
            event.iter().find(|(name, _)| *name == wanted).map_or(Value::Null, |(_, value)| converted(value))
        };
        let fields: HashMap<String, Value> =
            event.iter().map(|(name, value)| (name.to_owned(), converted(value))).collect();
        Self {
            event: Value::Map(fields.into()),
            profile: named("profile"),
            conversation: named("conversation"),
            decision: Value::Null,
        }
    }

    pub(super) fn decide(&mut self, rule: &str, choice: &Choice) {
        let fields: HashMap<String, Value> = HashMap::from([
            ("queue".to_owned(), Value::from(choice.queue.clone())),
            ("priority".to_owned(), choice.priority.map_or(Value::Null, Value::Int)),
            ("ruleId".to_owned(), Value::from(rule.to_owned())),
        ]);
        self.decision = Value::Map(fields.into());
    }
}

fn converted(value: &Avro) -> Value {
    match value {
        Avro::Union(_, inner) => converted(inner),
        Avro::Boolean(flag) => Value::Bool(*flag),
        Avro::Int(number) => Value::Int(i64::from(*number)),
        Avro::Long(number) | Avro::TimestampMillis(number) => Value::Int(*number),
        Avro::Double(number) => Value::Float(*number),
        Avro::String(text) | Avro::Enum(_, text) => Value::from(text.clone()),
        Avro::Array(items) => Value::List(Arc::new(items.iter().map(converted).collect())),
        Avro::Map(entries) => map(entries.iter()),
        Avro::Record(fields) => map(fields.iter().map(|(name, value)| (name, value))),
        Avro::Decimal(amount) => {
            let amount =
                Fields::new(vec![(String::new(), Avro::Decimal(amount.clone()))]).optional_amount("");
            // Of four decimal places, as the schema has it.
            amount.ok().flatten().map_or(Value::Null, |amount| Value::Float(amount as f64 / 10_000.0))
        }
        _ => Value::Null,
    }
}

fn map<'a>(entries: impl Iterator<Item = (&'a String, &'a Avro)>) -> Value {
    let fields: HashMap<String, Value> =
        entries.map(|(name, value)| (name.clone(), converted(value))).collect();
    Value::Map(fields.into())
}

// === impl Expression ===

impl Expression {
    pub(super) fn compile(rule: &str, place: &str, source: &str) -> Result<Self, Error> {
        Program::compile(source).map(Self).map_err(|errors| Error::Expression {
            rule: rule.to_owned(),
            place: place.to_owned(),
            reason: errors.to_string(),
        })
    }

    pub(super) fn compile_all(
        rule: &str,
        sources: &BTreeMap<String, String>,
    ) -> Result<Vec<(String, Self)>, Error> {
        let compiled =
            |(name, source): (&String, &String)| Ok((name.clone(), Self::compile(rule, name, source)?));
        sources.iter().map(compiled).collect()
    }

    fn value(&self, context: &Context<'_, '_>) -> Result<Value, String> {
        // The evaluator is another's: one that panics has failed, as in the pipeline.
        catch_unwind(AssertUnwindSafe(|| self.0.execute(context)))
            .map_err(|_| "the evaluator panicked".to_owned())?
            .map_err(|error| error.to_string())
    }

    pub(super) fn truth(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        match self.value(context)? {
            Value::Bool(truth) => Ok(truth),
            other => Err(format!("gives {other:?}, no bool")),
        }
    }

    /// A text; numbers and bools are written out, null is none.
    pub(super) fn text(&self, context: &Context<'_, '_>) -> Result<Option<String>, String> {
        match self.value(context)? {
            Value::Null => Ok(None),
            value => written(&value).map(Some).ok_or_else(|| format!("gives {value:?}, no text")),
        }
    }

    pub(super) fn integer(&self, context: &Context<'_, '_>) -> Result<i64, String> {
        let number = match self.value(context)? {
            Value::Int(number) => i32::try_from(number).ok(),
            Value::UInt(number) => i32::try_from(number).ok(),
            _ => None,
        };
        number.map(i64::from).ok_or_else(|| "gives no int of 32 bits".to_owned())
    }

    pub(super) fn texts(&self, context: &Context<'_, '_>) -> Result<Vec<String>, String> {
        match self.value(context)? {
            Value::List(items) => items
                .iter()
                .map(|item| written(item).ok_or_else(|| "gives a list with what is no text".to_owned()))
                .collect(),
            _ => Err("gives no list".to_owned()),
        }
    }
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.as_ref().clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Texts by name; what is null is left out: unknown is not written.
pub(super) fn texts(
    expressions: &[(String, Expression)],
    context: &Context<'_, '_>,
) -> Result<BTreeMap<String, String>, String> {
    let mut texts = BTreeMap::new();
    for (name, expression) in expressions {
        if let Some(text) = expression.text(context)? {
            texts.insert(name.clone(), text);
        }
    }
    Ok(texts)
}
