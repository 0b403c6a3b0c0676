//! `answers`: ingest takes in nothing that is not signed as its source says.

use crate::evidence::LedgerLine;
use crate::report::Verdict;

/// Judges the answers that the load generator got for what it spoiled on purpose.
pub fn judge(ledger: &[LedgerLine]) -> Verdict {
    let mut verdict = Verdict::new("answers");
    for line in ledger {
        let kind = line.kind.to_ascii_lowercase().replace(['_', '-'], "");
        let status = line.status.unwrap_or_default();
        match kind.as_str() {
            "badsignature" if line.accepted() => verdict.object(|| {
                format!(
                    "payload {} of source {} has a wrong signature and was answered {status}",
                    line.body_sha256, line.source
                )
            }),
            _ if (500..600).contains(&status) && status != 503 => verdict.object(|| {
                format!("payload {} of source {} was answered {status}", line.body_sha256, line.source)
            }),
            _ => {}
        }
        if !kind.is_empty() {
            verdict.count(format!("delivered.{kind}"), 1);
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, status: u16, violations: u64) {
        let line = LedgerLine {
            source: "genesys".into(),
            body_sha256: "x".into(),
            status: Some(status),
            event_ids: vec![],
            posted_at: 0.0,
            kind: kind.into(),
            elements: None,
        };
        assert_eq!(judge(&[line]).violations, violations, "{kind} answered {status}");
    }

    #[test]
    fn a_wrong_signature_must_not_be_accepted() {
        check("BadSignature", 202, 1);
        check("bad_signature", 202, 1);
        check("BadSignature", 401, 0);
    }

    #[test]
    fn an_internal_error_is_seen_and_pushing_back_is_not_one() {
        check("Malformed", 500, 1);
        check("Malformed", 400, 0);
        check("Clean", 503, 0);
    }
}
