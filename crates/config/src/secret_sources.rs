//! `[secrets]`: how secrets are followed whose source changes while a process runs.

use std::time::Duration;

use crate::Referred;
use crate::section::Section;
use crate::values::{duration, duration_or_zero};

/// The secrets that a configuration refers to, and how they are followed.
#[derive(Debug, Clone)]
pub struct SecretSources {
    /// How often files are looked at (default 5 s).
    pub check_interval: Duration,
    /// How long a value that was replaced is still accepted from callers of ingest (default 5 minutes).
    pub grace: Duration,
    /// Every secret, in the order of the document; fields may refer to the same source.
    pub referred: Vec<Referred>,
}

// === impl SecretSources ===

impl SecretSources {
    /// Reads the section; what is referred to is known when all others are read.
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let check_interval = section.or("check_interval", duration, Duration::from_secs(5));
        if check_interval < Duration::from_millis(100) {
            section.refuse("check_interval", "'check_interval' must be at least 100ms");
        }
        let grace = section.or("grace", duration_or_zero, Duration::from_secs(300));
        Self { check_interval, grace, referred: Vec::new() }
    }
}
