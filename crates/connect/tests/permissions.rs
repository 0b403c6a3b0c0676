//! Permissions that an account lacks at the simulated systems: what is said of it, and what becomes of a profile.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

mod sandboxed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use trunkline_connect::{Found, ProfileKey};
use trunkline_load::customers::Customer;
use trunkline_profiles::{AskedSource, Profiles, merge};
use trunkline_schemas::{EnrichmentStatus, SourceStatus};
use trunkline_simulators::{FaultProfile, OwnField, System};
use trunkline_systems::ProfileField;

use crate::sandboxed::{World, find};

const TARGETS: [&str; 3] = ["salesforce", "sap", "servicenow"];

/// The loyalty tier is a field that the organisation added.
const SECTIONS: &str =
    "[targets.salesforce.profile]\nfields = { accountName = \"Name\", loyaltyTier = \"LoyaltyTier__c\" }\n";

/// What an account may not do, and what is said of it.
struct Case {
    system: System,
    fault: FaultProfile,
    /// In what the lookup says.
    said: &'static str,
    /// In what is to be done about it.
    advice: &'static str,
}

fn cases() -> Vec<Case> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let forbidden = |path: &str| FaultProfile { forbidden: texts(&[path]), ..FaultProfile::default() };
    let hidden = |what: &[&str]| FaultProfile { hidden: texts(what), ..FaultProfile::default() };
    let (fields, acl) = ("field-level security", "read access (ACL)");
    let services = "/sap/opu/odata/sap/";
    let cases = [
        (
            System::Salesforce,
            forbidden("/services/data"),
            "403 INSUFFICIENT_ACCESS",
            "lacks a permission or a scope",
        ),
        (System::Salesforce, hidden(&["Account.LoyaltyTier__c"]), "No such column 'LoyaltyTier__c'", fields),
        (System::Salesforce, hidden(&["Account"]), "400 INVALID_TYPE", fields),
        (System::Sap, forbidden(services), "403 /IWFND/MED/022): No authorization to access", "S_SERVICE"),
        (System::ServiceNow, forbidden("/api/now"), "(403): Failed API level ACL Validation", acl),
        (System::ServiceNow, hidden(&["sys_user.user_name"]), "field 'user_name' is not in the answer", acl),
    ];
    cases.into_iter().map(|(system, fault, said, advice)| Case { system, fault, said, advice }).collect()
}

#[tokio::test]
async fn what_an_account_may_not_do_is_said_with_what_it_needs_and_costs_that_part_alone() {
    let world = World::start(OwnField::of_the_sandbox()).await;
    let config = world.config(SECTIONS);
    let customer = Customer::of(1);
    // By the phone every system reads a record.
    let key = || ProfileKey::Phone(customer.phone.clone());
    for Case { system, fault, said, advice } in cases() {
        let (name, case) = (system.as_str(), format!("{system} {fault:?}"));
        let directory = world.directory(SECTIONS);
        world.sandbox.set_fault(system, fault);
        let error = find(&directory, name, key()).await.unwrap_err();
        assert!(error.to_string().contains(said), "{case}: {error}");
        let advised = error.advice(&config.targets[name]).unwrap();
        assert!(advised.contains(advice), "{case}: {advised}");

        let deadline = Instant::now() + Duration::from_secs(30);
        let parts = directory.profile_parts(&customer.phone, &[], deadline, None, None, &|| 5).await;
        for part in &parts {
            let lacks = part.source == name;
            assert_eq!(part.status == SourceStatus::Error, lacks, "{case}: {part:?}");
            assert_eq!(
                part.identity.is_none(),
                lacks,
                "who it is at {} was not found out: {case}",
                part.source
            );
        }
        // The event goes out with what the others say.
        let asked = |name: &&str| AskedSource {
            name: Arc::from(*name),
            system: Arc::from(*name),
            freshness_ms: 60_000,
        };
        let mut profiles =
            Profiles::new(60_000, 10, ProfileField::ALL.into()).asking(TARGETS.iter().map(asked).collect());
        profiles.learn(merge(&customer.phone, &parts, 5), 5);
        let at_hand = profiles.at_hand(&customer.phone, 6);
        assert_eq!(at_hand.enrichment.status, EnrichmentStatus::Partial, "{case}");
        assert!(at_hand.profile.is_some(), "{case}");
        world.sandbox.set_fault(system, FaultProfile::default());
    }
    assert!(matches!(find(&world.directory(SECTIONS), "sap", key()).await, Ok(Found::One(_))));
}

#[tokio::test]
async fn a_description_leaves_out_what_the_account_may_not_read() {
    let world = World::start(OwnField::of_the_sandbox()).await;
    let directory = world.directory(SECTIONS);
    let deadline = || Instant::now() + Duration::from_secs(30);
    for (system, hidden, setting, said) in [
        (
            System::Salesforce,
            "Account.LoyaltyTier__c",
            "profile.fields.loyaltyTier",
            "object 'Account' has no field 'LoyaltyTier__c' that the account may read",
        ),
        (
            System::Salesforce,
            "Account",
            "profile.key",
            "there is no object 'Account' that the account may read",
        ),
        (
            System::ServiceNow,
            "sys_user.mobile_phone",
            "profile.phone",
            "object 'sys_user' has no field 'mobile_phone' that the account may read",
        ),
        (
            System::ServiceNow,
            "incident.caller_id",
            "profile.tickets.key",
            "object 'incident' has no relation 'caller_id'",
        ),
    ] {
        let name = system.as_str();
        let complete = directory.describe(name, deadline()).await.unwrap();
        assert!(complete.checked.iter().all(|checked| checked.wrong.is_none()), "{complete:?}");
        let fault = FaultProfile { hidden: vec![hidden.to_owned()], ..FaultProfile::default() };
        world.sandbox.set_fault(system, fault);
        let described = directory.describe(name, deadline()).await.unwrap();
        let wrong = described.checked.iter().filter(|checked| checked.setting == setting);
        let wrong: Vec<&str> = wrong.filter_map(|checked| checked.wrong.as_deref()).collect();
        assert!(wrong.iter().any(|wrong| wrong.starts_with(said)), "{hidden}: {described:?}");
        world.sandbox.set_fault(system, FaultProfile::default());
    }
}
