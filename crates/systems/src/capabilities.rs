//! What one system can do.

use crate::{ClientAuthentication, Limits, Login, Operation, ProfileField};

/// What one system can do, and how it wants to be called.
#[derive(Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// As written in the configuration, in keys and in names of topics, for instance `servicenow`.
    pub name: &'static str,
    /// How often it may be called.
    pub limits: Limits,
    /// The kinds of login that it takes.
    pub logins: &'static [Login],
    /// How a client shows itself to the token endpoint, unless the configuration says otherwise.
    pub client_authentication: ClientAuthentication,
    /// Something small that every account may read: path and query under the base URL. `trunkline doctor`
    /// tries credentials with it.
    pub probe: &'static str,
    /// The profile's fields that come from this system; none where it does not know customers.
    pub profile_fields: &'static [ProfileField],
    /// Endpoint class of the calls that look up a customer, as in metrics; `None` where it does not know
    /// customers.
    pub profile_class: Option<&'static str>,
    /// What can be written to it.
    pub operations: &'static [Operation],
}

// === impl Capabilities ===

impl Capabilities {
    /// The endpoint classes that are called, without repetition: look-ups of customers, writes and their
    /// reading back.
    pub fn endpoint_classes(&self) -> Vec<&'static str> {
        let writes =
            self.operations.iter().flat_map(|operation| [operation.write_class, operation.read_class]);
        let mut classes: Vec<&'static str> = self.profile_class.into_iter().chain(writes).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}
