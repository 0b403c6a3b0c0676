//! A permission that is missing: of the login, and so of all customers alike.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Whether a permission was missing when it was last needed. While it is, one question in a while finds out whether it
/// was granted, instead of one for each customer and second.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<Option<Pause>>);

#[derive(Debug)]
struct Pause {
    until: Instant,
    length: Duration,
}

/// How long nobody asks after the first refusal. Somebody who has just granted the permission waits no longer.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// How long at most; each refusal doubles the pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

// === impl Refused ===

impl Refused {
    /// Whether nothing is to be asked now.
    pub(crate) fn is_paused(&self, now: Instant) -> bool {
        self.0.lock().as_ref().is_some_and(|pause| now < pause.until)
    }

    /// The permission is missing. True when that is news; answers to questions that were under way are not.
    pub(crate) fn refuse(&self, now: Instant) -> bool {
        let mut pause = self.0.lock();
        let is_news = pause.is_none();
        let length = match &*pause {
            Some(Pause { until, .. }) if now < *until => return false,
            Some(Pause { length, .. }) => (*length * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        };
        *pause = Some(Pause { until: now + length, length });
        is_news
    }

    /// A question was answered. True when the permission was missing before.
    pub(crate) fn grant(&self) -> bool {
        self.0.lock().take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_asked_again_after_a_pause_that_grows() {
        let (refused, mut now) = (Refused::default(), Instant::now());
        assert!(!refused.is_paused(now));
        assert!(refused.refuse(now), "news");
        assert!(!refused.refuse(now), "under way as well");
        for pause in [60, 120, 240, 480, 600, 600].map(Duration::from_secs) {
            assert!(
                refused.is_paused(now + pause - Duration::from_millis(1)) && !refused.is_paused(now + pause)
            );
            now += pause;
            assert!(!refused.refuse(now), "no news");
        }
        assert!(refused.grant() && !refused.is_paused(now) && !refused.grant());
        assert!(refused.refuse(now), "news again");
        assert!(!refused.is_paused(now + FIRST_PAUSE));
    }
}
