//! What is left of a run outside of the topics of events: ledger, audit logs, results, state stores.

use std::collections::BTreeMap;

use serde_json::json;
use trunkline_verifier::evidence::state::Change;
use trunkline_verifier::evidence::{
    Call, Changelog, Command, CommandResult, Evidence, LedgerLine, Place, ProfileRecord, Quarantined,
    StateCopy,
};

use crate::dice::Dice;
use crate::play::{Played, START};
use crate::records::customer;

/// Adds all of it.
pub fn add(played: &Played, evidence: &mut Evidence, dice: &mut Dice) {
    evidence.ledger = Some(ledger(played));
    let refused = ["q1", "q2"].map(|hash| Quarantined {
        key: hash.into(),
        payload_hash: hash.into(),
        computed_hash: hash.into(),
        ..Default::default()
    });
    evidence.quarantine = refused.to_vec();
    let mut calls: Vec<Call> = evidence.profiles.iter().flat_map(lookups).collect();
    // A profile is published again after an interaction, and nobody was asked again.
    calls.sort_by(|one, other| {
        (one.started_at, &one.path).partial_cmp(&(other.started_at, &other.path)).unwrap()
    });
    calls.dedup_by(|one, other| one.path == other.path && one.started_at == other.started_at);
    write_back(evidence, &mut calls);
    if dice.percent(50) {
        calls.extend(failing());
    }
    evidence.calls = Some(calls);
    (evidence.changelogs, evidence.copies) = state(dice);
    evidence.searched = 1_000;
    evidence.searched_served = 100;
    evidence.searched_traces = 100;
}

fn ledger(played: &Played) -> Vec<LedgerLine> {
    let accepted = played.arrivals.iter().map(|arrived| LedgerLine {
        source: arrived.event.source.into(),
        body_sha256: format!("body-{}", arrived.event.id),
        status: Some(202),
        expected_status: Some(202),
        event_ids: vec![arrived.event.id.clone()],
        posted_at: arrived.at as f64 - 2.0,
        answered_at: arrived.at as f64 + 4.0,
        kind: "clean".into(),
        fact: Some(format!("fact-{}", arrived.event.id)),
        ..Default::default()
    });
    let refused = [("q1", 422), ("q2", 422), ("x", 401), ("y", 400)].map(|(hash, status)| LedgerLine {
        source: "bridge".into(),
        body_sha256: hash.into(),
        status: Some(status),
        expected_status: Some(status),
        posted_at: START as f64,
        kind: "malformed".into(),
        fact: Some(format!("fact-{hash}")),
        ..Default::default()
    });
    accepted.chain(refused).collect()
}

/// The lookups that a record of `customer.profiles` stems from.
fn lookups(record: &ProfileRecord) -> Vec<Call> {
    let id = record.fields.customer_id.as_str();
    let known = customer(id);
    let account = json!({"records": [{"Name": known.name, "LoyaltyTier__c": known.tier}]});
    let item = |cents: i64| {
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        json!([{"AmountInCompanyCodeCurrency": amount, "CompanyCodeCurrency": "EUR"}])
    };
    let items = json!({"d": {"results": known.cents.map_or(json!([]), item)}});
    let tickets = json!({"result": {"stats": {"count": known.tickets.to_string()}}});
    [
        ("salesforce", format!("/services/data/v60.0/query?q=Number%3D%27{id}%27"), account),
        ("sap", format!("/sap/items?$filter=Customer%20eq%20%27{id}%27"), items),
        ("servicenow", format!("/api/now/stats/incident?sysparm_query=correlation_display%3D{id}"), tickets),
    ]
    .into_iter()
    .map(|(system, path, answer)| {
        let fetched = record.sources[system].fetched_at.unwrap() as f64;
        Call {
            system: system.into(),
            method: "GET".into(),
            path,
            credential: Some("client".into()),
            started_at: fetched - 20.0,
            finished_at: Some(fetched - 1.0),
            status: 200,
            answer: Some(answer.to_string()),
            ..Default::default()
        }
    })
    .collect()
}

