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
    search_files(inputs, &needles, &mut evidence)?;
    Ok(examine(&evidence, inputs))
}

/// Searches what programs wrote into files, or what others kept of them there.
fn search_files(inputs: &Inputs, needles: &Needles, evidence: &mut Evidence) -> Result<(), files::Error> {
    if needles.is_empty() {
        return Ok(());
    }
    for log in &inputs.logs {
        evidence.searched += files::search(log, needles, &mut evidence.leaks)?;
    }
    // Without the folder nothing was kept, and it is not judged.
    for folder in inputs.served.iter().filter(|folder| folder.is_dir()) {
        evidence.searched_served += files::search_folder(folder, needles, &mut evidence.leaks)?;
    }
    evidence.searched += evidence.searched_served;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a folder with these files, and how many lines were searched.
    fn found(files: &[(&str, &[u8])]) -> (Vec<String>, u64) {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let served = vec![folder.path().to_owned(), folder.path().join("gone")];
        let (inputs, mut evidence) = (Inputs { served, ..Inputs::default() }, Evidence::default());
        let needles = Needles::new([("token", "a-secret-token")]);
        search_files(&inputs, &needles, &mut evidence).unwrap();
        assert_eq!(evidence.searched, evidence.searched_served);
        let place = |place: &str| place.rsplit('/').next().unwrap_or_default().to_owned();
        let leaks = evidence.leaks.iter().map(|leak| format!("{} in {}", leak.secret, place(&leak.place)));
        (leaks.collect(), evidence.searched_served)
    }

    #[test]
    fn a_secret_in_what_is_served_or_exported_is_found_and_its_reference_is_none() {
        let metrics = ("sink-0.txt", b"# HELP x\nx{secret=\"file:/run/secrets/a-secret\"} 1\n".as_slice());
        assert_eq!(found(&[metrics]), (vec![], 2));
        let leaking = ("processor-0.txt", b"x 1\nx{target=\"a-secret-token\"} 1\n".as_slice());
        // A span as protocol buffers have it: lengths and texts, no lines.
        let span = ("traces", b"\x0a\x12\x0dauthorization\x12\x0ea-secret-token\x00\xff".as_slice());
        let (mut leaks, searched) = found(&[metrics, leaking, span]);
        leaks.sort();
        assert_eq!(leaks, ["token in processor-0.txt:2", "token in traces:2"]);
        assert!(searched > 4, "{searched}");
    }
}
