//! Which sources are asked for profiles.

use std::collections::BTreeSet;
use std::sync::Arc;

use trunkline_schemas::CustomerProfile;

/// A source that is asked for profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedSource {
    /// Its configured name.
    pub name: Arc<str>,
    /// The system behind it.
    pub system: Arc<str>,
    /// An answer younger than this is not asked for again; milliseconds.
    pub freshness_ms: i64,
}

// === impl AskedSource ===

impl AskedSource {
    /// Its name as events have it: where it is not the system's.
    pub(crate) fn own_name(&self) -> Option<Arc<str>> {
        Some(self.name.clone()).filter(|name| *name != self.system)
    }
}

impl AsRef<str> for AskedSource {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// Leaves of a profile what is of sources that are asked, and gives parts that builds without parts wrote, and that
/// have the names of their systems, those of the sources. Returns whether there was anything of other sources.
pub(crate) fn restrict(profile: &mut CustomerProfile, asked: &[AskedSource]) -> bool {
    let is_asked = |name: &str| asked.iter().any(|source| *source.name == *name);
    for part in &mut profile.parts {
        if !is_asked(&part.source)
            && part.source == part.system
            && let Some(source) = asked.iter().find(|source| *source.system == *part.system)
        {
            part.source = source.name.as_ref().to_owned();
        }
    }
    let before = profile.parts.len();
    let mut names = BTreeSet::new();
    profile.parts.retain(|part| is_asked(&part.source) && names.insert(part.source.clone()));
    profile.identities.retain(|identity| is_asked(&identity.target));
    profile.parts.len() < before
}
