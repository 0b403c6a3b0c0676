//! The three CRMs as the sandbox plays them, and lookups there.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trunkline_config::{Config, load};
use trunkline_connect::{Depth, Directory, Found, FoundCustomer, LookupError, ProfileKey, Role};
use trunkline_load::numbers::Numbering;
use trunkline_simulators::{Credentials, OwnField, Sandbox, SandboxSettings};

/// A sandbox, and a configuration of the three CRMs.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
}

impl World {
    pub(crate) async fn start(own_fields: Vec<OwnField>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Some(Credentials::kept_in(folder.path()).unwrap());
        let settings = SandboxSettings {
            // One number finds the customer in every system.
            numbering: Numbering::Shared,
            credentials,
            own_fields,
            latency: BTreeMap::new(),
            ..SandboxSettings::default()
        };
        Self { sandbox: Sandbox::start(settings).await.unwrap(), folder }
    }

    /// The three CRMs, with these sections more.
    pub(crate) fn directory(&self, sections: &str) -> Directory {
        Directory::from_config(&self.config(sections), Role::Enrichment).unwrap()
    }

    pub(crate) fn config(&self, sections: &str) -> Config {
        let at = &self.sandbox.addresses;
        let text = format!(
            "[kafka]\nbrokers = \"a:9092\"\n[registry]\nurl = \"http://localhost:1\"\n\
             [enrichment]\ntargets = [\"salesforce\", \"sap\", \"servicenow\"]\n\
             [targets.salesforce]\nsystem = \"salesforce\"\norg = \"acme\"\nbase_url = \"{0}\"\n\
             token_url = \"{0}/services/oauth2/token\"\nclient_id = \"trunkline-salesforce\"\n\
             client_secret = \"file:salesforce-client-secret\"\n\
             [targets.sap]\nsystem = \"sap\"\norg = \"acme\"\nbase_url = \"{1}\"\nusername = \"TRUNKLINE\"\n\
             password = \"file:sap-password\"\n\
             [targets.servicenow]\nsystem = \"servicenow\"\norg = \"acme\"\nbase_url = \"{2}\"\n\
             token_url = \"{2}/oauth_token.do\"\nclient_id = \"trunkline-servicenow\"\n\
             client_secret = \"file:servicenow-client-secret\"\n{sections}",
            at.salesforce, at.sap, at.servicenow
        );
        let path = self.folder.path().join("trunkline.toml");
        std::fs::write(&path, text).unwrap();
        load(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }
}

pub(crate) async fn find(directory: &Directory, target: &str, key: ProfileKey) -> Result<Found, LookupError> {
    let deadline = Instant::now() + Duration::from_secs(30);
    directory.find_customer(target, &key, Depth::Profile, deadline, None, &mut |_| ()).await
}

pub(crate) async fn one(directory: &Directory, target: &str, key: ProfileKey) -> FoundCustomer {
    match find(directory, target, key).await {
        Ok(Found::One(customer)) => customer,
        other => panic!("{target}: {other:?}"),
    }
}
