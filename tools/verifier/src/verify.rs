//! The whole examination: gather, then judge.

use crate::collect::collect;
use crate::error::Error;
use crate::evidence::{Call, Evidence, StateCopy};
use crate::examine::examine;
use crate::inputs::Inputs;
use crate::needles::Needles;
use crate::report::Report;
use crate::{files, store};

/// Reads everything and judges it.
///
/// # Errors
/// When the evidence cannot be read; what the evidence shows is never an error, but in the report.
pub async fn verify(inputs: &Inputs) -> Result<Report, Error> {
    let needles =
        Needles::new(inputs.secrets.iter().map(|secret| (secret.name.as_str(), secret.value.as_str())));
    let mut evidence = collect(inputs, &needles).await?.evidence;
    evidence.ledger = inputs.ledger.as_deref().map(files::json_lines).transpose()?;
    if !inputs.audits.is_empty() {
        let mut calls: Vec<Call> = Vec::new();
        for audit in &inputs.audits {
            calls.extend(files::json_lines::<Call>(audit)?);
        }
        evidence.calls = Some(calls);
    }
    evidence.leads = inputs.leads.as_deref().map(files::json_lines).transpose()?;
    read_state(inputs, &needles, &mut evidence)?;
    for log in inputs.logs.iter().filter(|_| !needles.is_empty()) {
        evidence.searched += files::search(log, &needles, &mut evidence.leaks)?;
    }
    Ok(examine(&evidence, inputs))
}

fn read_state(inputs: &Inputs, needles: &Needles, evidence: &mut Evidence) -> Result<(), Error> {
    if inputs.state_folders.is_empty() {
        return Ok(());
    }
    let mut copies: Vec<StateCopy> = Vec::new();
    for path in inputs.state_folders.iter().flat_map(|folder| store::find(folder)) {
        copies.extend(store::read(&path, needles, &mut evidence.leaks, &mut evidence.searched)?);
        if !needles.is_empty() {
            evidence.searched += files::search_folder(&path, needles, &mut evidence.leaks)?;
        }
    }
    evidence.copies = Some(copies);
    Ok(())
}
