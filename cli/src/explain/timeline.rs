//! Records of one conversation put together: what happened, in the order in which it took effect.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::Serialize;
use trunkline_schemas::{
    EnrichedEvent, EnrichmentStatus, EventTimeSource, OrderingMode, Outcome, PlatformEvent, RoutingDecision,
    SourceStatus, WriteBack, WriteBackResult, state_events,
};

use super::collect::{Found, Recorded};

/// All that is known of a conversation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeline {
    /// `platform/org/conversation`; none when only write-backs or dead letters are left.
    pub(super) key: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) account_name: Option<String>,
    pub(super) loyalty_tier: Option<String>,
    /// State after the last event.
    pub(super) state: Option<String>,
    /// By position; those not enriched (yet) last.
    pub(super) events: Vec<Step>,
    /// Results and commands whose event is no longer kept.
    pub(super) other_write_backs: Vec<WriteBackStep>,
    pub(super) dead_letters: Vec<DeadLetterStep>,
}

/// One event and what came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) event_id: String,
    pub(super) event_type: String,
    pub(super) source: String,
    /// UTC milliseconds.
    pub(super) event_time: i64,
    /// UTC milliseconds.
    pub(super) ingest_time: i64,
    /// From the platform's time to ours; none where the platform gave no time.
    pub(super) event_to_ingest_ms: Option<i64>,
    /// Times it is on `events.normalized`; each above 1 is a duplicate that was suppressed.
    pub(super) received: usize,
    /// What the processor made of it; none when it is not there (yet).
    pub(super) enriched: Option<EnrichedStep>,
    /// Of one that is not there: the published event before it that said the same of its entity, and which it may
    /// repeat.
    pub(super) says_again: Option<String>,
    pub(super) decisions: Vec<DecisionStep>,
    pub(super) write_backs: Vec<WriteBackStep>,
}

/// What the processor made of an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnrichedStep {
    pub(super) position: i64,
    pub(super) mode: OrderingMode,
    pub(super) late: bool,
    pub(super) gap_before: bool,
    /// Times it is on `events.enriched`; anything but 1 violates I2.
    pub(super) emitted: usize,
    pub(super) held_ms: Option<i64>,
    pub(super) state: String,
    pub(super) enrichment: EnrichmentStatus,
    pub(super) sources: Vec<SourceStep>,
}

/// What one system contributed to the profile.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceStep {
    pub(super) system: String,
    pub(super) status: SourceStatus,
    /// From asking to its answer.
    pub(super) latency_ms: Option<i64>,
    /// From its answer to this event.
    pub(super) age_ms: Option<i64>,
}

/// Where the conversation should go.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionStep {
    pub(super) queue: String,
    pub(super) priority: Option<i32>,
    pub(super) skills: Vec<String>,
    pub(super) rule_id: String,
    pub(super) rule_set_version: String,
    pub(super) ingest_to_decision_ms: i64,
}

/// A command and what became of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WriteBackStep {
    pub(super) command_id: String,
    pub(super) target: String,
    pub(super) operation: String,
    pub(super) resource: String,
    pub(super) rule_id: String,
    /// None where the event is no longer kept.
    pub(super) ingest_to_command_ms: Option<i64>,
    /// None when it is under way.
    pub(super) result: Option<ResultStep>,
}

/// What became of a command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultStep {
    pub(super) outcome: Outcome,
    pub(super) attempts: i32,
    pub(super) http_status: Option<i32>,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) difference: Option<String>,
    pub(super) command_to_result_ms: i64,
}

/// A record that a person has to look at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeadLetterStep {
    pub(super) topic: String,
    pub(super) origin: String,
    pub(super) code: String,
    pub(super) message: String,
}

// === impl Timeline ===

impl Timeline {
    pub(super) fn new(found: Found) -> Self {
        let last =
            found.enriched.iter().map(|event| &event.value).max_by_key(|event| event.ordering.position);
        let profile = found.enriched.iter().filter_map(|event| event.value.profile.as_ref()).next_back();
        let customer_of_normalized =
            found.normalized.iter().find_map(|event| event.value.customer_id.clone());
        let mut timeline = Self {
            key: found.keys().into_iter().next(),
            customer_id: last.and_then(|event| event.customer_id.clone()).or(customer_of_normalized),
            account_name: profile.and_then(|profile| profile.account_name.clone()),
            loyalty_tier: profile.and_then(|profile| profile.loyalty_tier.clone()),
            state: last.map(|event| event.conversation.state.clone()),
            events: steps(&found.normalized, &found.enriched),
            other_write_backs: Vec::new(),
            dead_letters: Vec::new(),
        };
        for decision in found.decisions {
            timeline.add_decision(decision.value);
        }
        for (event_id, step) in write_backs(found.commands, found.results) {
            timeline.add_write_back(&event_id, step);
        }
        timeline.dead_letters = found
            .dead_letters
            .into_iter()
            .map(|letter| DeadLetterStep {
                topic: letter.topic,
                origin: letter.origin,
                code: letter.code,
                message: letter.message,
            })
            .collect();
        timeline
    }

    fn add_decision(&mut self, decision: RoutingDecision) {
        if let Some(step) = self.events.iter_mut().find(|step| step.event_id == decision.event_id) {
            step.decisions.push(DecisionStep {
                queue: decision.queue,
                priority: decision.priority,
                skills: decision.skills,
                rule_id: decision.rule_id,
                rule_set_version: decision.rule_set_version,
                ingest_to_decision_ms: decision.decided_at - step.ingest_time,
            });
        }
    }

