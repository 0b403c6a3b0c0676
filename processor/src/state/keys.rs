//! Keys of state. The first byte says what a key is for; 0 is local to an instance and never in the changelog.

/// Offset of the changelog that a partition's state has reached (8 bytes, big endian).
pub const CHANGELOG_OFFSET: &[u8] = b"\0changelog-offset";

/// Finished offsets above the committed watermark.
pub const FINISHED: &[u8] = b"\x03finished";

const ENTITY: u8 = 1;
const BUCKET: u8 = 2;

/// An entity.
pub fn entity(entity: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + entity.len());
    key.push(ENTITY);
    key.extend_from_slice(entity.as_bytes());
    key
}

/// The ids an entity has seen in one hour. Big endian, so that an entity's buckets lie in order.
pub fn bucket(entity: &str, hour: i64) -> Vec<u8> {
    let mut key = Vec::with_capacity(10 + entity.len());
    key.push(BUCKET);
    key.extend_from_slice(entity.as_bytes());
    key.push(0);
    key.extend_from_slice(&hour.to_be_bytes());
    key
}
