//! The numbers by which the CRMs know a customer.

use crate::customers::Customer;

/// Whether the CRMs know a customer by one number, or each by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbering {
    /// Each by its own, as they number what is created in them.
    #[default]
    PerSystem,
    /// All by Salesforce's, as where one system keeps the customers and the others take its numbers over.
    Shared,
}

/// Those whom the CRMs know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    /// The customers with the numbers 1 to this one.
    pub customers: u32,
    /// By what they are known.
    pub numbering: Numbering,
}

/// What a customer is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Salesforce: `C-000017`, which is also what customers know themselves by.
    pub salesforce: String,
    /// SAP, business partner and customer: `1000000017`, ten digits.
    pub sap: String,
    /// ServiceNow, the user who reports incidents: `cust.000017`.
    pub servicenow: String,
    /// ServiceNow, the account: `ACCT0000017`.
    pub servicenow_account: String,
}

// === impl Population ===

impl Population {
    /// Customers whom each CRM knows by its own number.
    #[must_use]
    pub fn new(customers: u32) -> Self {
        Self { customers, numbering: Numbering::PerSystem }
    }

    /// All of them, each with the numbers.
    pub fn all(self) -> impl Iterator<Item = (Customer, Numbers)> {
        (1..=self.customers).map(move |number| self.of(number))
    }

    /// The customer of that number, who need not be one of them.
    #[must_use]
    pub fn of(self, number: u32) -> (Customer, Numbers) {
        let customer = Customer::of(number);
        let numbers = self.numbering.of(&customer);
        (customer, numbers)
    }
}

// === impl Numbering ===

impl Numbering {
    /// The numbers of a customer.
    #[must_use]
    pub fn of(self, customer: &Customer) -> Numbers {
        let (salesforce, number) = (customer.id.clone(), customer.number);
        match self {
            Self::PerSystem => Numbers {
                salesforce,
                sap: format!("{}", 1_000_000_000 + u64::from(number)),
                servicenow: format!("cust.{number:06}"),
                servicenow_account: format!("ACCT{number:07}"),
            },
            Self::Shared => Numbers {
                sap: salesforce.clone(),
                servicenow: salesforce.clone(),
                servicenow_account: salesforce.clone(),
                salesforce,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_one_system_is_another_systems() {
        let customer = Customer::of(17);
        let own = Numbering::PerSystem.of(&customer);
        assert_eq!((own.salesforce.as_str(), own.sap.as_str()), ("C-000017", "1000000017"));
        let all = [&own.salesforce, &own.sap, &own.servicenow, &own.servicenow_account];
        assert_eq!(std::collections::BTreeSet::from(all).len(), 4);
        let shared = Numbering::Shared.of(&customer);
        assert!(
            [shared.salesforce, shared.sap, shared.servicenow].iter().all(|number| *number == customer.id)
        );
    }
}