    fn add_write_back(&mut self, event_id: &str, (issued_at, mut write_back): (i64, WriteBackStep)) {
        match self.events.iter_mut().find(|step| step.event_id == event_id) {
            Some(step) => {
                write_back.ingest_to_command_ms = Some(issued_at - step.ingest_time);
                step.write_backs.push(write_back);
            }
            None => self.other_write_backs.push(write_back),
        }
    }
}

/// One step an event, in the order in which it took effect.
fn steps(normalized: &[Recorded<PlatformEvent>], enriched: &[Recorded<EnrichedEvent>]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for event in normalized.iter().map(|event| &event.value) {
        let place = *places.entry(&event.event_id).or_insert_with(|| {
            steps.push(Step::received(event));
            steps.len() - 1
        });
        steps[place].received += 1;
    }
    for event in enriched {
        // Events are kept longer after the processor than before it.
        let place = *places.entry(&event.value.event_id).or_insert_with(|| {
            steps.push(Step::only_enriched(&event.value));
            steps.len() - 1
        });
        steps[place].enrich(event);
    }
    for step in steps.iter_mut().filter(|step| step.enriched.is_none()) {
        step.says_again = said_before(step, normalized, enriched);
    }
    steps.sort_by_key(|step| {
        (step.enriched.as_ref().map_or(i64::MAX, |enriched| enriched.position), step.ingest_time)
    });
    steps
}

/// The published event taken in closest to an event that is not published, of those that said the same state.
fn said_before(
    step: &Step,
    normalized: &[Recorded<PlatformEvent>],
    enriched: &[Recorded<EnrichedEvent>],
) -> Option<String> {
    let own = &normalized.iter().find(|event| event.value.event_id == step.event_id)?.value;
    let content = own.content_id.as_ref().filter(|_| own.sequence.is_none())?;
    let same = enriched.iter().map(|event| &event.value).filter(|event| {
        state_events::is_state(&own.event_type) && event.content_id.as_ref() == Some(content)
    });
    let closest = same.min_by_key(|event| (event.ingest_time - own.ingest_time).abs());
    closest.map(|event| event.event_id.clone())
}

/// Each command with its result, under the event that led to it; and results whose command is no longer kept.
fn write_backs(
    commands: Vec<Recorded<WriteBack>>,
    results: Vec<Recorded<WriteBackResult>>,
) -> Vec<(String, (i64, WriteBackStep))> {
    let mut steps: Vec<(String, (i64, WriteBackStep))> = Vec::new();
    for WriteBack { command_id, target, operation, resource, rule_id, event_id, issued_at, .. } in
        commands.into_iter().map(|command| command.value)
    {
        let step = WriteBackStep {
            command_id,
            target,
            operation,
            resource,
            rule_id,
            ingest_to_command_ms: None,
            result: None,
        };
        steps.push((event_id, (issued_at, step)));
    }
    for result in results.into_iter().map(|result| result.value) {
        let known = steps.iter().position(|(_, (_, step))| step.command_id == result.command_id);
        let place = known.unwrap_or_else(|| {
            steps.push((result.event_id.clone(), (result.issued_at, WriteBackStep::only_result(&result))));
            steps.len() - 1
        });
        steps[place].1.1.result = Some(ResultStep::new(result));
    }
    steps.sort_by_key(|(_, (issued_at, _))| *issued_at);
    steps
}

// === impl Step ===

impl Step {
    fn received(event: &PlatformEvent) -> Self {
        let times = (event.event_time, event.event_time_source, event.ingest_time);
        Self::new(&event.event_id, &event.event_type, &event.source.name, times)
    }

    fn only_enriched(event: &EnrichedEvent) -> Self {
        let times = (event.event_time, event.event_time_source, event.ingest_time);
        Self::new(&event.event_id, &event.event_type, &event.source.name, times)
    }

    fn new(event_id: &str, event_type: &str, source: &str, times: (i64, EventTimeSource, i64)) -> Self {
        let (event_time, told_by, ingest_time) = times;
        Self {
            event_id: event_id.to_owned(),
            event_type: event_type.to_owned(),
            source: source.to_owned(),
            event_time,
            ingest_time,
            event_to_ingest_ms: (told_by == EventTimeSource::Platform).then_some(ingest_time - event_time),
            received: 0,
            enriched: None,
            says_again: None,
            decisions: Vec::new(),
            write_backs: Vec::new(),
        }
    }

    fn enrich(&mut self, event: &Recorded<EnrichedEvent>) {
        let Recorded { value, held_ms } = event;
        let enriched = self.enriched.get_or_insert_with(|| EnrichedStep {
            position: value.ordering.position,
            mode: value.ordering.mode,
            late: value.ordering.late,
            gap_before: value.ordering.gap_before,
            emitted: 0,
            held_ms: *held_ms,
            state: value.conversation.state.clone(),
            enrichment: value.enrichment.status,
            sources: value
                .enrichment
                .sources
                .iter()
                .map(|source| SourceStep {
                    system: source.system.to_string(),
                    status: source.status,
                    latency_ms: source.latency_ms,
                    age_ms: source.age_ms,
                })
                .collect(),
        });
        enriched.emitted += 1;
    }
}

// === impl WriteBackStep ===

impl WriteBackStep {
    fn only_result(result: &WriteBackResult) -> Self {
        Self {
            command_id: result.command_id.clone(),
            target: result.target.clone(),
            operation: result.operation.clone(),
            resource: result.resource.clone(),
            rule_id: result.rule_id.clone(),
            ingest_to_command_ms: None,
            result: None,
        }
    }
}

// === impl ResultStep ===

impl ResultStep {
    fn new(result: WriteBackResult) -> Self {
        Self {
            outcome: result.outcome,
            attempts: result.attempts,
            http_status: result.http_status,
            code: result.code,
            message: result.message,
            difference: result.difference,
            command_to_result_ms: result.finished_at - result.issued_at,
        }
    }
}
