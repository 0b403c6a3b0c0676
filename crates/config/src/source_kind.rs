//! Which platform and transport a source is.

use std::fmt;

/// Which platform and transport a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Genesys Cloud events through Amazon EventBridge API destinations.
    GenesysEventBridge,
    /// Genesys Cloud Open Messaging outbound webhooks.
    GenesysOpenMessaging,
    /// NICE CXone Digital events.
    CxoneDigital,
    /// REST actions of NICE CXone Studio scripts.
    CxoneStudio,
    /// Genesys Cloud data actions that post, of flows or of workflows that a trigger started.
    GenesysDataAction,
    /// Lifecycle of agent desktops, from their browsers.
    DesktopSdk,
    /// Changes of records in Salesforce (Change Data Capture), as a relay posts them.
    SalesforceCdc,
    /// Changes of records in ServiceNow, as a business rule posts them.
    ServiceNowChange,
    /// Changes of objects in SAP S/4HANA: CloudEvents of SAP Event Mesh.
    SapChange,
    /// Whatever else posts JSON: the configuration says how it is read.
    Custom,
}

/// How the payloads of a kind are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadBy {
    /// By an adapter of this program, and its schema.
    Adapter,
    /// By a table of where the fields of an event stand.
    EventTable,
    /// As changes of a CRM's records, by a table of where a change stands.
    ChangeTable,
}

// === impl SourceKind ===

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::GenesysEventBridge,
        Self::GenesysOpenMessaging,
        Self::CxoneDigital,
        Self::CxoneStudio,
        Self::GenesysDataAction,
        Self::DesktopSdk,
        Self::SalesforceCdc,
        Self::ServiceNowChange,
        Self::SapChange,
        Self::Custom,
    ];

    /// As written in the configuration, for instance `genesys-eventbridge`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GenesysEventBridge => "genesys-eventbridge",
            Self::GenesysOpenMessaging => "genesys-open-messaging",
            Self::CxoneDigital => "cxone-digital",
            Self::CxoneStudio => "cxone-studio",
            Self::GenesysDataAction => "genesys-data-action",
            Self::DesktopSdk => "desktop-sdk",
            Self::SalesforceCdc => "salesforce-cdc",
            Self::ServiceNowChange => "servicenow-change",
            Self::SapChange => "sap-change",
            Self::Custom => "custom",
        }
    }

    /// How its payloads are read.
    pub fn read_by(self) -> ReadBy {
        match self {
            Self::GenesysEventBridge | Self::GenesysOpenMessaging | Self::CxoneDigital => ReadBy::Adapter,
            Self::SalesforceCdc | Self::ServiceNowChange | Self::SapChange => ReadBy::ChangeTable,
            Self::CxoneStudio | Self::GenesysDataAction | Self::DesktopSdk | Self::Custom => {
                ReadBy::EventTable
            }
        }
    }

    /// Whether it says by itself how its payloads are read; if not, each source has to.
    pub fn is_read_without_settings(self) -> bool {
        !matches!(self, Self::Custom | Self::DesktopSdk)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
