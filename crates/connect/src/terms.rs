//! On what terms a question about a customer is asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::search_memory::SearchMemory;

/// Until when a question is asked, in which trace, and what needs no asking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) deadline: Instant,
    pub(crate) traceparent: Option<&'a str>,
    /// The conversation that wants it.
    pub(crate) conversation: Option<&'a str>,
    /// What was answered a moment ago; `None` where everything is asked.
    pub(crate) memory: Option<&'a SearchMemory>,
    /// How old the latest answer is.
    pub(crate) age: &'a Age,
}

/// How old an answer is: nothing for one that has come just now, more for one of a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Age(AtomicU64);

// === impl Terms ===

impl Terms<'_> {
    /// What a target answered to this question a moment ago.
    pub(crate) fn recall(&self, target: &str, path: &str) -> Option<Value> {
        let (answer, age) = self.memory?.recall(target, path, Instant::now())?;
        self.age.set(age);
        Some(answer)
    }

    /// Keeps what a target has answered now; what was recalled is not kept for longer.
    pub(crate) fn keep(&self, target: &str, path: &str, answer: &Value) {
        let now = Instant::now();
        if let Some(memory) = self.memory
            && memory.recall(target, path, now).is_none()
        {
            memory.keep(target, path, answer, now);
        }
    }

    /// Forgets what was answered to these questions.
    pub(crate) fn forget<'p>(&self, target: &str, paths: impl IntoIterator<Item = &'p str>) {
        if let Some(memory) = self.memory {
            memory.forget(target, paths);
        }
    }
}

// === impl Age ===

impl Age {
    /// The latest answer is so old.
    pub(crate) fn set(&self, age: Duration) {
        self.0.store(u64::try_from(age.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// In milliseconds.
    pub(crate) fn milliseconds(&self) -> i64 {
        i64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    }

    /// The latest answer is as old as that one.
    pub(crate) fn set_as(&self, other: &Self) {
        self.0.store(other.0.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}
