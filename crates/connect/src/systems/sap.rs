//! SAP S/4HANA: what its answers mean, and how a customer's balance is looked up.

mod answers;
mod describe;
mod open_items;
mod profile;
mod service;

use super::{Connector, no_feedback};

pub(super) static CONNECTOR: Connector = Connector {
    classify: answers::classify,
    feedback: no_feedback,
    profile: Some(profile::begin),
    describe: Some(describe::next),
    operations: &[],
};
