//! On what terms a question about a customer is asked.

use std::time::Instant;

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
}

// === impl Terms ===

impl Terms<'_> {
    /// What a target answered to this question a moment ago.
    pub(crate) fn recall(&self, target: &str, path: &str) -> Option<Value> {
        self.memory?.recall(target, path, Instant::now())
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
