//! What one system can do.

use crate::{Limits, Operation, ProfileField};

/// What one system can do, and how it wants to be called.
#[derive(Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// As written in the configuration, in keys and in names of topics, for instance `servicenow`.
    pub name: &'static str,
    /// How often it may be called.
    pub limits: Limits,
    /// How a client shows itself to the token endpoint.
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

/// How a client shows itself to a token endpoint (OAuth 2.0 client credentials, RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// By HTTP Basic in the `Authorization` header.
    Header,
    /// By `client_id` and `client_secret` in the form.
    Form,
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
