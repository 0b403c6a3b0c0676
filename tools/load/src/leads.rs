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
    /// How many questions to Genesys' directory it takes to know what it says: 0 where the id is a number, 2 where the
    /// contact was merged into another one. An id that has the form of a contact's takes 1, and so does an address.
    pub contacts: u32,
    /// By system.
    pub systems: BTreeMap<&'static str, SystemLead>,
}

/// What leads to the records of one system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SystemLead {
    /// How many of the system's own numbers are known, each of another customer; `None` where none is.
    pub number: Option<u32>,
    /// How many customers of the system have the phone number that is known; `None` where none is.
    pub phone: Option<u32>,
    /// How many have the e-mail address that is known; `None` where none is.
    pub email: Option<u32>,
    /// Whether anything belongs to the number: an account, an open item, a count of tickets.
    pub has_data: bool,
}

/// The CRMs, as targets name them.
const SYSTEMS: [&str; 3] = ["salesforce", "sap", "servicenow"];

/// Who has a phone number.
#[derive(Default)]
struct Sharing {
    /// How many customers.
    customers: u32,
    /// The contacts that a search by the number finds, and how many of them have the numbers of the CRMs.
    contacts: u32,
    with_numbers: u32,
}

/// The leads of all ids by which a day's events may name the customers 1 to `customers`, and of the numbers that they
/// call from.
#[must_use]
pub fn of_customers(customers: u32) -> Vec<Lead> {
    let all: Vec<Customer> = (1..=customers).map(Customer::of).collect();
    let mut phones: HashMap<&str, Sharing> = HashMap::new();
    for customer in &all {
        let sharing = phones.entry(customer.phone.as_str()).or_default();
        let contact = ExternalContact::of(customer);
        let is_found = contact.is_listed && contact.phone.is_some();
        sharing.customers += 1;
        sharing.contacts += u32::from(is_found);
        sharing.with_numbers += u32::from(is_found && contact.has_numbers);
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

fn of_customer(customer: &Customer, phones: &HashMap<&str, Sharing>) -> Vec<Lead> {
    let contact = ExternalContact::of(customer);
    let lead =
        |id: String, contacts, lead: SystemLead| Lead { id, contacts, systems: systems(customer, &lead) };
    let by_contact = of_contact(&contact, phones);
    let calling = contact.phone.as_deref().map(|phone| of_phone(&contact, phone, phones));
    let by_email = match contact.is_listed && contact.email.is_some() {
        true => by_contact.clone(),
        false => SystemLead { email: Some(1), ..SystemLead::default() },
    };
    // The number that customers know themselves by is Salesforce's, and no other system's.
    let mut own_number = lead(customer.id.clone(), 0, SystemLead::default());
    own_number.systems.entry(SYSTEMS[0]).and_modify(|lead| lead.number = Some(1));
    let mut leads = vec![
        lead(contact.id.to_string(), if contact.canonical.is_some() { 2 } else { 1 }, by_contact),
        lead(customer.email.clone(), 1, by_email),
        own_number,
    ];
    leads.extend(calling.map(|calling| lead(customer.phone.clone(), 1, calling)));
    let sender = sender_of(customer);
    if leads.iter().all(|lead| lead.id != sender) {
        leads.push(lead(sender.clone(), Uuid::try_parse(&sender).map_or(0, |_| 1), SystemLead::default()));
    }
    leads
}

fn systems(customer: &Customer, lead: &SystemLead) -> BTreeMap<&'static str, SystemLead> {
    SYSTEMS.map(|system| (system, SystemLead { has_data: has_data(customer, system), ..lead.clone() })).into()
}

/// What a contact leads to.
fn of_contact(contact: &ExternalContact, phones: &HashMap<&str, Sharing>) -> SystemLead {
    let sharing = |phone: &str| phones.get(phone).map_or(0, |sharing| sharing.customers);
    SystemLead {
        number: contact.has_numbers.then_some(1),
        phone: contact.phone.as_deref().map(sharing),
        email: contact.email.as_deref().map(|_| 1),
        has_data: false,
    }
}

/// What the phone number of a contact leads to: what the one contact with it does; of several contacts it is not known
/// which is meant, and their numbers count where all of them have some.
fn of_phone(contact: &ExternalContact, phone: &str, phones: &HashMap<&str, Sharing>) -> SystemLead {
    let Some(Sharing { customers, contacts, with_numbers }) = phones.get(phone) else {
        return SystemLead::default();
    };
    match contacts {
        1 => of_contact(contact, phones),
        2.. if contacts == with_numbers => SystemLead { number: Some(*contacts), ..by_phone(*customers) },
        _ => by_phone(*customers),
    }
}

/// What only the CRMs themselves know of a phone number.
fn by_phone(customers: u32) -> SystemLead {
    SystemLead { phone: Some(customers), ..SystemLead::default() }
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
        assert!(count(|lead| lead.systems["salesforce"].number.is_some()) > 400);
        assert!(
            count(|lead| lead.contacts > 0
                && lead.systems["sap"].number.is_none()
                && lead.systems["sap"].phone.is_some())
                > 5
        );
        let ambiguous = count(|lead| {
            let lead = &lead.systems["sap"];
            lead.phone.is_some_and(|phone| phone > 1) && lead.email.is_none() && lead.number.is_none()
        });
        assert!(ambiguous > 1, "{ambiguous}");
        assert!(count(|lead| lead.systems["sap"].number == Some(2)) > 1, "two contacts with one phone");
        assert!(count(|lead| !lead.systems["sap"].has_data && lead.systems["salesforce"].has_data) > 5);
        let ids: BTreeSet<&str> = leads.iter().map(|lead| lead.id.as_str()).collect();
        assert_eq!(ids.len(), leads.len(), "an id is told of once");
    }

    #[test]
    fn a_line_is_what_a_judge_reads() {
        let lines = json_lines(1);
        let first: serde_json::Value =
            serde_json::from_str(lines.lines().next().unwrap_or_default()).unwrap();
        assert_eq!(first["systems"]["sap"]["number"], 1);
        assert_eq!(first["contacts"], 1);
        assert!((4..=5).contains(&lines.lines().count()));
    }
}
