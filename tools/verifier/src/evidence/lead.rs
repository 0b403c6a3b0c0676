//! What leads from an id in events to a customer's records, as whoever made the world knows it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What leads from one id to the records of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Lead {
    /// As events carry it.
    pub id: String,
    /// How many questions to a directory it takes to know what it says of the id.
    pub contacts: u64,
    /// By system.
    pub systems: BTreeMap<String, SystemLead>,
}

/// What leads to the records of one system.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct SystemLead {
    /// How many of the system's own numbers are known, each of another customer; `None` where none is.
    pub number: Option<u64>,
    /// How many customers of the system have the phone number that is known; `None` where none is.
    pub phone: Option<u64>,
    /// How many have the e-mail address that is known; `None` where none is.
    pub email: Option<u64>,
    /// Whether anything belongs to the number: an account, an open item, a count of tickets.
    pub has_data: bool,
}
