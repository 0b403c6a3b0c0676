//! Which conversation is meant, and which records are about it.

use trunkline_kafka::InboundRecord;
use trunkline_schemas::headers;

/// A conversation, by its native id or its record key `platform/org/id`.
#[derive(Clone)]
pub(super) struct Subject {
    given: String,
}

// === impl Subject ===

impl Subject {
    pub(super) fn new(given: &str) -> Self {
        Self { given: given.to_owned() }
    }

    /// Whether a record of a topic keyed by conversation is about it.
    pub(super) fn is_key_of(&self, record: &InboundRecord) -> bool {
        record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()).is_some_and(|key| self.names(key))
    }

    /// Whether a record says in its headers that it is about it.
    pub(super) fn is_header_of(&self, record: &InboundRecord) -> bool {
        record
            .header_text(headers::CONVERSATION_ID)
            .is_some_and(|id| id == self.native_id() || id == self.given)
    }

    /// Whether a record key is that of the conversation.
    fn names(&self, key: &str) -> bool {
        key == self.given || native_id(key).is_some_and(|id| id == self.given)
    }

    fn native_id(&self) -> &str {
        native_id(&self.given).unwrap_or(&self.given)
    }
}

/// The last part of `platform/org/native-id`; the native id itself may hold slashes.
fn native_id(key: &str) -> Option<&str> {
    key.splitn(3, '/').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, conversation: Option<&str>) -> InboundRecord {
        let header = |id: &str| (headers::CONVERSATION_ID.to_owned(), id.as_bytes().to_vec());
        InboundRecord {
            topic: "events.normalized".into(),
            partition: 0,
            offset: 0,
            key: Some(key.as_bytes().to_vec()),
            value: None,
            headers: conversation.map(header).into_iter().collect(),
            timestamp: 0,
            leader_epoch: None,
        }
    }

    #[test]
    fn native_ids_and_whole_keys_name_a_conversation() {
        for (given, key, expected) in [
            ("c-1", "genesys/acme/c-1", true),
            ("genesys/acme/c-1", "genesys/acme/c-1", true),
            ("genesys/other/c-1", "genesys/acme/c-1", false),
            ("c-1", "genesys/acme/c-11", false),
            ("c-1", "genesys/c-1/x", false),
            ("a/b", "genesys/acme/a/b", true),
        ] {
            assert_eq!(Subject::new(given).is_key_of(&record(key, None)), expected, "{given} {key}");
        }
        for given in ["c-1", "genesys/acme/c-1"] {
            assert!(Subject::new(given).is_header_of(&record("salesforce/acme/Account/1", Some("c-1"))));
            assert!(!Subject::new(given).is_header_of(&record("salesforce/acme/Account/1", Some("c-2"))));
            assert!(!Subject::new(given).is_header_of(&record("genesys/acme/c-1", None)));
        }
    }
}
