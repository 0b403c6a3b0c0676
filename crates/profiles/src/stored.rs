//! A profile as its owner keeps it in state: what was fetched, when, the timer by which it is looked at again, and
//! which customer of each system it is about.
//!
//! State is kept for as long as a deployment lives, and postcard has no names: what is kept has the fields of the first
//! build, in their order, and the identities behind it. A build that knows of no identities passes over them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use trunkline_schemas::{CustomerProfile, ProfileSource, SystemIdentity};

/// A profile, and when the systems were last asked for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) profile: CustomerProfile,
    /// UTC milliseconds.
    pub(crate) attempted_at: i64,
}

/// A profile as read from state, or to be written there again.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProfile {
    pub(crate) entry: Entry,
    /// The hour (since the epoch) at which it is looked at again.
    pub timer_hour: i64,
}

/// What is kept before the identities.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    customer_id: String,
    account_name: Option<String>,
    loyalty_tier: Option<String>,
    #[serde(with = "trunkline_schemas::money::option")]
    balance: Option<Decimal>,
    currency: Option<String>,
    open_tickets: Option<i32>,
    last_interaction_date: Option<i64>,
    source_systems: Vec<String>,
    sources: Vec<ProfileSource>,
    last_updated: i64,
    attempted_at: i64,
    timer_hour: i64,
}

// === impl StoredProfile ===

impl StoredProfile {
    /// Appends the bytes to keep to what is there.
    ///
    /// # Errors
    /// When a value does not fit its format.
    pub fn encode(&self, kept: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        let profile = self.entry.profile.clone();
        let before = Kept {
            customer_id: profile.customer_id,
            account_name: profile.account_name,
            loyalty_tier: profile.loyalty_tier,
            balance: profile.balance,
            currency: profile.currency,
            open_tickets: profile.open_tickets,
            last_interaction_date: profile.last_interaction_date,
            source_systems: profile.source_systems,
            sources: profile.sources,
            last_updated: profile.last_updated,
            attempted_at: self.entry.attempted_at,
            timer_hour: self.timer_hour,
        };
        let kept = postcard::to_extend(&before, kept)?;
        postcard::to_extend(&profile.identities, kept)
    }

    /// Reads kept bytes back, also those of builds that knew of no identities.
    ///
    /// # Errors
    /// When they are not what was kept.
    pub fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let (kept, rest): (Kept, &[u8]) = postcard::take_from_bytes(bytes)?;
        let identities: Vec<SystemIdentity> =
            if rest.is_empty() { Vec::new() } else { postcard::from_bytes(rest)? };
        let profile = CustomerProfile {
            customer_id: kept.customer_id,
            account_name: kept.account_name,
            loyalty_tier: kept.loyalty_tier,
            balance: kept.balance,
            currency: kept.currency,
            open_tickets: kept.open_tickets,
            last_interaction_date: kept.last_interaction_date,
            source_systems: kept.source_systems,
            sources: kept.sources,
            last_updated: kept.last_updated,
            identities,
        };
        let entry = Entry { profile, attempted_at: kept.attempted_at };
        Ok(Self { entry, timer_hour: kept.timer_hour })
    }

    /// When the systems were last asked; UTC milliseconds.
    pub fn attempted_at(&self) -> i64 {
        self.entry.attempted_at
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::{Resolution, SourceStatus};

    use super::*;

    fn profile() -> CustomerProfile {
        let source = ProfileSource {
            system: "sap".to_owned(),
            status: SourceStatus::Ok,
            fetched_at: Some(7),
            latency_ms: None,
        };
        let identity = SystemIdentity {
            system: "sap".to_owned(),
            target: "erp".to_owned(),
            resolution: Resolution::Exact,
            found_by: Some("phone".to_owned()),
            record_id: None,
            number: Some("1000001".to_owned()),
            candidates: Some(1),
            resolved_at: Some(6),
            settings: Some("5f".to_owned()),
        };
        CustomerProfile {
            customer_id: "C-1".to_owned(),
            account_name: Some("Ada".to_owned()),
            loyalty_tier: None,
            balance: Some(Decimal::new(12_345, 2)),
            currency: Some("EUR".to_owned()),
            open_tickets: Some(2),
            last_interaction_date: Some(-5),
            source_systems: vec!["sap".to_owned()],
            sources: vec![source],
            last_updated: 8,
            identities: vec![identity],
        }
    }

    #[test]
    fn what_is_kept_is_read_back_by_this_build_and_by_those_without_identities() {
        let entry = Entry { profile: profile(), attempted_at: 9 };
        let stored = StoredProfile { entry, timer_hour: 10 };
        let kept = stored.encode(Vec::new()).unwrap();
        assert_eq!(StoredProfile::decode(&kept).as_ref(), Ok(&stored));

        // What builds without identities kept: the profile as it was, when it was asked for, and the timer.
        let (_, behind): (Kept, &[u8]) = postcard::take_from_bytes(&kept).unwrap();
        let without = &kept[..kept.len() - behind.len()];
        let mut expected = stored.clone();
        expected.entry.profile.identities.clear();
        assert_eq!(StoredProfile::decode(without), Ok(expected));
        let begins = [&[3][..], b"C-1", &[1, 3], b"Ada", &[0]].concat();
        assert_eq!(without[..begins.len()], begins);

        for cut in 0..without.len() {
            assert!(StoredProfile::decode(&without[..cut]).is_err(), "{cut}");
        }
    }
}
