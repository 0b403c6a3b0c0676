//! NICE CXone: what its answers mean.

mod answers;

use super::{Connector, no_feedback};

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: no_feedback,
    profile: None,
    describe: None,
    operations: &[],
};
