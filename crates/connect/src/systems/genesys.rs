//! Genesys Cloud: what its answers mean, and how it is written to.

mod answers;
mod writes;

use super::Connector;

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: answers::feedback,
    profile: None,
    describe: None,
    operations: writes::OPERATIONS,
};
