//! Why an examination could not be done.

use crate::{configuration, files, registry, rules, store, topics};

/// Why an examination could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Topics could not be read.
    #[error(transparent)]
    Topics(#[from] topics::Error),
    /// A schema could not be had.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// A state store could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The configuration could not be understood.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
    /// A rule could not be understood.
    #[error(transparent)]
    Rules(#[from] rules::Error),
    /// A task of the examination was stopped.
    #[error("the examination was interrupted")]
    Interrupted,
}
