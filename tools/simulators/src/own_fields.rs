//! What an organisation adds to a vendor's standard product: objects and fields of its own, with what it keeps there.

use trunkline_load::clock::format;
use trunkline_load::customers::Customer;

use crate::system::System;

/// A field of an organisation's own. An object that has one and is not the vendor's is the organisation's own, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnField {
    /// Where it is.
    pub system: System,
    /// The object that has it: sObject, entity set or table.
    pub object: String,
    /// Its API name.
    pub name: String,
    /// What of a customer is kept there; each customer is a record of an object with such a field. `None` for a field
    /// that is written to.
    pub fact: Option<Fact>,
}

/// What is known of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// `C-000001`.
    Number,
    /// Account name.
    Name,
    /// Loyalty tier; empty for some.
    Tier,
    /// Day of the last activity; empty for some.
    LastActivity,
    /// E.164 phone number.
    Phone,
    /// E-mail address.
    Email,
}

// === impl OwnField ===

impl OwnField {
    /// One that holds a fact, or is written to.
    #[must_use]
    pub fn new(system: System, object: &str, name: &str, fact: Option<Fact>) -> Self {
        Self { system, object: object.to_owned(), name: name.to_owned(), fact }
    }

    /// Those of the organisation that demo, tests and examples play: a number, a tier and an e-mail address of
    /// accounts, two objects that write-backs fill, and keys for upserts.
    #[must_use]
    pub fn of_the_sandbox() -> Vec<Self> {
        let salesforce = |object, name, fact| Self::new(System::Salesforce, object, name, fact);
        let written = [
            ("Account", "LegacyNumber__c"),
            ("Task", "TrunklineCommandId__c"),
            ("Case", "ExternalId__c"),
            ("Conversation__c", "ExternalId__c"),
            ("Conversation__c", "CustomerNumber__c"),
            ("Conversation__c", "Platform__c"),
            ("Conversation__c", "Transfers__c"),
            ("Conversation__c", "Events__c"),
            ("CallbackRequest__c", "ExternalId__c"),
            ("CallbackRequest__c", "CustomerNumber__c"),
            ("CallbackRequest__c", "Reason__c"),
        ];
        [
            salesforce("Account", "CustomerNumber__c", Some(Fact::Number)),
            salesforce("Account", "LoyaltyTier__c", Some(Fact::Tier)),
            salesforce("Account", "Email__c", Some(Fact::Email)),
        ]
        .into_iter()
        .chain(written.map(|(object, name)| salesforce(object, name, None)))
        .collect()
    }
}

// === impl Fact ===

impl Fact {
    /// What it is for a customer, as seen at `now_ms` (UTC milliseconds).
    #[must_use]
    pub fn of(self, customer: &Customer, now_ms: i64) -> Option<String> {
        match self {
            Self::Number => Some(customer.id.clone()),
            Self::Name => Some(customer.name.clone()),
            Self::Tier => customer.tier.map(str::to_owned),
            Self::LastActivity => customer
                .last_activity_days
                .map(|days| format(now_ms - i64::from(days) * 86_400_000, "%Y-%m-%d")),
            Self::Phone => Some(customer.phone.clone()),
            Self::Email => Some(customer.email.clone()),
        }
    }
}