/// Carries the commands out, one after another for each resource.
fn write_back(evidence: &mut Evidence, calls: &mut Vec<Call>) {
    let mut free: BTreeMap<String, i64> = BTreeMap::new();
    let mut commands: Vec<&Command> = evidence.commands.iter().collect();
    commands.sort_by_key(|command| command.issued_at);
    let mut results = Vec::new();
    for (number, command) in commands.into_iter().enumerate() {
        let outcome = if command.write.observe { "OBSERVED" } else { "APPLIED" };
        if !command.write.observe {
            let free = free.entry(command.write.resource.clone()).or_default();
            // Far enough apart for any quota.
            let start = (command.issued_at + 30 * (number as i64 % 7)).max(*free);
            *free = start + 20;
            calls.push(write(command, start));
        }
        results.push(CommandResult {
            place: Place { partition: command.place.partition, offset: number as i64 * 2 },
            command_id: command.command_id.clone(),
            outcome: outcome.into(),
            resource: command.write.resource.clone(),
            event_id: command.event_id.clone(),
            rule_id: command.rule_id.clone(),
            issued_at: command.issued_at,
            finished_at: command.issued_at + 30,
            target: command.write.target.clone(),
            system: command.write.system.clone(),
            operation: command.write.operation.clone(),
            correlation_id: command.correlation_id.clone(),
            labels: command.labels.clone(),
        });
    }
    evidence.results = results;
}

pub fn write(command: &Command, start: i64) -> Call {
    let parameter = |name: &str| command.write.parameters.get(name).cloned().unwrap_or_default();
    let (path, body) = match command.write.system.as_str() {
        "genesys" => (
            format!(
                "/api/v2/conversations/{}/participants/{}/attributes",
                parameter("conversationId"),
                parameter("participantId")
            ),
            json!({ "attributes": command.write.fields }),
        ),
        _ => (
            format!(
                "/services/data/v60.0/sobjects/{}/{}/{}",
                parameter("object"),
                parameter("externalIdField"),
                parameter("externalId")
            ),
            json!(command.write.fields),
        ),
    };
    Call {
        system: command.write.system.clone(),
        method: "PATCH".into(),
        path,
        credential: Some("client".into()),
        started_at: start as f64,
        finished_at: Some(start as f64 + 15.0),
        status: 200,
        effect: true,
        idempotency_key: Some(command.command_id.clone()),
        body: body.to_string().into(),
        ..Default::default()
    }
}

/// SAP fails five times in a row, long after everything else; then its breaker lets nothing through for 5 s.
fn failing() -> Vec<Call> {
    let at = |offset: i64| (START + 600_000 + offset) as f64;
    let failed = |offset: i64| Call {
        system: "sap".into(),
        method: "GET".into(),
        path: "/sap/items?$filter=Customer%20eq%20%27C-999999%27".into(),
        credential: Some("client".into()),
        started_at: at(offset),
        finished_at: Some(at(offset) + 10.0),
        status: 503,
        ..Default::default()
    };
    let probe = Call { status: 200, ..failed(400 + 10 + 5_100) };
    (0..5).map(|number| failed(number * 100)).chain([probe]).collect()
}

/// A changelog a partition, and a store that stopped in order; beside it one of a former owner, which lacks a tail.
fn state(dice: &mut Dice) -> (BTreeMap<i32, Changelog>, Option<Vec<StateCopy>>) {
    let (mut changelogs, mut copies) = (BTreeMap::new(), Vec::new());
    for partition in 0..2 {
        let records: Vec<Change> = (0..dice.between(8, 30))
            .map(|number| Change {
                offset: number * 2,
                key: format!("key-{}", dice.between(0, 6)).into_bytes(),
                // The first stays: a store is never empty.
                value: (number == 0 || dice.percent(85)).then_some([number as u8; 16]),
            })
            .map(
                |change| {
                    if change.offset == 0 { Change { key: b"first".to_vec(), ..change } } else { change }
                },
            )
            .collect();
        let contained = |holder: &str, count: usize| {
            let mut copy = StateCopy { holder: holder.into(), partition, ..Default::default() };
            for Change { offset, key, value } in &records[..count] {
                copy.reached = Some(*offset);
                match value {
                    Some(value) => copy.entries.insert(key.clone(), *value),
                    None => copy.entries.remove(key),
                };
            }
            copy
        };
        copies.push(contained("processor-0", records.len()));
        copies.push(contained("processor-1", dice.between(1, records.len() as i64) as usize));
        changelogs.insert(partition, Changelog { records });
    }
    (changelogs, Some(copies))
}
