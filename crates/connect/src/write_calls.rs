//! Carrying out an operation of the catalogue: one call that writes, one that reads back.

use std::borrow::Cow;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Map, Value, json};
use trunkline_systems::{Body, Concurrency, Guarantee, Operation};

use crate::correlation;
use crate::error::{CallError, CallErrorKind};
use crate::outbound::Outbound;
use crate::request;
use crate::retry::Repeat;
use crate::systems::connector;
use crate::writes::{Applied, Current, Implementation, Request};

/// Carries the command's id to the systems, for their logs.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Carries out a write.
pub(crate) async fn apply(
    outbound: &Outbound,
    write: &Request,
    deadline: Instant,
) -> Result<Applied, CallError> {
    let implementation = find(outbound, write)?;
    let own_headers =
        implementation.headers.iter().map(|(name, value)| (Cow::Borrowed(*name), (*value).to_owned()));
    let request = request::Request {
        method: implementation.method.clone(),
        path: format!("{}{}", outbound.target().api_root(), (implementation.path)(write)),
        headers: own_headers
            .chain([(IDEMPOTENCY_KEY.into(), write.command_id.clone())])
            .chain(correlation::headers(write.conversation_id.as_deref(), Some(&write.command_id)))
            .collect(),
        body: Some(body(write)),
        repeat: repeat(write.operation),
        traceparent: write.traceparent.clone(),
    };
    let response = outbound.call(write.operation.write_class, &request, deadline).await?;
    match (implementation.created)(&response) {
        Some(created) => Ok(Applied { status: response.status, attempts: response.attempts, created }),
        None => Err(CallError {
            kind: CallErrorKind::Rejected,
            target: outbound.target().name.clone(),
            status: Some(response.status),
            code: None,
            message: format!("answered that the {} did not succeed", write.operation.name),
            attempts: response.attempts,
            sent: true,
        }),
    }
}

/// Reads the present values of what a write would change.
pub(crate) async fn current(
    outbound: &Outbound,
    write: &Request,
    deadline: Instant,
) -> Result<Current, CallError> {
    let implementation = find(outbound, write)?;
    let request = request::Request {
        method: Method::GET,
        path: format!("{}{}", outbound.target().api_root(), (implementation.read_path)(write)),
        headers: correlation::headers(write.conversation_id.as_deref(), Some(&write.command_id)),
        body: None,
        repeat: Repeat::Always,
        traceparent: write.traceparent.clone(),
    };
    match outbound.call(write.operation.read_class, &request, deadline).await {
        Ok(response) => Ok((implementation.read)(write, &response.json())),
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(Current::default()),
        Err(error) => Err(error),
    }
}

// Everything that the catalogue promises is implemented: a test holds one against the other.
fn find(outbound: &Outbound, write: &Request) -> Result<&'static Implementation, CallError> {
    let name = write.operation.name;
    let found =
        connector(write.system).operations.iter().find(|implementation| implementation.operation == name);
    found.ok_or_else(|| CallError {
        kind: CallErrorKind::Rejected,
        target: outbound.target().name.clone(),
        status: None,
        code: None,
        message: format!("{} has no operation '{name}'", write.system),
        attempts: 0,
        sent: false,
    })
}

/// When a request that was not answered may be sent again.
fn repeat(operation: &Operation) -> Repeat {
    match (operation.guarantee, operation.concurrency) {
        (Guarantee::Unsafe, _) => Repeat::OnlyWithoutEffect,
        // Writing twice converges, but a first request that is only late could undo what came after it:
        // whoever gets no answer waits out its life and reads the resource back.
        (_, Concurrency::LastWriterWins) => Repeat::OnceAnswered,
    }
}

fn body(write: &Request) -> Value {
    match write.operation.body {
        Body::FieldsUnder(name) => json!({ name: write.fields }),
        Body::FieldsBut(parameter) => {
            let left_out = write.parameter(parameter);
            let fields = write.fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(left_out));
            let fields: Map<String, Value> =
                fields.map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
            Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System;

    use super::*;

    #[test]
    fn what_could_do_harm_twice_is_repeated_only_when_it_had_no_effect() {
        let upsert = *System::Salesforce.operation("upsert").unwrap();
        assert_eq!(repeat(&upsert), Repeat::OnceAnswered);
        assert_eq!(repeat(&Operation { guarantee: Guarantee::Unsafe, ..upsert }), Repeat::OnlyWithoutEffect);
    }
}
