//! What one system can do.

use crate::{ApiVersion, ClientAuthentication, Limits, Login, Operation, ProfileField, StandardProfile};

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
    /// Where its API begins, and which versions of it there are to choose from.
    pub api_version: ApiVersion,
    /// Something small that every account may read: path and query behind the API's beginning. `trunkline doctor`
    /// tries credentials with it. `None` where nobody knows what the API has.
    pub probe: Option<&'static str>,
    /// What an account must be allowed to do for that, where it is refused all the same; empty where it needs nothing
    /// but a login.
    pub probe_permissions: &'static str,
    /// The profile's fields that come from this system; none where it does not know customers.
    pub profile_fields: &'static [ProfileField],
    /// Endpoint classes of the calls that look up a customer, as in metrics; none where it does not know
    /// customers.
    pub profile_classes: &'static [&'static str],
    /// Where the vendor's standard product keeps customers; `None` where it does not know customers.
    pub standard_profile: Option<&'static StandardProfile>,
    /// Endpoint class of the calls that ask whom a contact of its own directory means, as in metrics; `None` where it
    /// has no such directory.
    pub contacts_class: Option<&'static str>,
    /// What the account must be allowed to do for them; empty where it keeps none.
    pub contacts_permissions: &'static str,
    /// Endpoint class of the calls of `[enrichment.sources]`, as in metrics; `None` where those cannot ask it.
    pub sources_class: Option<&'static str>,
    /// What can be written to it.
    pub operations: &'static [Operation],
}

// === impl Capabilities ===

impl Capabilities {
    /// The endpoint classes that are called, without repetition: look-ups of customers, sources of
    /// enrichment, writes and their reading back.
    pub fn endpoint_classes(&self) -> Vec<&'static str> {
        let writes =
            self.operations.iter().flat_map(|operation| [operation.write_class, operation.read_class]);
        let mut classes: Vec<&'static str> = self
            .profile_classes
            .iter()
            .copied()
            .chain(self.contacts_class)
            .chain(self.sources_class)
            .chain(writes)
            .collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}
