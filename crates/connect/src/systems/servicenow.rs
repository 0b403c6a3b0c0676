//! ServiceNow: what its answers mean, and how a customer's open tickets are counted.

mod answers;
mod describe;
mod profile;

use super::Connector;

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: answers::feedback,
    profile: Some(profile::begin),
    describe: Some(describe::next),
    operations: &[],
};
