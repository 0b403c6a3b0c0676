//! `answers`: ingest answers what the load generator knows it must, and takes in nothing that is not verified.

use crate::evidence::LedgerLine;
use crate::report::Verdict;

/// Judges the answers to each delivery, spoiled ones included. Being pushed back (429, 503) is no wrong answer.
pub fn judge(ledger: &[LedgerLine]) -> Verdict {
    let mut verdict = Verdict::new("answers");
    for line in ledger {
        verdict.count(format!("delivered.{}", line.kind.to_ascii_lowercase()), 1);
        let status = line.status.unwrap_or_default();
        if matches!(status, 0 | 429 | 503) {
            continue;
        }
        let LedgerLine { body_sha256, source, kind, .. } = line;
        match line.expected_status {
            Some(expected) if expected != status => verdict.object(|| {
                format!("payload {body_sha256} of source {source} ({kind}) was answered {status}, expected is {expected}")
            }),
            None if status >= 500 => verdict
                .object(|| format!("payload {body_sha256} of source {source} ({kind}) was answered {status}")),
            _ => {}
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, expected_status: Option<u16>, violations: u64) {
        let line = LedgerLine {
            source: "genesys".into(),
            body_sha256: "x".into(),
            status: Some(status),
            expected_status,
            event_ids: vec![],
            posted_at: 0.0,
            kind: "badsignature".into(),
            elements: None,
        };
        assert_eq!(judge(&[line]).violations, violations, "answered {status}, expected {expected_status:?}");
    }

    #[test]
    fn a_wrong_answer_is_seen() {
        check(202, Some(401), 1);
        check(401, Some(202), 1);
        check(409, Some(202), 1);
        check(401, Some(401), 0);
    }

    #[test]
    fn an_internal_error_is_seen_and_pushing_back_is_none() {
        check(500, None, 1);
        check(500, Some(202), 1);
        check(400, None, 0);
        for pushed_back in [0, 429, 503] {
            check(pushed_back, Some(202), 0);
        }
    }
}
