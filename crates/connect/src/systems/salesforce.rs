//! Salesforce: what its answers mean, how customers are looked up, and how it is written to.

mod answers;
mod describe;
mod profile;
mod writes;

use super::Connector;

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: answers::feedback,
    profile: Some(profile::begin),
    describe: Some(describe::next),
    operations: writes::OPERATIONS,
};
