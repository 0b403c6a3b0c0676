//! The business facts: who the customers are, and what each CRM knows of them.
//!
//! Every fact is a function of the customer's number, so that simulators, generator and judges agree without sharing
//! state. Salesforce knows name, tier and last activity; SAP the open items; ServiceNow the tickets. By what Genesys
//! knows a customer is in [`external_contact`](crate::external_contact).

use uuid::Uuid;

/// What the CRMs know of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// 1 and up.
    pub number: u32,
    /// `C-000001` and up: Salesforce's number, by which customers know themselves. The others have numbers of their
    /// own ([`numbers`](crate::numbers)).
    pub id: String,
    /// Account name.
    pub name: String,
    /// `GOLD` (20 %), `SILVER` (30 %), `BRONZE` (40 %) or nothing.
    pub tier: Option<&'static str>,
    /// Open and cleared items in accounting.
    pub items: Vec<AccountingItem>,
    /// Active incidents.
    pub open_tickets: u32,
    /// Incidents that are closed.
    pub closed_tickets: u32,
    /// Days since the CRM's last activity; `None` for never.
    pub last_activity_days: Option<u32>,
    /// E.164 phone number. One in [`SHARED_PHONES`] customers has that of another one, as two firms in one house have.
    pub phone: String,
    /// E-mail address, of this customer alone. It may hold an apostrophe, which query languages escape.
    pub email: String,
    /// Id of the customer's contact in Genesys' own directory, as events carry it.
    pub contact_id: Uuid,
}

/// One customer in so many has the phone number of another customer.
pub const SHARED_PHONES: u64 = 10;

/// One line of an accounting document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountingItem {
    /// Document number, unique.
    pub document: String,
    /// `1010` (books in EUR) or `1710` (books in USD).
    pub company_code: &'static str,
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Amount in hundredths.
    pub cents: i64,
    /// The document that cleared it, empty while it is open.
    pub cleared_by: String,
}

/// What a customer owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balance {
    /// Nothing is open.
    None,
    /// The sum of all open items, which are in one currency.
    Single {
        /// Sum in hundredths.
        cents: i64,
        /// ISO 4217 code.
        currency: &'static str,
    },
    /// Open items in several currencies, which have no sum.
    Several,
}

const FIRST: [&str; 16] = [
    "Acme",
    "Borealis",
    "Cobalt",
    "Delphi",
    "Ember",
    "Fjord",
    "Garnet",
    "Harbour",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Meridian",
    "Northwind",
    "Orchard",
    "Pinnacle",
];
const SECOND: [&str; 12] = [
    "Logistics",
    "Foods",
    "Energy",
    "Textiles",
    "O'Neill & Sons",
    "Insurance",
    "Motors",
    "Pharma",
    "Media",
    "Bank",
    "Robotics",
    "Müller GmbH",
];

impl Customer {
    /// The customer of that number.
    #[must_use]
    pub fn of(number: u32) -> Self {
        let draw = |purpose: u64| draw(number, purpose);
        let tier = match draw(1) % 10 {
            0 | 1 => Some("GOLD"),
            2..=4 => Some("SILVER"),
            5..=8 => Some("BRONZE"),
            _ => None,
        };
        let index = number as usize;
        let (first, second) = (FIRST[index % FIRST.len()], SECOND[index / FIRST.len() % SECOND.len()]);
        Self {
            number,
            id: id(number),
            name: format!("{first} {second}"),
            tier,
            items: items(number),
            open_tickets: [0, 0, 0, 1, 1, 2, 3, 5][(draw(2) % 8) as usize],
            closed_tickets: (draw(3) % 4) as u32,
            last_activity_days: (draw(4) % 12 != 0).then(|| (draw(5) % 120) as u32),
            phone: format!("+1317{:07}", 2_000_000 + phone_of(number)),
            email: email(number, first, second),
            contact_id: contact(number),
        }
    }

    /// What the customer owes.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let open: Vec<&AccountingItem> =
            self.items.iter().filter(|item| item.cleared_by.is_empty()).collect();
        let Some(first) = open.first() else { return Balance::None };
        if open.iter().any(|item| item.currency != first.currency) {
            return Balance::Several;
        }
        Balance::Single { cents: open.iter().map(|item| item.cents).sum(), currency: first.currency }
    }
}

/// `C-000123` for 123.
#[must_use]
pub fn id(number: u32) -> String {
    format!("C-{number:06}")
}

/// 123 for `C-000123`.
#[must_use]
pub fn number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix("C-")?;
    (digits.len() == 6).then(|| digits.parse().ok()).flatten()
}

/// Id of a customer's contact in Genesys' directory: a name-based UUID, the same in every run.
#[must_use]
pub fn contact(number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("external-contact/{}", id(number)).as_bytes())
}

