//! A secret, and where a document refers to it.

use crate::{Place, SecretHandle};

/// A secret, and where the document refers to it.
#[derive(Debug, Clone)]
pub struct Referred {
    /// The place of the reference.
    pub place: Place,
    /// The secret.
    pub handle: SecretHandle,
}
