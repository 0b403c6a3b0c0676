//! How a customer is looked up in a system: the addresses to ask, and what their answers say.
//!
//! Pure; `profile_part` does the asking.

use serde_json::Value;
use trunkline_profiles::ProfileData;

use crate::encode::Unsafe;

/// How a system is asked about a customer.
pub(crate) struct ProfileLookup {
    /// Path and query of the first page, for a customer's number.
    pub(crate) path: fn(&str) -> Result<String, Unsafe>,
    /// What the pages so far say; the base URL is that of the target.
    pub(crate) read: fn(&[Value], &str) -> Result<Found, Unreadable>,
    /// What a 404 says.
    pub(crate) not_found: fn() -> Option<ProfileData>,
}

/// What the pages so far say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// There is another page, at this path.
    NextPage(String),
    /// All there is; `None` when the system does not know the customer.
    All(Option<ProfileData>),
}

/// An answer is not what the system's interface promises: what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);
