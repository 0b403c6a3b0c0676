//! The name of a topic, shared by the records that are read of it one after the other.

use std::cell::RefCell;
use std::sync::Arc;

/// The topic that was read last, which the next record mostly is of too.
#[derive(Default)]
pub(crate) struct LastTopic(RefCell<Option<Arc<str>>>);

// === impl LastTopic ===

impl LastTopic {
    /// The name of a record's topic: that of the record before, where it is the same.
    pub(crate) fn shared(&self, topic: &str) -> Arc<str> {
        let mut last = self.0.borrow_mut();
        match &*last {
            Some(last) if **last == *topic => last.clone(),
            _ => last.insert(topic.into()).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shared_until_another_is_read() {
        let last = LastTopic::default();
        let first = last.shared("events.normalized");
        assert!(Arc::ptr_eq(&first, &last.shared("events.normalized")));
        assert_eq!((&*last.shared("writeback.sap"), &*first), ("writeback.sap", "events.normalized"));
        assert_eq!(&*last.shared("events.normalized"), "events.normalized");
    }
}
