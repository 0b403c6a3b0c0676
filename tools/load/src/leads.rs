//! What leads from an id that events name a customer by to the records of the CRMs: the truth that a judge compares
//! with who was found.
//!
//! Facts of the world alone: nothing here says how anybody is to be searched.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use uuid::Uuid;

use crate::customers::Customer;
use crate::external_contact::ExternalContact;
use crate::generator::sender_of;

/// What leads from one id to the records of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lead {
    /// As events carry it.
    pub id: String,
    /// How many contacts of Genesys' directory have to be read to know what it says: 0 where the id is none of a
    /// contact, 2 where the contact was merged into another one. An id that has the form of a contact's takes 1.
    pub contacts: u32,
    /// By system.
    pub systems: BTreeMap<&'static str, SystemLead>,
}

/// What leads to the records of one system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SystemLead {
    /// Whether the system's own number of the customer is known.
    pub number: bool,
    /// How many customers of the system have the phone number that is known; `None` where none is.
    pub phone: Option<u32>,
    /// How many have the e-mail address that is known; `None` where none is.
    pub email: Option<u32>,
    /// Whether anything belongs to the number: an account, an open item, a count of tickets.
    pub has_data: bool,
}

/// The CRMs, as targets name them.
const SYSTEMS: [&str; 3] = ["salesforce", "sap", "servicenow"];

/// The leads of all ids by which a day's events may name the customers 1 to `customers`.
#[must_use]
pub fn of_customers(customers: u32) -> Vec<Lead> {
    let all: Vec<Customer> = (1..=customers).map(Customer::of).collect();
    let mut phones: HashMap<&str, u32> = HashMap::new();
    for customer in &all {
        *phones.entry(customer.phone.as_str()).or_default() += 1;
    }
    // Two customers with one phone number may write from it: one id.
    let mut seen = BTreeSet::new();
    let leads = all.iter().flat_map(|customer| of_customer(customer, &phones));
    leads.filter(|lead| seen.insert(lead.id.clone())).collect()
}

/// The same, as JSON lines.
#[must_use]
pub fn json_lines(customers: u32) -> String {
    // A lead is texts and numbers, which are always JSON.
    of_customers(customers).iter().filter_map(|lead| Some(serde_json::to_string(lead).ok()? + "\n")).collect()
}

fn of_customer(customer: &Customer, phones: &HashMap<&str, u32>) -> [Lead; 4] {
    let sharing = |phone: &str| phones.get(phone).copied().unwrap_or(0);
    let contact = ExternalContact::of(customer);
    let systems = |lead: SystemLead| {
        SYSTEMS
            .map(|system| (system, SystemLead { has_data: has_data(customer, system), ..lead.clone() }))
            .into()
    };
    let of_contact = SystemLead {
        number: contact.has_numbers,
        phone: contact.phone.as_deref().map(sharing),
        email: contact.email.as_deref().map(|_| 1),
        has_data: false,
    };
    // The number that customers know themselves by is Salesforce's, and no other system's.
    let mut of_salesforce: BTreeMap<&str, SystemLead> = systems(SystemLead::default());
    of_salesforce.entry(SYSTEMS[0]).and_modify(|lead| lead.number = true);
    let sender = sender_of(customer);
    let written = SystemLead {
        phone: (sender == customer.phone).then(|| sharing(&sender)),
        email: (sender == customer.email).then_some(1),
        ..SystemLead::default()
    };
    [
        Lead {
            id: contact.id.to_string(),
            contacts: if contact.canonical.is_some() { 2 } else { 1 },
            systems: systems(of_contact),
        },
        Lead { contacts: Uuid::try_parse(&sender).map_or(0, |_| 1), id: sender, systems: systems(written) },
        Lead {
            id: customer.email.clone(),
            contacts: 0,
            systems: systems(SystemLead { email: Some(1), ..SystemLead::default() }),
        },
        Lead { id: customer.id.clone(), contacts: 0, systems: of_salesforce },
    ]
}

fn has_data(customer: &Customer, system: &str) -> bool {
    system != "sap" || customer.items.iter().any(|item| item.cleared_by.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_a_customer_occurs() {
        let leads = of_customers(500);
        let count = |matches: fn(&Lead) -> bool| leads.iter().filter(|lead| matches(lead)).count();
        assert!(count(|lead| lead.contacts == 2) > 5);
        assert!(count(|lead| lead.systems["salesforce"].number) > 400);
        assert!(
            count(|lead| lead.contacts > 0
                && !lead.systems["sap"].number
                && lead.systems["sap"].phone.is_some())
                > 5
        );
        let ambiguous = count(|lead| {
            let lead = &lead.systems["sap"];
            lead.phone.is_some_and(|phone| phone > 1) && lead.email.is_none() && !lead.number
        });
        assert!(ambiguous > 1, "{ambiguous}");
        assert!(count(|lead| !lead.systems["sap"].has_data && lead.systems["salesforce"].has_data) > 5);
        let ids: BTreeSet<&str> = leads.iter().map(|lead| lead.id.as_str()).collect();
        assert_eq!(ids.len(), leads.len(), "an id is told of once");
    }

    #[test]
    fn a_line_is_what_a_judge_reads() {
        let lines = json_lines(1);
        let first: serde_json::Value =
            serde_json::from_str(lines.lines().next().unwrap_or_default()).unwrap();
        assert_eq!(first["systems"]["sap"]["number"], true);
        assert_eq!(first["contacts"], 1);
        assert!((3..=4).contains(&lines.lines().count()));
    }
}
