//! Which of a system's customers a profile is about.

use serde::{Deserialize, Serialize};

/// Which of one system's customers a profile is about, and how that was found out. Unknown is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemIdentity {
    /// `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// Configured name of the target: there may be two of one system.
    pub target: String,
    /// What the search came to.
    pub resolution: Resolution,
    /// What the customer was found by, or several were: `number`, `phone`, `email` or `record id`.
    #[serde(default)]
    pub found_by: Option<String>,
    /// The system's own id of the customer's record.
    #[serde(default)]
    pub record_id: Option<String>,
    /// The customer's number in the system.
    #[serde(default)]
    pub number: Option<String>,
    /// How many customers there were to choose from, up to as many as are read.
    #[serde(default)]
    pub candidates: Option<i32>,
    /// When that was found out; UTC milliseconds.
    #[serde(default)]
    pub resolved_at: Option<i64>,
    /// Fingerprint of the settings that it was found under: what was found under others is not used.
    #[serde(default)]
    pub settings: Option<String>,
}

/// What a search for a customer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Resolution {
    /// A symbol this build does not know.
    Unknown,
    /// Exactly one customer.
    Exact,
    /// Several, of whom none was chosen.
    Ambiguous,
    /// None.
    None,
}

// === impl Resolution ===

impl Resolution {
    /// For labels of metrics: `exact`, `ambiguous`, `none`, `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Exact => "exact",
            Self::Ambiguous => "ambiguous",
            Self::None => "none",
        }
    }
}
