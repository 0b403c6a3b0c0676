//! How each system is called: the HTTP behind the catalogue of `trunkline-systems`, one folder a system.

mod cxone;
mod genesys;
mod http;
mod salesforce;
mod sap;
mod servicenow;

use reqwest::header::HeaderMap;
use serde_json::Value;
use trunkline_systems::System;

use crate::classify::{Answer, Classified};
use crate::description::Next;
use crate::limiter::Feedback;
use crate::lookup::Begin;
use crate::writes::Implementation;

/// What this crate knows of one system beside its capabilities.
pub(crate) struct Connector {
    /// What an answer means; the body as JSON, where it is JSON.
    pub(crate) classify: fn(&Answer<'_>, Option<&Value>) -> Classified,
    /// What an answer says about the limits of the credential.
    pub(crate) feedback: fn(&HeaderMap) -> Feedback,
    /// How a customer is looked up; `None` for a system that does not know customers.
    pub(crate) profile: Option<Begin>,
    /// How its objects are described; `None` for a system that does not know customers.
    pub(crate) describe: Option<Next>,
    /// How its operations are carried out.
    pub(crate) operations: &'static [Implementation],
}

/// How a system is called.
pub(crate) fn connector(system: System) -> &'static Connector {
    match system {
        System::Cxone => &cxone::CONNECTOR,
        System::Genesys => &genesys::CONNECTOR,
        System::Http => &http::CONNECTOR,
        System::Salesforce => &salesforce::CONNECTOR,
        System::Sap => &sap::CONNECTOR,
        System::ServiceNow => &servicenow::CONNECTOR,
    }
}

/// Says what an answer of `system` means.
pub(crate) fn classify(system: System, answer: &Answer<'_>) -> Classified {
    let body: Option<Value> = serde_json::from_slice(answer.body).ok();
    (connector(system).classify)(answer, body.as_ref()).shortened()
}

/// For systems whose answers say nothing about limits, but for `Retry-After`.
fn no_feedback(_headers: &HeaderMap) -> Feedback {
    Feedback::default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::classify::Verdict;

    proptest! {
        #[test]
        fn any_bytes_are_classified_without_panic(
            which in 0usize..System::ALL.len(),
            status in 100u16..600,
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let headers = HeaderMap::new();
            let answer = Answer { status, headers: &headers, body: &body, now_unix: 0 };
            let classified = classify(System::ALL[which], &answer);
            prop_assert!((200..300).contains(&status) || status == 304 || classified.verdict != Verdict::Success);
        }
    }

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
            assert_eq!(system.has_profiles(), connector.describe.is_some(), "{system}");
        }
    }
}
