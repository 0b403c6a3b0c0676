//! How far the state of a partition has come in the changelog.

use trunkline_kafka::changelog::{self, Anchor};
use trunkline_partition::state::Change;

/// How far the state of a partition has come in the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last record that is in it.
    pub anchor: Anchor,
    /// When it was known to be at the changelog's end; UTC milliseconds.
    pub at: i64,
}

/// The anchor that a change leaves behind once it is applied: the record of this offset and time.
pub fn anchor(change: &Change, offset: i64, timestamp: i64) -> Anchor {
    Anchor { offset, digest: changelog::digest(timestamp, &change.key, change.value.as_deref()) }
}

// === impl Checkpoint ===

impl Checkpoint {
    const BYTES: usize = 25;

    /// The format, behind the rest: earlier builds kept 24 bytes, with digests of another kind.
    const FORMAT: u8 = 2;

    /// As kept with the state: offset, digest and time, big endian, and the format.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [Self::FORMAT; Self::BYTES];
        bytes[..8].copy_from_slice(&self.anchor.offset.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.anchor.digest.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.at.to_be_bytes());
        bytes
    }

    /// Reads it back; `None` for anything else, such as what earlier builds kept: such state is rebuilt.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; Self::BYTES] = bytes.try_into().ok()?;
        if bytes[24] != Self::FORMAT {
            return None;
        }
        let number = |from: usize| {
            bytes[from..from + 8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Some(Self { anchor: Anchor { offset: number(0) as i64, digest: number(8) }, at: number(16) as i64 })
    }
}
