//! A conversation with everything that can happen to one.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_schemas::{
    ConversationSummary, Enrichment, EnrichmentSource, Findings, Ordering, ProfileView, SourceInfo,
};

use super::*;
use crate::explain::collect::DeadLetter;
use crate::explain::text;

fn recorded<T>(value: T) -> Recorded<T> {
    Recorded { value, held_ms: None }
}

fn event(id: &str, event_type: &str, event_time: i64, ingest_time: i64) -> PlatformEvent {
    PlatformEvent {
        event_id: id.to_owned(),
        event_type: event_type.to_owned(),
        source_type: String::new(),
        platform: "genesys".to_owned(),
        org_id: "acme".to_owned(),
        entity_type: "conversation".to_owned(),
        entity_id: "c-1".to_owned(),
        conversation_id: Some("c-1".to_owned()),
        contact_id: None,
        flow_session_id: None,
        participant_id: None,
        agent_id: None,
        queue_id: None,
        customer_id: Some("C-000001".to_owned()),
        media_type: None,
        direction: None,
        event_time,
        event_time_source: EventTimeSource::Platform,
        ingest_time,
        sequence: None,
        correlation_id: "x".to_owned(),
        source: SourceInfo {
            name: "genesys".to_owned(),
            kind: "genesys-eventbridge".to_owned(),
            channel: "eventbridge".to_owned(),
            transport_id: None,
            adapter: "genesys-eventbridge/1".to_owned(),
            schema_version: "1".to_owned(),
            backfilled: false,
        },
        attributes: BTreeMap::new(),
        tenant_attributes: BTreeMap::new(),
        attributes_cut: false,
        redacted: Vec::new(),
        content_id: None,
        data: "{}".to_owned(),
    }
}

fn enriched(event: PlatformEvent, position: i64, late: bool) -> EnrichedEvent {
    let profile = ProfileView {
        customer_id: "C-000001".to_owned(),
        account_name: Some("Acme Ltd".to_owned()),
        loyalty_tier: Some("GOLD".to_owned()),
        balance: None,
        currency: None,
        open_tickets: None,
        last_interaction_date: None,
        balances: BTreeMap::new(),
        numbers: BTreeMap::new(),
        values: BTreeMap::new(),
    };
    let source = |system: &str, status, latency_ms: Option<i64>| EnrichmentSource {
        system: system.into(),
        status,
        age_ms: Some(30_000).filter(|_| position == 2 && latency_ms.is_some()),
        latency_ms,
        source: None,
        resolution: None,
    };
    let sources =
        vec![source("salesforce", SourceStatus::Ok, Some(42)), source("sap", SourceStatus::Timeout, None)];
    let enrichment = Enrichment { status: EnrichmentStatus::Partial, sources };
    let ordering = Ordering { position, mode: OrderingMode::Sorted, late, gap_before: false };
    let conversation = ConversationSummary {
        state: if position == 1 { "started" } else { "ended" }.to_owned(),
        started_at: None,
        queued_ms: None,
        handled_ms: None,
        transfers: 0,
        events: position,
        ..ConversationSummary::default()
    };
    let findings = Findings {
        profile: Some(Arc::new(profile)),
        enrichment,
        ordering,
        conversation,
        dedup_unknown: false,
        possible_repeat: false,
    };
    EnrichedEvent::new(event, findings)
}

fn decision(event_id: &str) -> RoutingDecision {
    RoutingDecision {
        decision_id: "d".to_owned(),
        event_id: event_id.to_owned(),
        platform: "genesys".to_owned(),
        org_id: "acme".to_owned(),
        conversation_id: "c-1".to_owned(),
        contact_id: None,
        flow_session_id: None,
        customer_id: None,
        queue: "vip".to_owned(),
        priority: Some(10),
        skills: vec!["billing".to_owned()],
        attributes: BTreeMap::new(),
        rule_id: "gold-first".to_owned(),
        rule_set_version: "0123456789ab".to_owned(),
        enrichment_status: EnrichmentStatus::Partial,
        decided_at: 1_800_000_000_760,
        correlation_id: "x".to_owned(),
    }
}

fn command(command_id: &str, event_id: &str) -> WriteBack {
    WriteBack {
        command_id: command_id.to_owned(),
        target: "genesys".to_owned(),
        system: "genesys".to_owned(),
        operation: "participant_attributes".to_owned(),
        resource: "genesys/acme/participant/p-1".to_owned(),
        parameters: BTreeMap::new(),
        fields: BTreeMap::new(),
        event_id: event_id.to_owned(),
        conversation_id: Some("c-1".to_owned()),
        contact_id: None,
        flow_session_id: None,
        customer_id: None,
        correlation_id: "x".to_owned(),
        rule_id: "tell-the-agent".to_owned(),
        rule_set_version: "0123456789ab".to_owned(),
        observe: false,
        issued_at: 1_800_000_000_760,
        expires_at: None,
    }
}

fn result(command: &WriteBack) -> WriteBackResult {
    WriteBackResult {
        command_id: command.command_id.clone(),
        target: command.target.clone(),
        system: command.system.clone(),
        operation: command.operation.clone(),
        resource: command.resource.clone(),
        outcome: Outcome::AlreadyApplied,
        attempts: 2,
        http_status: Some(200),
        code: None,
        message: None,
        difference: None,
        event_id: command.event_id.clone(),
        conversation_id: command.conversation_id.clone(),
        contact_id: None,
        flow_session_id: None,
        correlation_id: "x".to_owned(),
        rule_id: command.rule_id.clone(),
        issued_at: command.issued_at,
        finished_at: command.issued_at + 83,
    }
}

