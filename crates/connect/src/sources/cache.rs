//! Answers of a source that are not asked for again yet: bounded, by the time that is passed in. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use trunkline_profiles::ProfileData;

/// What an answer costs beside its texts.
const OVERHEAD_BYTES: usize = 300;

/// An answer that was given at some time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    /// What it said; `None` where the customer is not known.
    pub(super) data: Option<Arc<ProfileData>>,
    /// When it was given; UTC milliseconds.
    pub(super) fetched_at: i64,
}

/// The answers of one source.
#[derive(Debug)]
pub(super) struct Cache {
    /// For so many milliseconds an answer is good.
    keep_ms: i64,
    /// Bytes that all of them may have.
    limit_bytes: usize,
    bytes: usize,
    kept: HashMap<Arc<str>, Kept>,
    /// The keys, each with the time of its answer, the oldest first.
    order: VecDeque<(Arc<str>, i64)>,
}

// === impl Cache ===

impl Cache {
    /// Keeps answers for `keep_ms`, of `limit_bytes` in all.
    pub(super) fn new(keep_ms: i64, limit_bytes: usize) -> Self {
        Self { keep_ms, limit_bytes, bytes: 0, kept: HashMap::new(), order: VecDeque::new() }
    }

    /// Forgets all answers.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.keep_ms, self.limit_bytes);
    }

    /// The answer to a question, where it is good at `now` (UTC milliseconds).
    pub(super) fn get(&self, key: &str, now: i64) -> Option<&Kept> {
        self.kept.get(key).filter(|kept| self.is_good(kept.fetched_at, now))
    }

    /// Keeps an answer, given `now`.
    pub(super) fn put(&mut self, key: &str, data: Option<Arc<ProfileData>>, now: i64) {
        if self.keep_ms == 0 {
            return;
        }
        let key: Arc<str> = key.into();
        self.remove(&key);
        self.bytes += weight(&key, data.as_deref());
        self.kept.insert(Arc::clone(&key), Kept { data, fetched_at: now });
        self.order.push_back((key, now));
        while let Some((oldest, at)) = self.order.front() {
            let is_current = self.kept.get(oldest).is_some_and(|kept| kept.fetched_at == *at);
            if is_current && self.bytes <= self.limit_bytes && self.is_good(*at, now) {
                break;
            }
            if let Some((oldest, _)) = self.order.pop_front()
                && is_current
            {
                self.remove(&oldest);
            }
        }
    }

    fn is_good(&self, fetched_at: i64, now: i64) -> bool {
        now < fetched_at.saturating_add(self.keep_ms)
    }

    fn remove(&mut self, key: &str) {
        if let Some(kept) = self.kept.remove(key) {
            self.bytes = self.bytes.saturating_sub(weight(key, kept.data.as_deref()));
        }
    }
}

/// About the bytes that an answer takes.
fn weight(key: &str, data: Option<&ProfileData>) -> usize {
    let of_data = data.map_or(0, |data| {
        let texts = [&data.account_name, &data.loyalty_tier];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        texts + data.values.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    });
    key.len() + of_data + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(value: &str) -> Option<Arc<ProfileData>> {
        let values = [("v".to_owned(), value.to_owned())].into();
        Some(Arc::new(ProfileData { values, ..ProfileData::default() }))
    }

    #[test]
    fn an_answer_is_good_for_its_time_and_a_newer_one_takes_its_place() {
        let mut cache = Cache::new(1_000, 1 << 20);
        assert_eq!(cache.get("a", 0), None);
        cache.put("a", data("1"), 0);
        cache.put("b", None, 500);
        assert_eq!(cache.get("a", 999), Some(&Kept { data: data("1"), fetched_at: 0 }));
        assert_eq!(cache.get("a", 1_000), None);
        cache.put("a", data("2"), 1_000);
        assert_eq!(cache.get("a", 1_999), Some(&Kept { data: data("2"), fetched_at: 1_000 }));
        assert_eq!(cache.get("b", 1_499), Some(&Kept { data: None, fetched_at: 500 }), "nobody is an answer");
        let mut none = Cache::new(0, 1 << 20);
        none.put("a", data("1"), 0);
        assert_eq!(none.get("a", 0), None);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_and_when_they_are_too_old() {
        let mut cache = Cache::new(1_000, 4 * OVERHEAD_BYTES);
        for (now, key) in (0..).zip(["a", "b", "a", "c", "d"]) {
            cache.put(key, None, now);
        }
        let known = |cache: &Cache, now| ["a", "b", "c", "d"].map(|key| cache.get(key, now).is_some());
        assert_eq!(known(&cache, 5), [true, false, true, true]);
        assert_eq!((cache.kept.len(), cache.order.len()), (3, 3));
        cache.put("e", None, 2_000);
        assert_eq!((cache.kept.len(), cache.order.len(), cache.bytes), (1, 1, 1 + OVERHEAD_BYTES));
        cache.put("f", data(&"x".repeat(4 * OVERHEAD_BYTES)), 2_001);
        assert_eq!((cache.kept.len(), cache.bytes), (0, 0), "one that is too large for all is not kept");
    }
}
