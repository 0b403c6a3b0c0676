//! Who the customer of a conversation is.

use serde::Deserialize;
use trunkline_schemas::EncodedEvent;

use super::caller::Callers;

/// Names that a tenant gives to the attribute which holds the customer's id, in any case: mappings read them.
const TENANTS_NAMES: [&str; 2] = ["customerId", "customer_id"];

/// By what an event names its customer, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// Where the customer calls or writes from, which no event gives as an id.
    Address,
    /// An id by which a channel knows the customer.
    Channel,
    /// The platform's own contact.
    Contact,
    /// An attribute that the tenant set.
    Tenant,
}

/// Who the customer of a conversation is, as far as its events say: the first who was named by the strongest evidence.
/// In format 6 of state the first two are what earlier ones had, an optional id.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub(super) enum Customer {
    /// No event says anything.
    #[default]
    Unknown,
    /// An event named this id, and a build that kept no evidence took it in: a tenant's attribute alone is sure to be
    /// no weaker.
    Named(String),
    /// None did; this is where the customer calls or writes from.
    Calling(String),
    /// A channel knows the customer by this id.
    OfChannel(String),
    /// The platform's contact.
    Contact(String),
    /// The tenant says so.
    OfTenant(String),
}

// === impl Evidence ===

impl Evidence {
    /// Of an event that names `id`. A tenant's attribute and the platform's contact are told from what a channel knows
    /// by standing in the event under their own names as well.
    fn of(event: &EncodedEvent, id: &str) -> Self {
        let is_tenants =
            |name: &[u8]| TENANTS_NAMES.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name));
        if event.tenant_attributes().any(|attribute| is_tenants(attribute.name) && attribute.value() == id) {
            Self::Tenant
        } else if event.contact_id() == Some(id) {
            Self::Contact
        } else {
            Self::Channel
        }
    }
}

// === impl Customer ===

impl Customer {
    /// Takes in what an event says: the first of the strongest evidence stays the customer.
    pub(super) fn take(&mut self, event: &EncodedEvent, callers: &Callers) {
        let known = self.evidence();
        if known == Some(Evidence::Tenant) {
            return;
        }
        match event.customer_id() {
            Some(id) => match Evidence::of(event, id) {
                evidence if known.is_some_and(|known| evidence <= known) => {}
                Evidence::Address | Evidence::Channel => *self = Self::OfChannel(id.to_owned()),
                Evidence::Contact => *self = Self::Contact(id.to_owned()),
                Evidence::Tenant => *self = Self::OfTenant(id.to_owned()),
            },
            None if known.is_none() => {
                if let Some(address) = callers.caller(event) {
                    *self = Self::Calling(address);
                }
            }
            None => {}
        }
    }

    /// The customer's id, once an event named one.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Named(id) | Self::OfChannel(id) | Self::Contact(id) | Self::OfTenant(id) => Some(id),
            Self::Calling(_) | Self::Unknown => None,
        }
    }

    /// The id, else the address.
    pub(super) fn id_or_address(&self) -> Option<&str> {
        match self {
            Self::Calling(address) => Some(address),
            _ => self.id(),
        }
    }

    /// Whose event it is, among those of whom an id is known: the one whom the event names, unless this one was named
    /// by stronger evidence.
    pub(super) fn of_event<'a>(&'a self, event: &'a EncodedEvent) -> Option<&'a str> {
        let (known, named) = (self.id(), event.customer_id());
        match (known, named) {
            (Some(known), Some(named)) if known != named => {
                Some(if self.evidence() > Some(Evidence::of(event, named)) { known } else { named })
            }
            _ => named.or(known),
        }
    }

    /// Whether an event names another one than an earlier event did, and by stronger evidence.
    pub(super) fn is_replaced_by(&self, event: &EncodedEvent) -> bool {
        match (self.id(), event.customer_id()) {
            (Some(known), Some(named)) if known != named => {
                Some(Evidence::of(event, named)) > self.evidence()
            }
            _ => false,
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Unknown => None,
            Self::Calling(_) => Some(Evidence::Address),
            Self::OfChannel(_) => Some(Evidence::Channel),
            Self::Named(_) | Self::Contact(_) => Some(Evidence::Contact),
            Self::OfTenant(_) => Some(Evidence::Tenant),
        }
    }
}

impl From<Option<String>> for Customer {
    fn from(named: Option<String>) -> Self {
        named.map_or(Self::Unknown, Self::Named)
    }
}
