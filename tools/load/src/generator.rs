//! A contact-centre day, played as the platforms would deliver it to a webhook.
//!
//! [`Day`] is an iterator of [`Delivery`] in the order they are to be posted; the same settings give the same bytes.
//!
//! # Where the customer is
//!
//! | source | path |
//! |---|---|
//! | `genesys-eventbridge` | the contact in `detail.eventBody.externalContactId` of customer and contact events, in `detail.eventBody.participants[purpose = customer].externalContact.id` of a call as it is now, elsewhere in `conversationExternalContactIds[0]`; of calls that the platform links to nobody none of these, and `detail.eventBody.ani` alone says who calls; the CRM's number in `detail.eventBody.attributes.customerId` of the calls whose flow asked for it |
//! | `genesys-open-messaging` | who writes: `channel.from` inbound, `channel.to` outbound and in receipts; an e-mail address, a phone number or an opaque id, as `idType` says |
//! | `cxone-digital` | the customer's e-mail address in `data.case.authorEndUserIdentity.idOnExternalPlatform` and, on inbound messages, in `data.message.authorEndUserIdentity.idOnExternalPlatform`; the CRM's number in `data.case.customFields[ident = customerId].value` where the customer filled it in |
//!
//! A contact is a UUID of Genesys' directory, as [`external_contact`](crate::external_contact) has it. The number that
//! customers know themselves by is Salesforce's; SAP and ServiceNow have numbers of their own, which no event names.
//!
//! What agents and queue members do, and audits, concern no customer and no conversation.

mod address;
mod arrivals;
mod background;
mod behaviour;
mod callback;
mod cxone_digital;
mod day;
mod delivery;
mod dice;
mod eventbridge;
mod expected;
mod handover;
mod message;
mod open_messaging;
mod repeat;
mod script;
mod seat;
mod snapshot;
mod staff;
mod states;
mod transport;
mod voice;
mod waiting;
mod world;
mod world_shares;

pub use address::sender_of;
pub use behaviour::Behaviour;
pub use day::{Day, DaySettings};
pub use delivery::{Delivery, Kind};
pub use dice::Dice;
pub use transport::StreamFaults;
pub use world::{CXONE_TENANT, GENESYS_ORG};
pub use world_shares::WorldShares;

/// Source kind of the EventBridge envelope.
pub const EVENTBRIDGE: &str = "genesys-eventbridge";
/// Source kind of Open Messaging webhooks.
pub const OPEN_MESSAGING: &str = "genesys-open-messaging";
/// Source kind of CXone Digital events.
pub const CXONE_DIGITAL: &str = "cxone-digital";
