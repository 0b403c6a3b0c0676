//! How each system is called: the HTTP behind the catalogue of `trunkline-systems`, one folder a system.

mod cxone;
mod genesys;
mod salesforce;
mod sap;
mod servicenow;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_systems::System;

use crate::classify::{Answer, Classified};
use crate::limiter::Feedback;
use crate::lookup::{self, Question};
use crate::outbound::Outbound;
use crate::writes::Implementation;

/// What this crate knows of one system beside its capabilities.
pub(crate) struct Connector {
    /// What an answer means; the body as JSON, where it is JSON.
    pub(crate) classify: fn(&Answer<'_>, Option<&Value>) -> Classified,
    /// What an answer says about the limits of the credential.
    pub(crate) feedback: fn(&HeaderMap) -> Feedback,
    /// Looks up a customer; `None` for a system that does not know customers.
    pub(crate) profile: Option<ProfileLookup>,
    /// How its operations are carried out.
    pub(crate) operations: &'static [Implementation],
}

/// Asks a system about a customer; `None` when it does not know the customer.
pub(crate) type ProfileLookup =
    for<'a> fn(&'a Outbound, Question<'a>) -> BoxFuture<'a, Result<Option<ProfileData>, lookup::Error>>;

/// How a system is called.
pub(crate) fn connector(system: System) -> &'static Connector {
    match system {
        System::Cxone => &cxone::CONNECTOR,
        System::Genesys => &genesys::CONNECTOR,
        System::Salesforce => &salesforce::CONNECTOR,
        System::Sap => &sap::CONNECTOR,
        System::ServiceNow => &servicenow::CONNECTOR,
    }
}

/// For systems whose answers say nothing about limits, but for `Retry-After`.
fn no_feedback(_headers: &HeaderMap) -> Feedback {
    Feedback::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_catalogue_promises_is_implemented() {
        for system in System::ALL {
            let connector = connector(system);
            let promised: Vec<_> =
                system.capabilities().operations.iter().map(|operation| operation.name).collect();
            let implemented: Vec<_> =
                connector.operations.iter().map(|operation| operation.operation).collect();
            assert_eq!(promised, implemented, "{system}");
            assert_eq!(system.has_profiles(), connector.profile.is_some(), "{system}");
        }
    }
}
