//! I1: every element of a payload answered 2xx is in `events.normalized` at least once, or in `quarantine`.

use std::collections::{BTreeSet, HashSet};

use crate::evidence::{LedgerLine, Normalized, Quarantined};
use crate::report::{Verdict, counted};

/// Judges I1 from the load generator's ledger. A payload answered 422 was promised to be in quarantine as well.
pub fn judge(ledger: &[LedgerLine], normalized: &[Normalized], quarantine: &[Quarantined]) -> Verdict {
    let mut verdict = Verdict::new("I1");
    let event_ids: HashSet<&str> = normalized.iter().map(|event| event.event_id.as_str()).collect();
    let hashes: HashSet<&str> = quarantine.iter().map(|payload| payload.computed_hash.as_str()).collect();

    for line in ledger {
        verdict.count("posted", 1);
        let in_quarantine = hashes.contains(line.body_sha256.as_str());
        if line.accepted() {
            verdict.count("accepted", 1);
            judge_accepted(line, &event_ids, in_quarantine, &mut verdict);
        } else {
            match line.status {
                Some(422) if !in_quarantine => verdict.object("not-quarantined", || {
                    format!(
                        "payload {} of source {} was answered 422 but is not in quarantine",
                        line.body_sha256, line.source
                    )
                }),
                Some(422) => verdict.count("answered_quarantined", 1),
                Some(429 | 503) => verdict.count("pushed_back", 1),
                Some(status) if status > 0 => verdict.count("rejected", 1),
                _ => verdict.count("unanswered", 1),
            }
        }
    }
    judge_unposted(ledger, normalized, &mut verdict);
    let accepted = verdict.counted("accepted");
    let compared = format!(
        "{} accepted of {} posted, with {}",
        counted(accepted, "payload"),
        counted(ledger.len() as u64, "payload"),
        counted((normalized.len() + quarantine.len()) as u64, "record")
    );
    verdict.having_compared(compared)
}

/// An event of a source that the ledger covers comes from something that was posted: its id was answered, or
/// its answer was lost on the way.
fn judge_unposted(ledger: &[LedgerLine], normalized: &[Normalized], verdict: &mut Verdict) {
    let sources: HashSet<&str> = ledger.iter().map(|line| line.source.as_str()).collect();
    let answered: HashSet<&str> =
        ledger.iter().flat_map(|line| &line.event_ids).map(String::as_str).collect();
    // An answer of 429 and above can come after the event was written.
    let is_open = |line: &LedgerLine| line.status.is_none_or(|status| status == 0 || status >= 429);
    let elements = |line: &LedgerLine| line.elements.unwrap_or(1);
    let open: usize = ledger.iter().filter(|line| is_open(line)).map(elements).sum();
    let covered = normalized.iter().filter(|event| sources.contains(event.source.as_str()));
    let unknown: BTreeSet<&str> =
        covered.map(|event| event.event_id.as_str()).filter(|id| !answered.contains(id)).collect();
    if unknown.len() > open {
        verdict.object("unposted", || {
            format!(
                "{} of events.normalized, for instance {:?}, came in no answer, and the answers about {} are unknown",
                counted(unknown.len() as u64, "event id"),
                unknown.iter().take(3).collect::<Vec<_>>(),
                counted(open as u64, "element")
            )
        });
    }
}

fn judge_accepted(line: &LedgerLine, event_ids: &HashSet<&str>, in_quarantine: bool, verdict: &mut Verdict) {
    let LedgerLine { body_sha256, source, status, .. } = line;
    let status = status.unwrap_or_default();
    for event_id in &line.event_ids {
        if !event_ids.contains(event_id.as_str()) {
            verdict.object("lost", || {
                format!("event {event_id} (payload {body_sha256}, source {source}) was answered {status} at {:.0} but is not in events.normalized", line.answered_at)
            });
        }
    }
    if line.event_ids.is_empty() && in_quarantine {
        verdict.object("accepted-and-quarantined", || {
            format!("payload {body_sha256} of source {source} was answered {status}, and all of it is in quarantine")
        });
    }
    if line.event_ids.len() < line.elements.unwrap_or(1) && !in_quarantine {
        verdict.object("element-lost", || {
            format!(
                "payload {body_sha256} of source {source} was answered {status} for {} of {} elements, and the rest is not in quarantine",
                line.event_ids.len(),
                line.elements.unwrap_or(1)
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(status: u16, hash: &str, event_ids: &[&str]) -> LedgerLine {
        LedgerLine {
            source: "genesys".into(),
            body_sha256: hash.into(),
            status: Some(status),
            expected_status: None,
            event_ids: event_ids.iter().map(|id| (*id).into()).collect(),
            kind: "Clean".into(),
            ..Default::default()
        }
    }

    fn check(ledger: &[LedgerLine], violations: u64) -> Verdict {
        let normalized =
            [Normalized { event_id: "a".into(), source: "genesys".into(), ..Default::default() }];
        let quarantine = [Quarantined { computed_hash: "q".into(), ..Default::default() }];
        let verdict = judge(ledger, &normalized, &quarantine);
        assert_eq!(verdict.violations(), violations, "{:?}", verdict.examples());
        verdict
    }

    #[test]
    fn what_was_accepted_is_there() {
        let verdict = check(
            &[line(202, "x", &["a"]), line(422, "q", &[]), line(401, "y", &[]), line(503, "z", &[])],
            0,
        );
        assert_eq!((verdict.counts["posted"], verdict.counts["accepted"]), (4, 1));
        assert_eq!((verdict.counts["rejected"], verdict.counts["pushed_back"]), (1, 1));
    }

    #[test]
    fn an_event_that_nobody_posted_is_seen_unless_an_answer_was_lost() {
        check(&[line(401, "x", &[])], 1);
        check(&[line(503, "x", &[])], 0);
        check(&[LedgerLine { status: None, ..line(0, "x", &[]) }], 0);
    }

    #[test]
    fn what_is_quarantined_as_a_whole_is_not_accepted() {
        check(&[line(202, "x", &["a"]), line(202, "q", &[])], 1);
    }

    #[test]
    fn a_lost_event_is_seen() {
        check(&[line(202, "x", &["b"]), line(202, "y", &["a"])], 1);
    }

    #[test]
    fn a_lost_element_is_seen() {
        check(&[LedgerLine { elements: Some(2), ..line(202, "x", &["a"]) }], 1);
        check(&[LedgerLine { elements: Some(2), ..line(202, "q", &["a"]) }], 0);
    }

    #[test]
    fn an_accepted_payload_that_is_nowhere_is_seen() {
        check(&[line(202, "x", &[]), line(202, "y", &["a"])], 1);
    }

    #[test]
    fn a_quarantine_that_was_promised_and_not_kept_is_seen() {
        check(&[line(422, "x", &[]), line(202, "y", &["a"])], 1);
    }

    #[test]
    fn what_was_never_answered_is_not_judged() {
        check(&[LedgerLine { status: None, ..line(0, "x", &[]) }, line(0, "x", &[])], 0);
    }
}
