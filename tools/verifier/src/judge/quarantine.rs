//! I9: a quarantined payload is byte-identical to what was received.

use std::collections::HashSet;

use crate::evidence::{LedgerLine, Quarantined};
use crate::report::{Verdict, counted};

/// Judges I9: the hash of the bytes kept is the one the record claims, its key, and one that the ledger knows.
pub fn judge(quarantine: &[Quarantined], ledger: Option<&[LedgerLine]>) -> Verdict {
    let mut verdict = Verdict::new("I9");
    let posted: Option<HashSet<&str>> =
        ledger.map(|lines| lines.iter().map(|line| line.body_sha256.as_str()).collect());
    for payload in quarantine {
        verdict.count("quarantined", 1);
        let Quarantined { place, computed_hash, payload_hash, key, .. } = payload;
        if payload_hash != computed_hash {
            verdict.object("hash", || format!("quarantine {place}: the payload's hash is {computed_hash}, the record says {payload_hash}"));
        }
        if key != computed_hash {
            verdict.object("key", || {
                format!("quarantine {place}: the payload's hash is {computed_hash}, the key says {key}")
            });
        }
        if posted.as_ref().is_some_and(|hashes| !hashes.contains(computed_hash.as_str())) {
            verdict.object("invented", || {
                format!("quarantine {place}: no body with hash {computed_hash} was ever posted")
            });
        }
    }
    let with = ledger
        .map_or(String::new(), |lines| format!(" with {}", counted(lines.len() as u64, "posted payload")));
    verdict.having_compared(format!("{}{with}", counted(quarantine.len() as u64, "quarantined payload")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(key: &str, claimed: &str, computed: &str) -> Quarantined {
        Quarantined {
            key: key.into(),
            payload_hash: claimed.into(),
            computed_hash: computed.into(),
            ..Default::default()
        }
    }

    fn ledger(hash: &str) -> Vec<LedgerLine> {
        vec![serde_json::from_value(serde_json::json!({"source": "genesys", "bodySha256": hash})).unwrap()]
    }

    #[track_caller]
    fn check(payload: Quarantined, posted: &str, violations: u64) {
        let verdict = judge(&[payload], Some(&ledger(posted)));
        assert_eq!(verdict.violations(), violations, "{:?}", verdict.examples());
    }

    #[test]
    fn identical_bytes() {
        check(payload("h", "h", "h"), "h", 0);
    }

    #[test]
    fn changed_bytes_wrong_keys_and_unknown_bodies_are_seen() {
        check(payload("h", "h", "other"), "h", 3);
        check(payload("h", "x", "h"), "h", 1);
        check(payload("x", "h", "h"), "h", 1);
        check(payload("h", "h", "h"), "other", 1);
    }

    #[test]
    fn without_a_ledger_the_record_is_judged_by_itself() {
        assert_eq!(judge(&[payload("h", "h", "h")], None).violations(), 0);
        assert_eq!(judge(&[payload("h", "h", "x")], None).violations(), 2);
    }
}
