//! Identity of facts and of what follows from them.
//!
//! Ids are UUIDv5: the same parts give the same id on any instance, at any time. Parts are written as netstrings
//! (`length:bytes,`), so that no two lists of parts are written alike, whatever characters are in them.

use uuid::Uuid;

/// Namespace of [`event_id`]: UUIDv5 of `https://trunkline.io/ids/event` in the URL namespace. Never changes.
const EVENTS: Uuid = Uuid::from_u128(0xc7ba26b5_959f_5156_bdaa_37152362d390);

/// Namespace of [`derive`]: UUIDv5 of `https://trunkline.io/ids/derived` in the URL namespace. Never changes.
const DERIVED: Uuid = Uuid::from_u128(0x85b72fcc_3661_598a_bfb5_df8009b7855f);

/// Namespace of [`content_id`]: UUIDv5 of `https://trunkline.io/ids/content` in the URL namespace. Never changes.
const CONTENTS: Uuid = Uuid::from_u128(0xa10eb9b6_dfb2_5306_a2f4_ba5468b9552b);

/// The `contentId` of what a fact says, the same each time that it is said: `topic` is the platform's with the ids in
/// it, `body` the digest of the canonical body.
pub fn content_id(platform: &str, org: &str, topic: &str, body: &str) -> String {
    id(&CONTENTS, &[platform, org, topic], &[body])
}

/// The `eventId` of a fact: the same whichever way and however often it arrives.
///
/// `canonical_topic` and `identity` are what the adapter of the event's type declares as its identity.
pub fn event_id(platform: &str, org: &str, canonical_topic: &str, identity: &[&str]) -> String {
    id(&EVENTS, &[platform, org, canonical_topic], identity)
}

/// The id of something that follows from a fact: `decisionId`, `commandId`, `changeId` and the like. `kind`
/// keeps ids of different kinds apart.
pub fn derive(kind: &str, parts: &[&str]) -> String {
    id(&DERIVED, &[kind], parts)
}

fn id(namespace: &Uuid, head: &[&str], tail: &[&str]) -> String {
    let mut name = Vec::with_capacity(160);
    for part in head.iter().chain(tail) {
        name.extend_from_slice(part.len().to_string().as_bytes());
        name.push(b':');
        name.extend_from_slice(part.as_bytes());
        name.push(b',');
    }
    Uuid::new_v5(namespace, &name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_what_they_say() {
        assert_eq!(EVENTS, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://trunkline.io/ids/event"));
        assert_eq!(CONTENTS, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://trunkline.io/ids/content"));
        assert_eq!(DERIVED, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://trunkline.io/ids/derived"));
    }

    #[test]
    fn an_id_is_the_same_for_ever() {
        // Calculated independently: uuid.uuid5(EVENTS, "7:genesys,5:org-1,20:conversation.started,6:c0ffee,")
        // in Python.
        assert_eq!(
            event_id("genesys", "org-1", "conversation.started", &["c0ffee"]),
            "04e899a4-0d41-57b5-a322-30acfff15f6b"
        );
        assert_eq!(
            content_id("genesys", "org-1", "v2.users.u1", "ab"),
            "ac8f5f2f-acd3-5bbd-8617-a971247ac432"
        );
        assert_eq!(derive("decision", &["event-1", "rule-1"]), "dfd34187-9fd6-5be4-bb0b-b43bc67b1759");
    }

    #[test]
    fn parts_cannot_be_confused() {
        let ids = [
            event_id("a", "b", "c", &["d", "e"]),
            event_id("a", "b", "c", &["de"]),
            event_id("a", "b", "c", &["d,1:e"]),
            event_id("a", "b", "c", &["d", "e", ""]),
            event_id("a", "b", "cd", &["e"]),
            event_id("ab", "", "c", &["d", "e"]),
            event_id("a", "b", "c", &[]),
            derive("a", &["b", "c", "d", "e"]),
            content_id("a", "b", "c", "d"),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
