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
    for folder in &inputs.served {
        evidence.searched_served += files::search_folder(folder, needles, &mut evidence.leaks)?;
    }
    for file in &inputs.traces {
        evidence.searched_traces += files::search(file, needles, &mut evidence.leaks)?;
    }
    for exporter in &inputs.exporters {
        let (name, mut places) = (Needles::new([(*exporter, *exporter)]), Vec::new());
        for file in &inputs.traces {
            files::search(file, &name, &mut places)?;
        }
        if !places.is_empty() {
            evidence.traced.insert((*exporter).to_owned());
        }
    }
    evidence.searched += evidence.searched_served + evidence.searched_traces;
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
    use crate::inputs::SecretToFind;

    /// What is found where these files were served, and these bytes exported; and what of I8 is not judged then.
    fn found(files: &[(&str, &[u8])], exported: &[u8]) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (served, traces) = (folder.path().join("served"), folder.path().join("traces"));
        std::fs::create_dir(&served).unwrap();
        for (name, content) in files {
            std::fs::write(served.join(name), content).unwrap();
        }
        std::fs::write(&traces, exported).unwrap();
        let secret = SecretToFind { name: "token".to_owned(), value: "a-secret-token".to_owned() };
        let inputs = Inputs {
            served: vec![served],
            traces: vec![traces],
            exporters: vec!["trunkline-ingest", "trunkline-sink"],
            secrets: vec![secret],
            ..Inputs::default()
        };
        let mut evidence = Evidence { searched: 1, ..Evidence::default() };
        let needles = Needles::new([("token", "a-secret-token")]);
        search_files(&inputs, &needles, &mut evidence).unwrap();
        assert_eq!(evidence.searched, 1 + evidence.searched_served + evidence.searched_traces);
        let place = |place: &str| place.rsplit('/').next().unwrap_or_default().to_owned();
        let leaks = evidence.leaks.iter().map(|leak| format!("{} in {}", leak.secret, place(&leak.place)));
        let skipped = examine(&evidence, &inputs).not_judged.into_iter().map(|skipped| skipped.id);
        (leaks.collect(), skipped.filter(|id| id.starts_with("I8-") && id != "I8-logs").collect())
    }

    #[test]
    fn a_secret_in_what_is_served_or_exported_is_found_and_its_reference_is_none() {
        let metrics = ("sink-0.txt", b"# HELP x\nx{secret=\"file:/run/secrets/a-secret\"} 1\n".as_slice());
        let leaking = ("processor-0.txt", b"x 1\nx{target=\"a-secret-token\"} 1\n".as_slice());
        // A span as protocol buffers have it: lengths and texts, no lines.
        let sink = b"\x0a\x0cservice.name\x12\x10\x0a\x0etrunkline-sink".as_slice();
        let services = [b"\x0a\x0cservice.name\x12\x12\x0a\x10trunkline-ingest\x12\x05x-key", sink].concat();
        let span = [services.as_slice(), b"\x0a\x12\x0dauthorization\x12\x0ea-secret-token\x00\xff"].concat();
        let none: [&str; 0] = [];
        let (leaks, skipped) = found(&[metrics], &services);
        assert_eq!((leaks, skipped), (vec![], vec![]));
        let (leaks, skipped) = found(&[metrics, leaking], &span);
        assert_eq!(leaks, ["token in processor-0.txt:2", "token in traces:6"]);
        assert_eq!(skipped, none);
        // Metrics tell nothing of traces, nor traces of metrics.
        assert_eq!(found(&[metrics], b"").1, ["I8-traces"]);
        assert_eq!(found(&[], &services).1, ["I8-served"]);
        // Those of one program tell nothing of another's.
        assert_eq!(found(&[metrics], sink).1, ["I8-traces"]);
        assert_eq!(found(&[metrics], b"\x12\x05x-key").1, ["I8-traces"]);
    }

    #[test]
    fn what_is_not_where_it_was_said_to_be_is_an_error() {
        let needles = Needles::new([("token", "a-secret-token")]);
        let folder = tempfile::tempdir().unwrap();
        let gone = || vec![folder.path().join("gone")];
        for inputs in [
            Inputs { served: gone(), ..Inputs::default() },
            Inputs { traces: gone(), ..Inputs::default() },
            Inputs { logs: gone(), ..Inputs::default() },
        ] {
            let error = search_files(&inputs, &needles, &mut Evidence::default()).unwrap_err();
            assert!(error.to_string().contains("gone"), "{error}");
        }
    }
}
