//! Changelogs and state stores.

use std::collections::BTreeMap;

/// First 16 bytes of a SHA-256: enough to tell values apart, small enough to keep millions.
pub type Digest = [u8; 16];

/// The committed changelog of one partition, in offset order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changelog {
    /// The records.
    pub records: Vec<Change>,
}

/// One record of a changelog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Vec<u8>,
    /// A digest of its value; `None` for a tombstone.
    pub value: Option<Digest>,
}

/// One partition's column family in one processor's state folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateCopy {
    /// Whose it is.
    pub holder: String,
    /// Partition of the changelog.
    pub partition: i32,
    /// Offset of the last changelog record that the store claims to contain.
    pub reached: Option<i64>,
    /// Every key outside the local metadata, with a digest of its value.
    pub entries: BTreeMap<Vec<u8>, Digest>,
}
