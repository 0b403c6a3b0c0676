//! Who may ask the simulators for tokens.

use std::io;
use std::path::Path;

use trunkline_load::secret_file::{keep, random_secret};

use crate::rsa_key;

/// Client ids and secrets of all systems. The ids are fixed, the secrets are made anew unless given.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Genesys OAuth client.
    pub genesys_client_id: String,
    /// Its secret.
    pub genesys_client_secret: String,
    /// CXone OAuth client.
    pub cxone_client_id: String,
    /// Its secret.
    pub cxone_client_secret: String,
    /// CXone access key.
    pub cxone_access_key_id: String,
    /// Its secret.
    pub cxone_access_key_secret: String,
    /// Salesforce connected app.
    pub salesforce_client_id: String,
    /// Its secret.
    pub salesforce_client_secret: String,
    /// RSA key of the certificate that the connected app knows, in PEM.
    pub salesforce_private_key: String,
    /// The user whom assertions signed with it may be about.
    pub salesforce_username: String,
    /// SAP communication user.
    pub sap_username: String,
    /// Its password.
    pub sap_password: String,
    /// SAP OAuth client.
    pub sap_client_id: String,
    /// Its secret.
    pub sap_client_secret: String,
    /// ServiceNow OAuth client; also accepted as a Basic user.
    pub servicenow_client_id: String,
    /// Its secret.
    pub servicenow_client_secret: String,
}

impl Credentials {
    /// Credentials with random secrets of 192 bits, and one RSA key a process.
    #[must_use]
    pub fn random() -> Self {
        Self {
            genesys_client_id: "trunkline-genesys".into(),
            genesys_client_secret: random_secret(),
            cxone_client_id: "trunkline-cxone".into(),
            cxone_client_secret: random_secret(),
            cxone_access_key_id: "TRUNKLINEACCESSKEY".into(),
            cxone_access_key_secret: random_secret(),
            salesforce_client_id: "trunkline-salesforce".into(),
            salesforce_client_secret: random_secret(),
            salesforce_private_key: rsa_key::random(),
            salesforce_username: "trunkline@acme.example".into(),
            sap_username: "TRUNKLINE".into(),
            sap_password: random_secret(),
            sap_client_id: "trunkline-sap".into(),
            sap_client_secret: random_secret(),
            servicenow_client_id: "trunkline-servicenow".into(),
            servicenow_client_secret: random_secret(),
        }
    }

    /// The secrets, each with the name of the file that keeps it.
    #[must_use]
    pub fn secrets(&self) -> [(&'static str, &str); 8] {
        [
            ("genesys-client-secret", &self.genesys_client_secret),
            ("cxone-client-secret", &self.cxone_client_secret),
            ("cxone-access-key-secret", &self.cxone_access_key_secret),
            ("salesforce-client-secret", &self.salesforce_client_secret),
            ("salesforce-private-key", &self.salesforce_private_key),
            ("sap-password", &self.sap_password),
            ("sap-client-secret", &self.sap_client_secret),
            ("servicenow-client-secret", &self.servicenow_client_secret),
        ]
    }

    /// Takes each secret from its file in `directory`, or writes it there when the file does not exist.
    ///
    /// # Errors
    /// When a file can be neither read nor written.
    pub fn kept_in(directory: &Path) -> io::Result<Self> {
        let mut credentials = Self::random();
        let fields = [
            ("genesys-client-secret", &mut credentials.genesys_client_secret),
            ("cxone-client-secret", &mut credentials.cxone_client_secret),
            ("cxone-access-key-secret", &mut credentials.cxone_access_key_secret),
            ("salesforce-client-secret", &mut credentials.salesforce_client_secret),
            ("salesforce-private-key", &mut credentials.salesforce_private_key),
            ("sap-password", &mut credentials.sap_password),
            ("sap-client-secret", &mut credentials.sap_client_secret),
            ("servicenow-client-secret", &mut credentials.servicenow_client_secret),
        ];
        for (name, secret) in fields {
            *secret = keep(directory, name, secret)?;
        }
        Ok(credentials)
    }
}

/// Prints the ids and hides the secrets.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("genesys_client_id", &self.genesys_client_id)
            .field("cxone_client_id", &self.cxone_client_id)
            .field("salesforce_client_id", &self.salesforce_client_id)
            .field("sap_username", &self.sap_username)
            .field("servicenow_client_id", &self.servicenow_client_id)
            .finish_non_exhaustive()
    }
}
