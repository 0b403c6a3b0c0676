//! A profile as its owner keeps it in state: what was fetched, when, the timer by which it is looked at again, and
//! which customer of each system it is about.
//!
//! State is kept for as long as a deployment lives, and postcard has no names: what is kept has the fields of the first
//! build, in their order, the identities behind it, and the parts of the sources behind those. A build that does not
//! know of the one or the other passes over it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use trunkline_schemas::{CustomerProfile, ProfileSource, SourcePart, SourceStatus, SystemIdentity};

use crate::flat;

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
    sources: Vec<KeptSource>,
    last_updated: i64,
    attempted_at: i64,
    timer_hour: i64,
}

/// What came of asking a source, as the first build kept it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptSource {
    system: String,
    status: SourceStatus,
    fetched_at: Option<i64>,
    latency_ms: Option<i64>,
}

/// A part, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct KeptPart {
    source: String,
    system: String,
    status: SourceStatus,
    asked_at: i64,
    latency_ms: Option<i64>,
    fetched_at: Option<i64>,
    change_offset: Option<i64>,
    account_name: Option<String>,
    loyalty_tier: Option<String>,
    #[serde(with = "trunkline_schemas::money::map")]
    balances: BTreeMap<String, Decimal>,
    open_tickets: Option<i32>,
    last_interaction: Option<i64>,
    values: BTreeMap<String, String>,
}

// === impl StoredProfile ===

impl StoredProfile {
    /// Appends the bytes to keep to what is there.
    ///
    /// # Errors
    /// When a value does not fit its format.
    pub fn encode(self, kept: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        let profile = self.entry.profile;
        let before = Kept {
            customer_id: profile.customer_id,
            account_name: profile.account_name,
            loyalty_tier: profile.loyalty_tier,
            balance: profile.balance,
            currency: profile.currency,
            open_tickets: profile.open_tickets,
            last_interaction_date: profile.last_interaction_date,
            source_systems: profile.source_systems,
            sources: profile.sources.into_iter().map(KeptSource::from).collect(),
            last_updated: profile.last_updated,
            attempted_at: self.entry.attempted_at,
            timer_hour: self.timer_hour,
        };
        let kept = postcard::to_extend(&before, kept)?;
        let kept = postcard::to_extend(&profile.identities, kept)?;
        let parts: Vec<KeptPart> = profile.parts.into_iter().map(KeptPart::from).collect();
        postcard::to_extend(&parts, kept)
    }

    /// Reads kept bytes back, also those of builds that knew of no identities or of no parts.
    ///
    /// # Errors
    /// When they are not what was kept.
    pub fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let (kept, rest): (Kept, &[u8]) = postcard::take_from_bytes(bytes)?;
        let (identities, rest): (Vec<SystemIdentity>, &[u8]) =
            if rest.is_empty() { (Vec::new(), rest) } else { postcard::take_from_bytes(rest)? };
        let Kept { attempted_at, timer_hour, last_interaction_date, last_updated, .. } = kept;
        let parts = match rest {
            [] => flat::parts_of(&kept.profile(), attempted_at),
            parts => {
                let parts: Vec<KeptPart> = postcard::from_bytes(parts)?;
                parts.into_iter().map(SourcePart::from).collect()
            }
        };
        let customer_id = kept.customer_id;
        let profile = flat::profile(customer_id, parts, identities, last_interaction_date, last_updated);
        let entry = Entry { profile, attempted_at };
        Ok(Self { entry, timer_hour })
    }

    /// Of kept bytes, the hour (since the epoch) at which the profile is looked at again: what stands in front of its
    /// identities and parts is all that is read.
    ///
    /// # Errors
    /// When they do not begin as what was kept.
    pub fn timer_hour_of(bytes: &[u8]) -> Result<i64, postcard::Error> {
        postcard::take_from_bytes(bytes).map(|(kept, _): (Kept, &[u8])| kept.timer_hour)
    }

    /// When the systems were last asked; UTC milliseconds.
    pub fn attempted_at(&self) -> i64 {
        self.entry.attempted_at
    }
}

// === impl Kept ===

