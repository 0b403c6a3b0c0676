//! Salesforce: what its answers mean, how customers are looked up, and how it is written to.

mod answers;
mod profile;
mod writes;

use super::Connector;

/// Where its REST API begins, in the version that requests and answers are those of.
const API: &str = "/services/data/v60.0";

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: answers::feedback,
    profile: Some(profile::LOOKUP),
    operations: writes::OPERATIONS,
};
