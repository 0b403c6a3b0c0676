//! What is logged of lookups that a target refuses whoever they are about: why, and what to do, now and then.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use trunkline_config::Target;

use crate::lookup_error::LookupError;

/// When a target's refusals were told last, by its name.
#[derive(Debug, Default)]
pub(crate) struct RefusedLookups(Mutex<BTreeMap<String, Instant>>);

/// Somebody has to grant a permission or change the mapping, which takes longer than this.
const TELL_EVERY: Duration = Duration::from_secs(600);

// === impl RefusedLookups ===

impl RefusedLookups {
    /// What to log of a lookup that failed; `None` where it may pass by itself, or was told a while ago.
    pub(crate) fn note(&self, target: &Target, error: &LookupError, now: Instant) -> Option<String> {
        let advice = error.advice(target)?;
        let mut told = self.0.lock();
        let is_due = told.get(&target.name).is_none_or(|told| now.duration_since(*told) >= TELL_EVERY);
        is_due.then(|| {
            told.insert(target.name.clone(), now);
            format!("lookups of customers are refused: {}; {advice}", error.without_words())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_refusal_is_told_now_and_then_for_each_target() {
        let (refused, now) = (RefusedLookups::default(), Instant::now());
        let crm = testing::target_with_token("https://crm.example");
        let tickets = testing::target("https://tickets.example");
        let error = LookupError::Unreadable { target: String::new(), what: "field 'X'".to_owned() };
        let is_told = |target: &Target, now| refused.note(target, &error, now).is_some();
        assert!(is_told(&crm, now) && is_told(&tickets, now));
        assert!(!is_told(&crm, now + TELL_EVERY / 2));
        assert!(is_told(&crm, now + TELL_EVERY));
        let passing = LookupError::NoSearchField { target: String::new(), kind: "phone" };
        assert_eq!(refused.note(&crm, &passing, now + TELL_EVERY * 3), None);
    }
}