impl Kept {
    /// The profile as builds without parts had it.
    fn profile(&self) -> CustomerProfile {
        let source = |source: &KeptSource| ProfileSource {
            system: source.system.clone(),
            status: source.status,
            fetched_at: source.fetched_at,
            latency_ms: source.latency_ms,
            source: None,
        };
        CustomerProfile {
            customer_id: self.customer_id.clone(),
            account_name: self.account_name.clone(),
            loyalty_tier: self.loyalty_tier.clone(),
            balance: self.balance,
            currency: self.currency.clone(),
            open_tickets: self.open_tickets,
            last_interaction_date: self.last_interaction_date,
            source_systems: self.source_systems.clone(),
            sources: self.sources.iter().map(source).collect(),
            last_updated: self.last_updated,
            identities: Vec::new(),
            balances: BTreeMap::new(),
            values: BTreeMap::new(),
            parts: Vec::new(),
        }
    }
}

// === impl KeptSource ===

impl From<ProfileSource> for KeptSource {
    fn from(source: ProfileSource) -> Self {
        let ProfileSource { system, status, fetched_at, latency_ms, .. } = source;
        Self { system, status, fetched_at, latency_ms }
    }
}

// === impl KeptPart ===

impl From<SourcePart> for KeptPart {
    fn from(part: SourcePart) -> Self {
        Self {
            source: part.source,
            system: part.system,
            status: part.status,
            asked_at: part.asked_at,
            latency_ms: part.latency_ms,
            fetched_at: part.fetched_at,
            change_offset: part.change_offset,
            account_name: part.account_name,
            loyalty_tier: part.loyalty_tier,
            balances: part.balances,
            open_tickets: part.open_tickets,
            last_interaction: part.last_interaction_date,
            values: part.values,
        }
    }
}

impl From<KeptPart> for SourcePart {
    fn from(part: KeptPart) -> Self {
        Self {
            source: part.source,
            system: part.system,
            status: part.status,
            asked_at: part.asked_at,
            latency_ms: part.latency_ms,
            fetched_at: part.fetched_at,
            change_offset: part.change_offset,
            account_name: part.account_name,
            loyalty_tier: part.loyalty_tier,
            balances: part.balances,
            open_tickets: part.open_tickets,
            last_interaction_date: part.last_interaction,
            values: part.values,
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::Resolution;

    use super::*;

    fn profile(source: &str) -> CustomerProfile {
        let part = SourcePart {
            source: source.to_owned(),
            system: "sap".to_owned(),
            status: SourceStatus::Timeout,
            asked_at: 9,
            latency_ms: None,
            fetched_at: Some(7),
            change_offset: None,
            account_name: None,
            loyalty_tier: None,
            balances: [("EUR".to_owned(), Decimal::new(12_345, 2))].into(),
            open_tickets: None,
            last_interaction_date: None,
            values: BTreeMap::new(),
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
        flat::profile("C-1".to_owned(), vec![part], vec![identity], Some(-5), 8)
    }

    fn stored(source: &str) -> StoredProfile {
        StoredProfile { entry: Entry { profile: profile(source), attempted_at: 9 }, timer_hour: 10 }
    }

    /// How long what builds kept was that knew of no identities, and of those that knew of no parts.
    fn earlier(kept: &[u8]) -> [usize; 2] {
        let (_, behind): (Kept, &[u8]) = postcard::take_from_bytes(kept).unwrap();
        let (_, parts): (Vec<SystemIdentity>, &[u8]) = postcard::take_from_bytes(behind).unwrap();
        [kept.len() - behind.len(), kept.len() - parts.len()]
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let stored = stored("erp");
        let kept = stored.clone().encode(Vec::new()).unwrap();
        assert_eq!(StoredProfile::decode(&kept).as_ref(), Ok(&stored));
        let ends = earlier(&kept);
        for cut in (0..kept.len()).filter(|cut| !ends.contains(cut)) {
            assert!(StoredProfile::decode(&kept[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_earlier_builds_kept_has_the_fields_of_each_system_as_its_part() {
        let kept = stored("sap").encode(Vec::new()).unwrap();
        let [without_identities, without_parts] = earlier(&kept);
        let mut expected = stored("sap");
        assert_eq!(StoredProfile::decode(&kept[..without_parts]).as_ref(), Ok(&expected));
        expected.entry.profile.identities.clear();
        assert_eq!(StoredProfile::decode(&kept[..without_identities]).as_ref(), Ok(&expected));
        // The customer, no name, no tier, a balance of 12.3450 in euros.
        let begins = [&[3][..], b"C-1", &[0, 0, 1]].concat();
        assert_eq!(kept[..begins.len()], begins);
    }
}
