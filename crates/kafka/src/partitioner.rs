//! In which partition a key lies. Order and state depend on it, so it is computed here, from the configured number of
//! partitions: a topic that is given more of them would otherwise have the client move keys as soon as it hears of it.

use trunkline_schemas::record::OutboundRecord;

/// The partition that a record goes to, where topics are configured to have so many: its own, else its key's. One
/// without a key goes anywhere.
pub fn of(record: &OutboundRecord, partitions: i32) -> Option<i32> {
    record.partition.or_else(|| Some(partition_of(record.key.as_deref()?, partitions)))
}

/// The partition of a key among so many: where Java clients, and librdkafka's `murmur2_random`, put it as well.
fn partition_of(key: &[u8], partitions: i32) -> i32 {
    let positive = i32::from_le_bytes(murmur2(key).to_le_bytes()) & i32::MAX;
    positive % partitions.max(1)
}

/// MurmurHash2 with 32 bits and the seed that Kafka's clients share. The variant is Kafka's own: no published library
/// of it is kept up.
fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let mut hash = SEED ^ (bytes.len() as u32);
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = word.iter().rev().fold(0, |k: u32, byte| (k << 8) | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash ^= rest.iter().rev().fold(0, |k: u32, byte| (k << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_kafkas_java_client() {
        // From its own test, UtilsTest.testMurmur2.
        for (key, expected) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(i32::from_le_bytes(murmur2(key.as_bytes()).to_le_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn keys_lie_within_the_configured_partitions_and_in_all_of_them() {
        let mut seen = [false; 6];
        for number in 0..200 {
            let partition = partition_of(format!("genesys/org/{number}").as_bytes(), 6);
            seen[usize::try_from(partition).unwrap()] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(partition_of(b"foobar", 1), 0);
        // -790332482 & 0x7fffffff = 1357151166, as the Java client and librdkafka have it.
        assert_eq!(partition_of(b"foobar", 6), 1_357_151_166 % 6);
    }
}
