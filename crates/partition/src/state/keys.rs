//! Keys of state. The first byte says what a key is for; 0 is local to an instance and never in the changelog.

/// How far in the changelog a partition's state has come: the store's checkpoint.
pub const CHECKPOINT: &[u8] = b"\0reached";

/// Finished offsets above the committed watermark, which belong to whoever reads the records.
pub const FINISHED: &[u8] = b"\x03finished";

/// There once every value is of this build's format.
pub const FORMAT: &[u8] = b"\x06format";

/// Which log was read and how far, which belongs to whoever reads the records as well.
pub const INPUT_LOG: &[u8] = b"\x07input";

const ENTITY: u8 = 1;
const CHUNK: u8 = 2;
const TIMER: u8 = 4;
const PROFILE: u8 = 5;

/// An entity.
pub fn entity(entity: &str) -> Vec<u8> {
    tagged(ENTITY, entity.as_bytes(), 0)
}

/// The entity whose key this is; `None` for other keys.
pub fn entity_of(key: &[u8]) -> Option<&str> {
    named(ENTITY, key)
}

/// All entities: from this key to that.
pub fn entities() -> (Vec<u8>, Vec<u8>) {
    (vec![ENTITY], vec![ENTITY + 1])
}

/// Ids that an entity has seen in one hour, in chunks: the hours of the ids that are with the entity itself are not
/// among them.
pub fn chunk(entity: &str, hour: i64, number: u32) -> Vec<u8> {
    let mut key = bucket(entity, hour);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Where format 1 kept all ids of an hour.
pub fn bucket(entity: &str, hour: i64) -> Vec<u8> {
    let mut key = tagged(CHUNK, entity.as_bytes(), 13);
    key.push(0);
    key.extend_from_slice(&hour.to_be_bytes());
    key
}

/// What a partition knows of a customer.
pub fn profile(customer: &str) -> Vec<u8> {
    tagged(PROFILE, customer.as_bytes(), 0)
}

/// The customer whose profile's key this is; `None` for other keys.
pub fn customer_of(key: &[u8]) -> Option<&str> {
    named(PROFILE, key)
}

/// The timer by which `target`, a key, is looked at once the partition's time has reached this hour. Big endian, so
/// that what is due first comes first.
pub fn timer(hour: i64, target: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(9 + target.len());
    key.push(TIMER);
    key.extend_from_slice(&hour.to_be_bytes());
    key.extend_from_slice(target);
    key
}

/// Every timer that is due up to and with an hour: from this key to that.
pub fn timers_until(hour: i64) -> (Vec<u8>, Vec<u8>) {
    (vec![TIMER], timer(hour.saturating_add(1), &[]))
}

/// The hour and the target of a timer; `None` for other keys.
pub fn target_of(key: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, target) = key.strip_prefix(&[TIMER])?.split_first_chunk::<8>()?;
    Some((i64::from_be_bytes(*hour), target))
}

/// The smallest key above this one.
pub fn successor(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

fn tagged(tag: u8, name: &[u8], more: usize) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + name.len() + more);
    key.push(tag);
    key.extend_from_slice(name);
    key
}

fn named(tag: u8, key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(&[tag])?).ok()
}
