//! The whole examination.

use std::collections::HashSet;

use crate::collect::{self, Topics, Undecodable};
use crate::evidence::{Call, LedgerLine, Place, StateCopy};
use crate::inputs::{Breakers, Inputs};
use crate::judge::{
    accepted, answers, breaker, effects, exactly_once, in_flight, order, quarantine, quota, secrets, state,
};
use crate::report::{Report, Verdict};
use crate::{files, registry, store, topics};

/// Why an examination could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Topics could not be read.
    #[error(transparent)]
    Topics(#[from] topics::Error),
    /// A schema could not be had.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// A state store could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A task of the examination was stopped.
    #[error("the examination was interrupted")]
    Interrupted,
}

/// Reads everything and judges it.
///
/// # Errors
/// When the evidence cannot be read; what the evidence shows is never an error, but in the report.
pub async fn verify(inputs: &Inputs) -> Result<Report, Error> {
    let needles = secrets::Needles::new(
        inputs.secrets.iter().map(|secret| (secret.name.as_str(), secret.value.as_str())),
    );
    let mut topics = collect::collect(&inputs.cluster, &inputs.registry, &inputs.prefix, &needles).await?;
    let ledger: Option<Vec<LedgerLine>> = inputs.ledger.as_deref().map(files::json_lines).transpose()?;
    let mut calls: Vec<Call> = Vec::new();
    for audit in &inputs.audits {
        calls.extend(files::json_lines::<Call>(audit)?);
    }
    let audited = (!inputs.audits.is_empty()).then_some(calls.as_slice());

    let mut report = Report::default();
    judge_events(&topics, ledger.as_deref(), &mut report);
    judge_state(inputs, &topics, &mut report)?;
    judge_calls(inputs, &topics, audited, &mut report);
    judge_secrets(inputs, &needles, &mut topics, &mut report)?;
    report.add(quarantine::judge(&topics.quarantine, ledger.as_deref()));
    report.skip("I9 (redrive)", "nothing was redriven");
    judge_breakers(inputs, &topics, audited, &mut report);
    report.add(judge_values(&topics));
    Ok(report)
}

fn judge_events(topics: &Topics, ledger: Option<&[LedgerLine]>, report: &mut Report) {
    match ledger {
        Some(ledger) => {
            report.add(accepted::judge(ledger, &topics.normalized, &topics.quarantine));
            report.add(answers::judge(ledger));
        }
        None => report.skip("I1", "no ledger of what was posted was given"),
    }
    report.add(exactly_once::judge(&topics.normalized, &topics.enriched, &topics.dead_letters));
    report.add(order::judge(&topics.enriched, &topics.normalized));
}

fn judge_state(inputs: &Inputs, topics: &Topics, report: &mut Report) -> Result<(), Error> {
    if inputs.state_folders.is_empty() {
        report.skip("I4", "no state folder was given");
        return Ok(());
    }
    let mut copies: Vec<StateCopy> = Vec::new();
    for path in inputs.state_folders.iter().flat_map(|folder| store::find(folder)) {
        copies.extend(store::read(&path)?);
    }
    report.add(state::judge(&topics.changelogs, &copies, inputs.stopped_cleanly));
    Ok(())
}

fn judge_calls(inputs: &Inputs, topics: &Topics, calls: Option<&[Call]>, report: &mut Report) {
    report.add(effects::judge(&topics.commands, &topics.results, calls));
    let Some(calls) = calls else {
        report.skip("I6", "no audit log was given");
        report.skip("I7", "no audit log was given");
        return;
    };
    report.add(in_flight::judge(calls));
    if inputs.quotas.is_empty() {
        report.skip("I7", "no quota was given");
    } else {
        report.add(quota::judge(calls, &inputs.quotas));
    }
}

fn judge_secrets(
    inputs: &Inputs,
    needles: &secrets::Needles,
    topics: &mut Topics,
    report: &mut Report,
) -> Result<(), Error> {
    if needles.is_empty() {
        report.skip("I8", "no secret to look for was given");
        return Ok(());
    }
    let mut searched = topics.records.values().sum();
    for log in &inputs.logs {
        searched += files::search(log, needles, &mut topics.leaks)?;
    }
    report.add(secrets::judge(&topics.leaks, searched));
    Ok(())
}

fn judge_breakers(inputs: &Inputs, topics: &Topics, calls: Option<&[Call]>, report: &mut Report) {
    let Some(calls) = calls else { return report.skip("I10", "no audit log was given") };
    let Some(Breakers { open_for_ms, lookups_by_one, writes_by_one }) = inputs.breakers else {
        return report.skip("I10", "how long breakers stay open was not given");
    };
    let classes = [(breaker::LOOKUPS, lookups_by_one), (breaker::WRITES, writes_by_one)];
    for (class, _) in classes.iter().filter(|(_, by_one)| !by_one) {
        let why = "several processes made them, each with breakers of its own, and the audit log does not tell them apart";
        report.skip(&format!("I10 ({})", class.name), why);
    }
    let classes: Vec<_> = classes.iter().filter(|(_, by_one)| *by_one).map(|(class, _)| *class).collect();
    if classes.is_empty() {
        return;
    }
    let mut openings = breaker::openings_reported(&topics.troubles, &classes, open_for_ms);
    openings.extend(breaker::openings_in_calls(calls, &classes, open_for_ms));
    report.add(breaker::judge(&openings, calls));
}

/// `values`: every value decodes by its writer's schema. Also counts what no other judge does.
fn judge_values(topics: &Topics) -> Verdict {
    let mut verdict = Verdict::new("values");
    let put_aside: HashSet<(&str, Place)> = topics
        .dead_letters
        .iter()
        .filter_map(|letter| letter.origin.as_ref())
        .map(|(topic, place)| (topic.as_str(), *place))
        .collect();
    for Undecodable { topic, place, problem } in &topics.undecodable {
        // Somebody else's garbage in an input topic is no breach once the pipeline has put it aside.
        let found = put_aside.iter().any(|(from, at)| from.ends_with(topic.as_str()) && at == place);
        if found {
            verdict.count("poisonous_records", 1);
        } else {
            verdict.object(|| format!("{topic} {place}: {problem}"));
        }
    }
    for (topic, records) in &topics.records {
        verdict.count(format!("records.{topic}"), *records);
    }
    for letter in &topics.dead_letters {
        verdict.count("dead_letters", 1);
        verdict.count(format!("dead_letters.{}.{}", letter.topic, letter.code), 1);
    }
    for trouble in &topics.troubles {
        verdict.count(format!("pipeline_errors.{}", trouble.code), 1);
    }
    for payload in &topics.quarantine {
        verdict.count(format!("quarantined.{}", payload.code), 1);
    }
    for event in &topics.enriched {
        verdict.count(format!("enrichment.{}", event.enrichment), 1);
        verdict.count("held", u64::from(event.held_ms > 0));
    }
    verdict.count("decisions", topics.decisions.len() as u64);
    verdict.count("aborted_records", topics.aborted);
    verdict
}
