//! The configured targets, as other sections refer to them.

use std::collections::BTreeMap;

use crate::Target;

/// The targets, for those who refer to them.
pub(crate) struct KnownTargets<'a> {
    /// All names, also of targets with mistakes in them: a reference to one of these is no mistake of its
    /// own.
    pub names: Vec<&'a str>,
    /// Those that could be read.
    pub targets: &'a BTreeMap<String, Target>,
}
