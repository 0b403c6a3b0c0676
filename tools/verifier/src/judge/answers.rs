//! `answers`: ingest answers what the load generator knows it must, and takes in nothing that is not verified.

use std::collections::HashMap;

use crate::evidence::LedgerLine;
use crate::report::{Verdict, counted};

/// Judges the answers to each delivery, spoiled ones included: the status is the one expected, and the same bytes are
/// answered with the same event ids, as are the replays of an archive. Being pushed back (429, 503) is no wrong answer.
pub fn judge(ledger: &[LedgerLine]) -> Verdict {
    let mut verdict = Verdict::new("answers");
    judge_repeats(ledger, &mut verdict);
    judge_replays(ledger, &mut verdict);
    for line in ledger {
        verdict.count(format!("delivered.{}", line.kind.to_ascii_lowercase()), 1);
        let status = line.status.unwrap_or_default();
        if matches!(status, 0 | 429 | 503) {
            continue;
        }
        let LedgerLine { body_sha256, source, kind, .. } = line;
        match line.expected_status {
            Some(expected) if expected != status => verdict.object("unexpected", || {
                format!("payload {body_sha256} of source {source} ({kind}) was answered {status}, expected is {expected}")
            }),
            None if status >= 500 => verdict
                .object("internal-error", || format!("payload {body_sha256} of source {source} ({kind}) was answered {status}")),
            _ => {}
        }
    }
    verdict.having_compared(counted(ledger.len() as u64, "answer"))
}

fn judge_repeats(ledger: &[LedgerLine], verdict: &mut Verdict) {
    let mut answers: HashMap<(&str, &str), &[String]> = HashMap::new();
    for line in ledger.iter().filter(|line| line.accepted()) {
        let first = *answers.entry((&line.source, &line.body_sha256)).or_insert(&line.event_ids);
        if first != line.event_ids {
            verdict.object("changing", || {
                let (again, LedgerLine { body_sha256, source, .. }) = (&line.event_ids, line);
                format!("payload {body_sha256} of source {source} was answered with {first:?} and later with {again:?}")
            });
        }
    }
}

/// What an archive plays again is the event it was, though the replay's name makes other bytes of it. (What a platform
/// publishes anew may be another event, where nothing but the transport's id tells two occurrences apart.)
fn judge_replays(ledger: &[LedgerLine], verdict: &mut Verdict) {
    let mut first: HashMap<&str, &LedgerLine> = HashMap::new();
    let published_once = |line: &&LedgerLine| line.behaviour.as_deref() != Some("honest-repeat");
    for line in ledger.iter().filter(|line| line.accepted()).filter(published_once) {
        let Some(fact) = line.fact.as_deref() else { continue };
        let before = *first.entry(fact).or_insert(line);
        if before.event_ids != line.event_ids && before.body_sha256 != line.body_sha256 {
            verdict.object("replay-renamed", || {
                format!(
                    "payloads {} and {} of source {} are one published event, once replayed, and were answered {:?} and {:?}",
                    before.body_sha256, line.body_sha256, line.source, before.event_ids, line.event_ids
                )
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(status: u16, expected_status: Option<u16>) -> LedgerLine {
        LedgerLine {
            source: "genesys".into(),
            body_sha256: "x".into(),
            status: Some(status),
            expected_status,
            event_ids: vec![],
            kind: "badsignature".into(),
            ..Default::default()
        }
    }

    #[track_caller]
    fn check(status: u16, expected_status: Option<u16>, violations: u64) {
        assert_eq!(
            judge(&[line(status, expected_status)]).violations(),
            violations,
            "answered {status}, expected {expected_status:?}"
        );
    }

    #[test]
    fn a_wrong_answer_is_seen() {
        check(202, Some(401), 1);
        check(401, Some(202), 1);
        check(422, Some(202), 1);
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

    #[test]
    fn another_answer_to_the_same_bytes_is_seen() {
        let answered = |id: &str| LedgerLine { event_ids: vec![id.into()], ..line(202, None) };
        assert_eq!(judge(&[answered("a"), answered("a")]).violations(), 0);
        assert_eq!(judge(&[answered("a"), answered("b")]).violations(), 1);
        let elsewhere = LedgerLine { source: "cxone".into(), ..answered("b") };
        assert_eq!(judge(&[answered("a"), elsewhere]).violations(), 0);
    }

    #[test]
    fn a_replay_that_became_another_event_is_seen() {
        let answered = |hash: &str, id: &str, behaviour: Option<&str>| LedgerLine {
            body_sha256: hash.into(),
            event_ids: vec![id.into()],
            fact: Some("f".into()),
            behaviour: behaviour.map(str::to_owned),
            ..line(202, None)
        };
        let first = answered("x", "a", Some("consult"));
        let replay = |id: &str| answered("y", id, Some("archive-replay"));
        assert_eq!(judge(&[first.clone(), replay("a")]).violations(), 0);
        assert_eq!(judge(&[first.clone(), replay("b")]).violations(), 1);
        assert_eq!(judge(&[replay("b"), first.clone()]).violations(), 1, "whichever is answered first");
        let anew = answered("z", "c", Some("honest-repeat"));
        assert_eq!(judge(&[first.clone(), anew, replay("a")]).violations(), 0, "published anew");
        let refused = LedgerLine { status: Some(409), event_ids: vec![], ..replay("b") };
        assert_eq!(judge(&[first, refused]).violations(), 0);
    }
}
