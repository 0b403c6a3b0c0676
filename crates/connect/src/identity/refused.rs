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
    /// Whether somebody asks since it was over, so that the others wait for what comes of that.
    is_tried: bool,
}

/// How long nobody asks after the first refusal. Somebody who has just granted the permission waits no longer.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// How long the others wait for the one who asks after a pause. Another one asks then: the first may have met another
/// failure, or waits no longer.
const TRY: Duration = Duration::from_secs(10);

/// How long at most; each refusal doubles the pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

// === impl Refused ===

impl Refused {
    /// Whether it may be asked now. At the end of a pause one may, for all.
    pub(crate) fn may_ask(&self, now: Instant) -> bool {
        match &mut *self.0.lock() {
            None => true,
            Some(pause) if now < pause.until => false,
            Some(pause) => {
                (pause.until, pause.is_tried) = (now + TRY, true);
                true
            }
        }
    }

    /// The permission is missing. True when that is news; answers to questions that were under way are not.
    pub(crate) fn refuse(&self, now: Instant) -> bool {
        let mut pause = self.0.lock();
        let is_news = pause.is_none();
        let length = match &*pause {
            Some(Pause { until, is_tried: false, .. }) if now < *until => return false,
            Some(Pause { length, .. }) => (*length * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        };
        *pause = Some(Pause { until: now + length, length, is_tried: false });
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
        assert!(refused.may_ask(now));
        assert!(refused.refuse(now), "news");
        assert!(!refused.refuse(now), "under way as well");
        for pause in [60, 120, 240, 480, 600, 600].map(Duration::from_secs) {
            assert!(!refused.may_ask(now + pause - Duration::from_millis(1)));
            now += pause;
            assert!(refused.may_ask(now) && !refused.may_ask(now), "one for all");
            // What came of that is not known.
            now += TRY;
            assert!(refused.may_ask(now) && !refused.may_ask(now), "another one");
            assert!(!refused.refuse(now), "no news");
        }
        assert!(refused.grant() && refused.may_ask(now) && !refused.grant());
        assert!(refused.refuse(now), "news again");
        assert!(refused.may_ask(now + FIRST_PAUSE));
    }
}
