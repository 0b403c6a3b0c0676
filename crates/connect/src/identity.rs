//! Who a customer is: from what an event says to the keys by which each system knows the customer. Nobody is guessed:
//! where several fit, it is said how many, and none is chosen.
//!
//! # Layout
//!
//! Pure:
//! - [`Claim`]: what an event says of its customer
//! - `contact`: what an external contact of Genesys Cloud says of its systems' keys
//! - [`Rules`]: what is configured; the keys to search by, in their order
//! - `fingerprint`: of the settings that decide who is found
//! - [`Known`]: what is known without asking a system
//! - `refused`: whether a permission is missing
//! - [`Chain`]: from one key's answer to the next key, or to the outcome
//!
//! The edge:
//! - [`Contacts`]: asks for an external contact, once for all systems

mod chain;
mod claim;
mod contact;
mod contacts;
mod fingerprint;
mod known;
mod refused;
mod rules;

pub(crate) use chain::{Chain, Next, Outcome};
pub(crate) use claim::Claim;
pub(crate) use contacts::{Asked, Contacts, Refusals};
pub(crate) use known::Known;
pub(crate) use rules::Rules;
