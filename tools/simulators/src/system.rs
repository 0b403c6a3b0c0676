//! The systems that the sandbox simulates.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the simulated systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// Genesys Cloud CX: login host and API host.
    Genesys,
    /// NICE CXone: authentication host and API host.
    Cxone,
    /// Salesforce REST API.
    Salesforce,
    /// SAP S/4HANA, OData version 2.
    Sap,
    /// ServiceNow table and aggregate APIs.
    ServiceNow,
}

impl System {
    /// Every system.
    pub const ALL: [Self; 5] = [Self::Genesys, Self::Cxone, Self::Salesforce, Self::Sap, Self::ServiceNow];

    /// Lower-case name, as in paths, audit entries and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genesys => "genesys",
            Self::Cxone => "cxone",
            Self::Salesforce => "salesforce",
            Self::Sap => "sap",
            Self::ServiceNow => "servicenow",
        }
    }

    /// Whether it can hide a part of what it has from a user who may call it, instead of refusing the call: Salesforce
    /// objects and fields, ServiceNow fields of tables. SAP refuses a service, the others an endpoint.
    #[must_use]
    pub fn hides(self, hidden: &str) -> bool {
        match self {
            Self::Salesforce => true,
            Self::ServiceNow => hidden.contains('.'),
            Self::Genesys | Self::Cxone | Self::Sap => false,
        }
    }

    /// The system of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.as_str() == name)
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
