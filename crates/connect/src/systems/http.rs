//! Any JSON API over HTTP: what its answers mean where nothing is known of it.

mod answers;

use super::{Connector, no_feedback};

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: no_feedback,
    profile: None,
    describe: None,
    operations: &[],
};