/// Whose phone number a customer has: its own or, of a pair of neighbours that share one, that of the first.
pub(crate) fn phone_of(number: u32) -> u32 {
    let first = number - u32::from(number.is_multiple_of(2));
    if shares_phone(number) { first } else { number }
}

/// Whether a customer has a phone number that is another one's as well.
#[must_use]
pub fn shares_phone(number: u32) -> bool {
    let first = number - u32::from(number.is_multiple_of(2));
    draw(first, 6).is_multiple_of(SHARED_PHONES)
}

/// `foods.17@borealis.example`; mailboxes with an apostrophe are in use.
fn email(number: u32, first: &str, second: &str) -> String {
    let department = second.split(' ').next().unwrap_or(second).to_lowercase().replace('ü', "ue");
    format!("{department}.{number}@{}.example", first.to_lowercase())
}

/// Most have one to three open items in one currency and some cleared ones; 1 in 25 none open; 1 in 20 two currencies.
fn items(number: u32) -> Vec<AccountingItem> {
    let draw = |purpose: u64| draw(number, purpose);
    let home = draw(16) % 5 < 3;
    let open = if draw(17) % 25 == 0 { 0 } else { 1 + draw(18) % 3 };
    let cleared = draw(19) % 3;
    let foreign = u64::from(open > 0 && draw(20) % 20 == 0);
    let item = |index: u64, at_home: bool, cleared: bool| {
        let document = format!("{:08}{index:02}", 18_000_000 + number);
        AccountingItem {
            company_code: if at_home { "1010" } else { "1710" },
            currency: if at_home { "EUR" } else { "USD" },
            // 1 in 8 is a credit.
            cents: (500 + (draw(32 + index) % 2_000_000) as i64)
                * if draw(64 + index) % 8 == 0 { -1 } else { 1 },
            cleared_by: if cleared { format!("14{}", &document[2..]) } else { String::new() },
            document,
        }
    };
    (0..open)
        .map(|index| item(index, home, false))
        .chain((open..open + foreign).map(|index| item(index, !home, false)))
        .chain((open + foreign..open + foreign + cleared).map(|index| item(index, home, true)))
        .collect()
}

/// What is drawn for a customer for a purpose; every fact has a purpose of its own.
pub(crate) fn draw(number: u32, purpose: u64) -> u64 {
    mix(u64::from(number) << 8 | purpose)
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring numbers over all 64 bits.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn ids_go_both_ways() {
        assert_eq!(id(123), "C-000123");
        assert_eq!(number("C-000123"), Some(123));
        for other in ["C-123", "000123", "C-00012x", ""] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn some_share_a_phone_and_nobody_an_e_mail_address_or_a_contact() {
        let all: Vec<Customer> = (1..=10_000).map(Customer::of).collect();
        let mut by_phone: HashMap<&str, Vec<u32>> = HashMap::new();
        for customer in &all {
            by_phone.entry(&customer.phone).or_default().push(customer.number);
        }
        let shared: Vec<_> = by_phone.values().filter(|numbers| numbers.len() > 1).collect();
        assert!(shared.iter().all(|numbers| numbers.len() == 2));
        let share = 2.0 * shared.len() as f64 / all.len() as f64;
        assert!((share * SHARED_PHONES as f64 - 1.0).abs() < 0.2, "{share}");
        assert!(shared.iter().any(|numbers| numbers[1] <= 500), "a small day has them as well");
        let distinct = |text: fn(&Customer) -> String| all.iter().map(text).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|customer| customer.email.clone()), all.len());
        assert_eq!(distinct(|customer| customer.contact_id.to_string()), all.len());
        assert_eq!(Customer::of(68).email, "o'neill.68@ember.example");
        assert!(all.iter().all(|customer| customer.email.is_ascii()));
    }

    #[test]
    fn every_case_a_profile_must_handle_occurs() {
        let all: Vec<Customer> = (1..=500).map(Customer::of).collect();
        let count = |matches: fn(&Customer) -> bool| all.iter().filter(|customer| matches(customer)).count();
        assert!((70..130).contains(&count(|customer| customer.tier == Some("GOLD"))));
        assert!(count(|customer| customer.tier.is_none()) > 20);
        assert!(count(|customer| customer.balance() == Balance::None) > 5);
        assert!(count(|customer| customer.balance() == Balance::Several) > 5);
        assert!(
            count(|customer| matches!(customer.balance(), Balance::Single { currency: "USD", .. })) > 100
        );
        assert!(count(|customer| customer.open_tickets == 0) > 100);
        assert!(count(|customer| customer.last_activity_days.is_none()) > 10);
        assert!(count(|customer| customer.name.contains('\'')) > 10);
    }
}
