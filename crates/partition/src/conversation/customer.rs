//! Who the customer of a conversation is.

use serde::{Deserialize, Serialize};
use trunkline_schemas::EncodedEvent;

use super::caller::Callers;

/// Who the customer of a conversation is, as far as its events say. In state the first two are what formats before the
/// sixth had, an optional id.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) enum Customer {
    /// No event says anything.
    #[default]
    Unknown,
    /// An event named this id.
    Named(String),
    /// None did; this is where the customer calls or writes from.
    Calling(String),
}

// === impl Customer ===

impl Customer {
    /// Takes in what an event says. Whoever was named first stays the customer, and until then the first address does.
    pub(super) fn take(&mut self, event: &EncodedEvent, callers: &Callers) {
        match (&self, event.customer_id()) {
            (Self::Named(_), _) => {}
            (_, Some(id)) => *self = Self::Named(id.to_owned()),
            (Self::Calling(_), None) => {}
            (Self::Unknown, None) => {
                if let Some(address) = callers.caller(event) {
                    *self = Self::Calling(address);
                }
            }
        }
    }
}

impl From<Option<String>> for Customer {
    fn from(named: Option<String>) -> Self {
        named.map_or(Self::Unknown, Self::Named)
    }
}
