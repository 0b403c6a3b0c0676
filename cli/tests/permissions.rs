//! What `trunkline doctor` and `trunkline target` say of an account that lacks permissions.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use trunkline_load::numbers::Numbering;
use trunkline_simulators::{Credentials, FaultProfile, Sandbox, SandboxSettings, System};

struct World {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = SandboxSettings {
            numbering: Numbering::Shared,
            credentials: Some(Credentials::kept_in(folder.path()).unwrap()),
            latency: BTreeMap::new(),
            ..SandboxSettings::default()
        };
        let sandbox = Sandbox::start(settings).await.unwrap();
        let at = &sandbox.addresses;
        let text = format!(
            "[kafka]\nbrokers = \"127.0.0.1:1\"\n[registry]\nurl = \"http://127.0.0.1:1\"\n\
             [enrichment]\ntargets = [\"salesforce\", \"sap\", \"servicenow\"]\n\
             [targets.salesforce]\nsystem = \"salesforce\"\norg = \"acme\"\nbase_url = \"{0}\"\n\
             token_url = \"{0}/services/oauth2/token\"\nclient_id = \"trunkline-salesforce\"\n\
             client_secret = \"file:salesforce-client-secret\"\n\
             [targets.sap]\nsystem = \"sap\"\norg = \"acme\"\nbase_url = \"{1}\"\nusername = \"TRUNKLINE\"\n\
             password = \"file:sap-password\"\n\
             [targets.servicenow]\nsystem = \"servicenow\"\norg = \"acme\"\nbase_url = \"{2}\"\n\
             token_url = \"{2}/oauth_token.do\"\nclient_id = \"trunkline-servicenow\"\n\
             client_secret = \"file:servicenow-client-secret\"\n\
             [targets.cxone]\nsystem = \"cxone\"\norg = \"acme\"\ntoken_url = \"{3}/auth/token\"\n\
             client_id = \"trunkline-cxone\"\nclient_secret = \"file:cxone-client-secret\"\n\
             access_key_id = \"{4}\"\naccess_key_secret = \"file:cxone-access-key-secret\"\n",
            at.salesforce, at.sap, at.servicenow, at.cxone_auth, sandbox.credentials.cxone_access_key_id
        );
        std::fs::write(folder.path().join("trunkline.toml"), text).unwrap();
        Self { sandbox, folder }
    }

    /// The account may not call these paths, nor see these objects and fields.
    fn lacks(&self, system: System, forbidden: &[&str], hidden: &[&str]) {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let fault =
            FaultProfile { forbidden: texts(forbidden), hidden: texts(hidden), ..FaultProfile::default() };
        self.sandbox.set_fault(system, fault);
    }

    /// What `doctor` says of each thing that it tried: whether it is well, and why not.
    async fn doctor(&self) -> BTreeMap<String, (bool, String)> {
        let said = self.run(&["doctor", "--json"]).await;
        let report: Value = serde_json::from_slice(&said.stdout).unwrap();
        let probe = |probe: &Value| {
            let text = |name: &str| probe[name].as_str().unwrap().to_owned();
            (text("name"), (probe["ok"].as_bool().unwrap(), text("detail")))
        };
        report["probes"].as_array().unwrap().iter().map(probe).collect()
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let folder = self.folder.path().to_owned();
        tokio::task::spawn_blocking(move || trunkline(&folder, &arguments)).await.unwrap()
    }
}

fn trunkline(folder: &Path, arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("TRUNKLINE_CONFIG")
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_of_each_target_what_its_account_lacks() {
    let world = World::start().await;
    let said = world.doctor().await;
    for system in ["salesforce", "sap", "servicenow"] {
        for what in ["target", "mapping", "lookups"] {
            let (is_well, detail) = &said[&format!("{what} {system}")];
            assert!(is_well, "{what} {system}: {detail}");
        }
    }
    assert!(said["target cxone"].0, "{said:?}");
    assert!(said["lookups sap"].1.ends_with("is not found by number, phone, email"), "{said:?}");

    // Nothing at all of Salesforce and CXone; SAP's open items, but no business partner; ServiceNow's statistics, but
    // neither its users nor its dictionary.
    world.lacks(System::Salesforce, &["/services/data"], &[]);
    world.lacks(System::Cxone, &["/"], &[]);
    world.lacks(System::Sap, &["/sap/opu/odata/sap/API_BUSINESS_PARTNER"], &[]);
    world.lacks(System::ServiceNow, &["/api/now/table"], &[]);
    let said = world.doctor().await;
    for (probe, is_well, parts) in [
        ("target salesforce", false, ["403 INSUFFICIENT_ACCESS", "OAuth scope 'api'"]),
        ("target cxone", false, ["(403): Forbidden", "view digital channels"]),
        ("target sap", true, ["takes our credentials", "200"]),
        ("mapping sap", true, ["not checked", "403 /IWFND/MED/022"]),
        ("lookups sap", false, ["by phone", "B_BUPA_RLT"]),
        ("mapping servicenow", true, ["not checked", "403"]),
        ("lookups servicenow", false, ["by phone", "read access (ACL) to the tables"]),
    ] {
        let (found, detail) = &said[probe];
        assert!(
            *found == is_well && parts.iter().all(|part| detail.contains(part)),
            "{probe}: {found} {detail}"
        );
    }

    // Fields that are hidden, and that nobody says so.
    world.lacks(System::Salesforce, &[], &["Account.LastActivityDate"]);
    world.lacks(System::ServiceNow, &[], &["sys_user.email"]);
    let said = world.doctor().await;
    for (probe, parts) in [
        ("mapping salesforce", ["profile.fields.lastInteractionDate", "that the account may read"]),
        ("lookups salesforce", ["No such column 'LastActivityDate'", "field-level security"]),
        ("mapping servicenow", ["profile.email", "'email' that the account may read"]),
    ] {
        let (is_well, detail) = &said[probe];
        assert!(!is_well && parts.iter().all(|part| detail.contains(part)), "{probe}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn target_describe_and_try_say_what_the_account_needs() {
    let world = World::start().await;
    world.lacks(System::Sap, &["/sap/opu/odata/sap"], &[]);
    world.lacks(System::ServiceNow, &[], &["sys_user.email"]);
    for (arguments, parts) in [
        (
            ["target", "describe", "sap"].as_slice(),
            ["its account needs: the same as for lookups", "No authorization"],
        ),
        (&["target", "describe", "servicenow"], ["'email' that the account may read", "read access (ACL)"]),
        (
            &["target", "try", "sap", "--customer", "1"],
            ["lookups need: a communication arrangement", "S_SERVICE"],
        ),
    ] {
        let output = world.run(arguments).await;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{arguments:?}: {said}");
    }
}
