//! Record keys: `platform/org/native-id`, so that tenants and platforms never collide.

use std::borrow::Cow;

use crate::percent::{escape, printable};
use crate::{
    CrmChange, CustomerProfile, EnrichedEvent, PipelineError, PlatformEvent, QuarantinedPayload, QuotaLease,
    RoutingDecision, SchemaDrift, WriteBack, WriteBackResult,
};

/// Stands for a tenant that is not known.
const UNKNOWN_ORG: &str = "unknown";

/// The key of a conversation or another entity of a platform.
///
/// A `/` or `%` within platform or organisation is percent-encoded, so that the key can be taken apart again;
/// the native id, being last, stays as it is. Control characters are escaped in all of them.
pub fn entity_key(platform: &str, org: &str, native_id: &str) -> String {
    let (platform, org, native_id) = (segment(platform), segment(org), printable(native_id));
    let mut key = String::with_capacity(platform.len() + org.len() + native_id.len() + 2);
    key.push_str(&platform);
    key.push('/');
    key.push_str(&org);
    key.push('/');
    key.push_str(&native_id);
    key
}

/// A text as one part of several that are joined by `/`: what would end it, `%` and control characters are
/// percent-encoded, so that no two lists of parts are joined alike.
pub fn segment(text: &str) -> Cow<'_, str> {
    let escaped = |character: char| matches!(character, '/' | '%') || character.is_control();
    if !text.contains(escaped) {
        return Cow::Borrowed(text);
    }
    let mut segment = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if escaped(character) {
            escape(character, &mut segment);
        } else {
            segment.push(character);
        }
    }
    Cow::Owned(segment)
}

// === the key of each value's record ===

impl PlatformEvent {
    /// Key of the record: the conversation, else the entity that the event is about.
    pub fn key(&self) -> String {
        entity_key(&self.platform, &self.org_id, self.conversation_id.as_deref().unwrap_or(&self.entity_id))
    }
}

impl EnrichedEvent {
    /// Key of the record, as of the [`PlatformEvent`] it was made from.
    pub fn key(&self) -> String {
        entity_key(&self.platform, &self.org_id, self.conversation_id.as_deref().unwrap_or(&self.entity_id))
    }
}

impl RoutingDecision {
    /// Key of the record: the conversation.
    pub fn key(&self) -> String {
        entity_key(&self.platform, &self.org_id, &self.conversation_id)
    }
}

impl CustomerProfile {
    /// Key of the record: the customer, who may be known to several platforms.
    pub fn key(&self) -> String {
        printable(&self.customer_id).into_owned()
    }
}

impl CrmChange {
    /// Key of the record: the customer, else the record that changed.
    pub fn key(&self) -> String {
        if self.customer_id.is_empty() {
            let org = self.org_id.as_deref().unwrap_or(UNKNOWN_ORG);
            return entity_key(&self.system, org, &format!("{}/{}", self.entity, self.entity_id));
        }
        printable(&self.customer_id).into_owned()
    }
}

impl WriteBack {
    /// Key of the record: the target resource, so that commands for one resource stay in order.
    pub fn key(&self) -> String {
        self.resource.clone()
    }
}

impl WriteBackResult {
    /// Key of the record: the target resource, as of the command.
    pub fn key(&self) -> String {
        self.resource.clone()
    }
}

impl QuarantinedPayload {
    /// Key of the record: the hash of the payload.
    pub fn key(&self) -> String {
        self.payload_hash.clone()
    }
}

impl SchemaDrift {
    /// Key of the record: the source.
    pub fn key(&self) -> String {
        self.source.clone()
    }
}

impl PipelineError {
    /// Key of the record: the conversation, else the subject, else the instance that reports it.
    pub fn key(&self) -> String {
        printable(self.conversation_id.as_ref().or(self.subject.as_ref()).unwrap_or(&self.instance))
            .into_owned()
    }
}

impl QuotaLease {
    /// Key of the record: the limit.
    pub fn key(&self) -> String {
        self.limit.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_platform_tenant_and_entity() {
        for (platform, org, id, expected) in [
            ("genesys", "8f1c", "c0ffee", "genesys/8f1c/c0ffee"),
            ("cxone", "a/b", "c", "cxone/a%2Fb/c"),
            ("cxone", "a", "b/c", "cxone/a/b/c"),
            ("cxone", "a%2Fb", "c", "cxone/a%252Fb/c"),
            ("cxone", "a\nb", "c\r\nd", "cxone/a%0Ab/c%0D%0Ad"),
            ("cxone", "a", "100%\0", "cxone/a/100%%00"),
            ("cxone", "a", "a%0Ab", "cxone/a/a%250Ab"),
            ("cxone", "a\u{85}", "b\u{9b}", "cxone/a%C2%85/b%C2%9B"),
        ] {
            assert_eq!(entity_key(platform, org, id), expected);
        }
    }
}
