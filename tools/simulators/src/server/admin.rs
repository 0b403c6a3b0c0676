//! The admin listener: what the systems were asked, how they are doing, and what is to go wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Systems;
use super::edge::response;
use crate::fault::FaultProfile;
use crate::http::Answer;
use crate::system::System;
use trunkline_load::customers::{Balance, number};

/// `GET /audit`, `/audit/{system}`, `/quota`, `/faults`, `/customers/{id}`, `/livez`; `POST /faults/{system}`.
pub(super) fn router(systems: Arc<Systems>) -> Router {
    Router::new()
        .route("/audit", get(audit_of_all))
        .route("/audit/{system}", get(audit_of_one))
        .route("/quota", get(quota))
        .route("/faults", get(faults))
        .route("/faults/{system}", post(set_fault))
        .route("/customers/{id}", get(customer))
        .route("/livez", get(async || "ok\n"))
        .with_state(systems)
}

async fn audit_of_all(State(systems): State<Arc<Systems>>) -> Response<Body> {
    lines(&systems.audit.json_lines(None))
}

async fn audit_of_one(State(systems): State<Arc<Systems>>, Path(name): Path<String>) -> Response<Body> {
    match System::from_name(&name) {
        Some(system) => lines(&systems.audit.json_lines(Some(system))),
        None => unknown(&name),
    }
}

async fn quota(State(systems): State<Arc<Systems>>) -> Json<Value> {
    Json(json!(systems.quota()))
}

async fn faults(State(systems): State<Arc<Systems>>) -> Json<BTreeMap<System, FaultProfile>> {
    Json(systems.backends.iter().map(|(system, backend)| (*system, backend.fault())).collect())
}

async fn set_fault(
    State(systems): State<Arc<Systems>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let Some(system) = System::from_name(&name) else { return unknown(&name) };
    match serde_json::from_slice::<FaultProfile>(&body) {
        Ok(FaultProfile { hidden, .. }) if hidden.iter().any(|hidden| !system.hides(hidden)) => {
            let error = format!("{system} hides nothing like {hidden:?}; see forbidden");
            response(Answer::json(400, &json!({"error": error})))
        }
        Ok(fault) => {
            systems.set_fault(system, fault.clone());
            response(Answer::json(200, &json!({"system": system, "faults": fault})))
        }
        Err(error) => response(Answer::json(400, &json!({"error": error.to_string()}))),
    }
}

/// The facts that a profile of this customer must show.
async fn customer(State(systems): State<Arc<Systems>>, Path(id): Path<String>) -> Response<Body> {
    let Some(number) = number(&id).filter(|number| (1..=systems.customers.customers).contains(number)) else {
        return response(Answer::json(404, &json!({"error": "no such customer"})));
    };
    let (customer, numbers) = systems.customers.of(number);
    let (balance, currency) = match customer.balance() {
        Balance::Single { cents, currency } => (json!(cents as f64 / 100.0), json!(currency)),
        Balance::None | Balance::Several => (Value::Null, Value::Null),
    };
    let body = json!({
        "customerId": customer.id,
        "sapNumber": numbers.sap,
        "serviceNowUser": numbers.servicenow,
        "serviceNowAccount": numbers.servicenow_account,
        "accountName": customer.name,
        "loyaltyTier": customer.tier,
        "balance": balance,
        "currency": currency,
        "openTickets": customer.open_tickets,
        "lastActivityDays": customer.last_activity_days,
    });
    response(Answer::json(200, &body))
}

fn lines(text: &str) -> Response<Body> {
    response(Answer::text(200, "application/x-ndjson", text))
}

fn unknown(name: &str) -> Response<Body> {
    let names = System::ALL.map(System::as_str);
    response(Answer::json(404, &json!({"error": format!("no system '{name}'"), "systems": names})))
}