/// Two events, the first of them received twice; the second came late; a third is not enriched yet.
fn found() -> Found {
    let started = event("e-1", "conversation.started", 1_800_000_000_000, 1_800_000_000_240);
    let ended = event("e-2", "conversation.ended", 1_800_000_030_000, 1_800_000_030_100);
    let missing = event("e-3", "wrapup.applied", 1_800_000_031_000, 1_800_000_031_050);
    let (done, under_way, forgotten) = (command("w-1", "e-1"), command("w-2", "e-2"), command("w-0", "e-0"));
    let first = Recorded { value: enriched(started.clone(), 1, false), held_ms: Some(500) };
    Found {
        enriched: vec![recorded(enriched(ended.clone(), 2, true)), first],
        normalized: [missing, ended, started.clone(), started].map(recorded).into(),
        decisions: vec![recorded(decision("e-1"))],
        results: vec![recorded(result(&forgotten)), recorded(result(&done))],
        commands: vec![recorded(done), recorded(under_way)],
        dead_letters: vec![DeadLetter {
            topic: "writeback.dlq".to_owned(),
            origin: "writebacks.sap-3@17".to_owned(),
            code: "TL-4005".to_owned(),
            message: "no answer".to_owned(),
        }],
    }
}

#[test]
fn events_are_told_in_their_order_with_what_came_of_them() {
    let expected = "\
genesys/acme/c-1, customer C-000001 (Acme Ltd, GOLD), ended

  #1  2027-01-15 08:00:00.000  conversation.started  (source genesys, event to ingest 240 ms, received 2 times)
      started, profile PARTIAL, salesforce OK 42 ms, sap TIMEOUT; held 500 ms (SORTED)
      decision: queue vip, priority 10, skills billing by gold-first (0123456789ab), 520 ms after ingest
      write-back: participant_attributes to genesys, genesys/acme/participant/p-1 by tell-the-agent, 520 ms after ingest
        ALREADY_APPLIED after 83 ms, 2 attempts, answered 200

  #2  2027-01-15 08:00:30.000  conversation.ended  (source genesys, event to ingest 100 ms)
      ended, profile PARTIAL, salesforce OK 30000 ms ago, sap TIMEOUT; late
      write-back: participant_attributes to genesys, genesys/acme/participant/p-1 by tell-the-agent, -29340 ms after ingest
        under way

   -  2027-01-15 08:00:31.000  wrapup.applied  (source genesys, event to ingest 50 ms)
      not on events.enriched (yet)

Without its event:
      write-back: participant_attributes to genesys, genesys/acme/participant/p-1 by tell-the-agent
        ALREADY_APPLIED after 83 ms, 2 attempts, answered 200

Dead letters:
      writeback.dlq: TL-4005 no answer (writebacks.sap-3@17)
";
    assert_eq!(text::show(&Timeline::new(found())), expected);
}

#[test]
fn the_story_as_json_has_the_same_facts() {
    let timeline = serde_json::to_value(Timeline::new(found())).unwrap();
    assert_eq!(timeline["key"], "genesys/acme/c-1");
    assert_eq!(timeline["events"][0]["enriched"]["position"], 1);
    assert_eq!(timeline["events"][0]["received"], 2);
    assert_eq!(timeline["events"][0]["writeBacks"][0]["result"]["outcome"], "ALREADY_APPLIED");
    assert_eq!(timeline["events"][1]["enriched"]["late"], true);
    assert_eq!(timeline["events"][2]["enriched"], serde_json::Value::Null);
    assert_eq!(timeline["otherWriteBacks"][0]["commandId"], "w-0");
}

#[test]
fn a_repeat_that_was_left_out_names_what_it_repeats() {
    let told = |id: &str, event_type: &str, content: &str, at: i64| PlatformEvent {
        content_id: Some(content.to_owned()),
        ..event(id, event_type, at, at)
    };
    let state = |id: &str, content: &str, at: i64| told(id, "conversation.updated", content, at);
    let happened = |id: &str, at: i64| told(id, "platform.event", "x", at);
    let (first, change, returned) = (state("e-1", "a", 1), state("e-2", "b", 2), state("e-3", "a", 3));
    let published = [first, change, returned, happened("e-4", 4)];
    let left_out = [state("e-5", "a", 5), state("e-6", "c", 6), happened("e-7", 7)];
    let found = Found {
        normalized: published.iter().chain(&left_out).cloned().map(recorded).collect(),
        enriched: published
            .into_iter()
            .zip(1..)
            .map(|(event, n)| recorded(enriched(event, n, false)))
            .collect(),
        ..Found::default()
    };
    let timeline = Timeline::new(found);
    let again: Vec<_> = timeline.events[4..].iter().map(|step| step.says_again.as_deref()).collect();
    assert_eq!(again, [Some("e-3"), None, None], "a new state and what is no state are still on their way");
    let text = text::show(&timeline);
    assert!(text.contains("says again what event e-3 said, and is left out as a repeat"), "{text}");
    assert_eq!(text.matches("not on events.enriched (yet)").count(), 2, "{text}");
}
