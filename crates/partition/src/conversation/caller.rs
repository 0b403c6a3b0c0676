//! Where the customer of a conversation calls or writes from, for conversations that name no customer.

use trunkline_profiles::address::{Address, Region};
use trunkline_schemas::EncodedEvent;
use trunkline_schemas::event_type as et;

/// How the addresses of customers are read. Its default reads none: nobody is searched by an address then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Callers {
    /// Whether customers are searched by their phone numbers.
    pub phones: bool,
    /// Whether customers are searched by their e-mail addresses.
    pub emails: bool,
    /// The country of phone numbers that are written without their country's code.
    pub region: Option<Region>,
}

/// Where an event has the address of its customer.
struct Place<'e> {
    /// Of a telephone.
    number: Option<&'e str>,
    /// Of a message, which may be an id of the messenger's own.
    writing: Option<&'e str>,
}

// === impl Callers ===

impl Callers {
    /// The customer's address that an event tells of: a phone number in E.164 or an e-mail address. `None` for nearly
    /// all events, at no cost.
    pub(crate) fn caller(&self, event: &EncodedEvent) -> Option<String> {
        if !self.phones && !self.emails {
            return None;
        }
        let Place { number, writing } = Place::of(event)?;
        let number = number.and_then(|number| self.wanted(Address::of(number, self.region)));
        // An id of nothing but digits is no number of a telephone.
        number.or_else(|| self.wanted(Address::of(writing?, None)))
    }

    fn wanted(&self, address: Option<Address>) -> Option<String> {
        let is_wanted = |address: &Address| match address {
            Address::Phone(_) => self.phones,
            Address::Email(_) => self.emails,
        };
        address.filter(is_wanted).map(Address::into_text)
    }
}

// === impl Place ===

impl<'e> Place<'e> {
    /// Only of events about the customer's own part of the conversation: what agents, queues and flows are told by may
    /// have the addresses of others. Who was called is the customer of a conversation that the contact centre began.
    fn of(event: &'e EncodedEvent) -> Option<Self> {
        let is_inbound = || match event.direction() {
            Some("inbound") => Some(true),
            Some("outbound") => Some(false),
            _ => None,
        };
        match event.event_type() {
            et::CONVERSATION_STARTED | et::CONVERSATION_ENDED => {
                let (number, writing) =
                    if is_inbound()? { ("ani", "addressFrom") } else { ("dnis", "addressTo") };
                Some(Self { number: event.attribute(number), writing: event.attribute(writing) })
            }
            _ if event.source_type() == "CallContactEvent" && is_master_contact(event) => {
                let number = if is_inbound()? { "ANI" } else { "DNIS" };
                Some(Self { number: event.attribute(number), writing: None })
            }
            _ => None,
        }
    }
}

/// Whether an event of CXone is about the contact that others of the conversation came from: transfers and
/// consultations have contacts of their own, with the addresses of agents.
fn is_master_contact(event: &EncodedEvent) -> bool {
    let either = |one, other| event.attribute(one).or_else(|| event.attribute(other));
    let contact = either("ContactID", "ContactId");
    contact.is_some() && contact == either("MasterID", "MasterId")
}
