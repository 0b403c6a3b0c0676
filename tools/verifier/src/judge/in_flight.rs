//! I6: never two of our writes in flight for one resource.

use std::collections::BTreeMap;

use crate::evidence::Call;
use crate::report::{Verdict, counted};

/// Judges I6 from the audit logs: write requests of one resource must not overlap in time.
pub fn judge(calls: &[Call]) -> Verdict {
    let mut verdict = Verdict::new("I6");
    let mut resources: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.is_write()) {
        verdict.count("write_requests", 1);
        let path = call.path.split('?').next().unwrap_or_default();
        resources.entry((&call.system, call.resource.as_deref().unwrap_or(path))).or_default().push(call);
    }
    let (requests, number) = (resources.values().map(Vec::len).sum::<usize>() as u64, resources.len() as u64);
    for ((system, resource), mut writes) in resources {
        writes.sort_by(|one, other| one.started_at.total_cmp(&other.started_at));
        let mut busy_until = f64::NEG_INFINITY;
        for write in writes {
            if write.started_at < busy_until {
                verdict.object("side-by-side", || {
                    format!(
                        "{system} {resource}: a {} came at {:.3} while another was in flight until {busy_until:.3}",
                        write.method, write.started_at
                    )
                });
            }
            busy_until = busy_until.max(write.finished_at.unwrap_or(write.started_at));
        }
    }
    verdict.having_compared(format!(
        "{} of {}",
        counted(requests, "write request"),
        counted(number, "resource")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(resource: &str, started_at: f64, finished_at: f64) -> Call {
        Call {
            system: "genesys".into(),
            method: "PATCH".into(),
            path: format!("/api/v2/{resource}"),
            resource: Some(resource.into()),
            started_at,
            finished_at: Some(finished_at),
            status: 200,
            ..Default::default()
        }
    }

    #[track_caller]
    fn check(calls: &[Call], violations: u64) {
        let verdict = judge(calls);
        assert_eq!(verdict.violations(), violations, "{:?}", verdict.examples());
    }

    #[test]
    fn one_after_the_other() {
        check(&[write("a", 5.0, 9.0), write("a", 1.0, 5.0), write("b", 2.0, 8.0)], 0);
    }

    #[test]
    fn an_overlap_is_seen_also_behind_a_short_one() {
        check(&[write("a", 1.0, 5.0), write("a", 4.9, 6.0)], 1);
        check(&[write("a", 1.0, 9.0), write("a", 2.0, 3.0), write("a", 4.0, 5.0)], 2);
    }

    #[test]
    fn without_a_resource_the_path_is_taken() {
        let bare = |call: Call| Call { resource: None, ..call };
        check(&[bare(write("a", 1.0, 5.0)), bare(write("a", 2.0, 6.0)), bare(write("b", 2.0, 6.0))], 1);
    }

    #[test]
    fn reads_and_token_requests_may_overlap() {
        let read = |call: Call| Call { method: "GET".into(), ..call };
        let token = |call: Call| Call { path: "/oauth/token".into(), ..call };
        check(&[read(write("a", 1.0, 5.0)), read(write("a", 2.0, 6.0))], 0);
        check(&[token(write("a", 1.0, 5.0)), token(write("a", 2.0, 6.0))], 0);
    }
}
