//! I8: no secret, token or signature key is in any log, metric, trace, error, topic or state.

use crate::evidence::Leak;
use crate::report::{Verdict, counted};

/// Judges I8 from what a search of logs, topics, state, and what is served and exported found.
pub fn judge(leaks: &[Leak], searched: u64) -> Verdict {
    let mut verdict = Verdict::new("I8");
    verdict.count("places_searched_for_secrets", searched);
    for leak in leaks {
        verdict.object("leak", || format!("secret '{}' is in {}", leak.secret, leak.place));
    }
    verdict.having_compared(format!("{} searched", counted(searched, "record, line or state value")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_a_violation_that_names_the_secret_but_does_not_repeat_it() {
        let leak = Leak { secret: "token".into(), place: "sink.log line 3".into() };
        let verdict = judge(&[leak], 10);
        assert_eq!(verdict.violations(), 1);
        assert_eq!(verdict.examples(), ["secret 'token' is in sink.log line 3"]);
        assert_eq!(judge(&[], 10).violations(), 0);
    }
}
