//! What targets are asked for: `[targets.NAME.profile]`, `api_version`, `headers`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use trunkline_config::{Config, ProfileMapping, Target};
use trunkline_systems::{ProfileField, System};

/// A configuration with one target, of this system and with these lines more.
fn text(system: &str, lines: &str) -> String {
    format!(
        "allow_env_secrets = true\n[kafka]\nbrokers = \"a:1\"\n[registry]\nurl = \"http://localhost:1\"\n\
         [targets.one]\nsystem = \"{system}\"\norg = \"acme\"\nbase_url = \"https://x.example\"\n\
         token_url = \"https://x.example/token\"\nclient_id = \"id\"\nclient_secret = \"env:PATH\"\n{lines}"
    )
}

fn read(system: &str, lines: &str) -> Result<Target, String> {
    let config: Config =
        trunkline_config::parse(&text(system, lines), "trunkline.toml").map_err(|m| m.to_string())?;
    Ok(config.targets["one"].clone())
}

fn mapping(system: &str, lines: &str) -> ProfileMapping {
    read(system, lines).unwrap().profile.unwrap()
}

#[test]
fn without_a_mapping_the_standard_product_is_asked() {
    let salesforce = mapping("salesforce", "");
    assert_eq!(Some(salesforce.clone()), ProfileMapping::standard(System::Salesforce));
    assert_eq!(
        (salesforce.record.object.as_str(), salesforce.record.key.as_str()),
        ("Account", "AccountNumber")
    );
    assert!(!salesforce.record.fields.contains_key(&ProfileField::LoyaltyTier), "it has no field for a tier");
    assert!(mapping("sap", "").related.is_some_and(|items| items.money.is_some()));
    assert!(
        mapping("servicenow", "")
            .related
            .is_some_and(|tickets| tickets.filter.as_deref() == Some("active=true"))
    );
    assert_eq!(read("genesys", "").unwrap().profile, None);
    assert_eq!(read("salesforce", "").unwrap().api_root(), "/services/data/v60.0");
}

#[test]
fn another_object_is_described_in_full() {
    let target = read(
        "salesforce",
        r#"
        api_version = "v62.0"
        [targets.one.headers]
        Sforce-Query-Options = "batchSize=200"
        [targets.one.profile]
        object = "Contact"
        key = "Account.ERP_Number__c"
        phone = ["Phone", "MobilePhone"]
        email = ["Email"]
        filter = "IsDeleted = false AND (Kind__c = 'B2B' OR Kind__c = 'B2C')"
        [targets.one.profile.fields]
        accountName = "Account.Name"
        loyaltyTier = "Status__c"
        "#,
    )
    .unwrap();
    assert_eq!(target.api_root(), "/services/data/v62.0");
    assert_eq!(target.headers["sforce-query-options"], "batchSize=200");
    let record = target.profile.unwrap().record;
    assert_eq!(record.phone, ["Phone", "MobilePhone"]);
    assert_eq!(record.fields[&ProfileField::LoyaltyTier], "Status__c");
    assert_eq!(record.fields.len(), 2, "what is not named is not read");
}

#[test]
fn what_belongs_to_a_customer_has_its_own_table() {
    let lines = "[targets.one.profile.tickets]\nobject = \"sn_customerservice_case\"\nkey = \"account.number\"\n\
                 filter = \"active=true^state!=3\"\n";
    let tickets = mapping("servicenow", lines).related.unwrap();
    assert_eq!(
        (tickets.object.as_str(), tickets.key.as_str()),
        ("sn_customerservice_case", "account.number")
    );
    let lines = "[targets.one.profile]\nkey = \"YY1_Number\"\nphone = [\"A_BPAddressIndependentPhone/PhoneNumber\"]\n\
                 [targets.one.profile.items]\ncurrency = \"TransactionCurrency\"\n";
    let sap = mapping("sap", lines);
    assert_eq!(sap.related.unwrap().money.unwrap().currency, "TransactionCurrency");
    assert_eq!(sap.record.object, "API_BUSINESS_PARTNER/A_BusinessPartner");
}

#[test]
fn every_mistake_says_what_is_meant() {
    for (system, lines, said) in [
        ("salesforce", "api_version = \"62\"", "must be a version such as 'v62.0'"),
        ("sap", "api_version = \"v2\"", "its paths have their versions in them"),
        ("genesys", "[targets.one.profile]\nkey = \"x\"", "system 'genesys' has no customer profiles"),
        (
            "salesforce",
            "[targets.one.profile]\nobject = \"Account, Contact\"",
            "must be the API name of an object",
        ),
        ("salesforce", "[targets.one.profile]\nobject = \"Contact\"", "field 'key' is missing"),
        (
            "salesforce",
            "[targets.one.profile]\nobject = \"Contact\"\nkey = \"X__c\"",
            "needs a table 'fields'",
        ),
        (
            "salesforce",
            "[targets.one.profile]\nkey = \"Name FROM Account\"",
            "must be the API name of a field",
        ),
        ("salesforce", "[targets.one.profile]\nphone = [\"Phone\", \"\"]", "must not be empty"),
        ("salesforce", "[targets.one.profile]\nfilter = \"a = 1) OR (b = 2\"", "closes a parenthesis"),
        ("salesforce", "[targets.one.profile.fields]\nacountName = \"Name\"", "did you mean 'accountName'?"),
        ("salesforce", "[targets.one.profile]\nfields = {}", "nothing is read of a customer"),
        ("salesforce", "[targets.one.profile.items]\nkey = \"x\"", "unknown field 'items'"),
        ("sap", "[targets.one.profile]\nobject = \"A_BusinessPartner\"", "must be 'SERVICE/ENTITY_SET'"),
        ("sap", "[targets.one.profile]\nkey = \"to_Customer.Customer\"", "must be the name of a property"),
        (
            "sap",
            "[targets.one.profile.fields]\nlastInteractionDate = \"X\"",
            "unknown field 'lastInteractionDate'",
        ),
        ("servicenow", "[targets.one.profile.tickets]\nfilter = \"a=1^NQb=2\"", "begins another query"),
        ("servicenow", "[targets.one.profile.tickets]\nobject = \"u_x\"", "field 'key' is missing"),
        ("servicenow", "[targets.one.profile]\ntickets = false", "nothing is read of a customer"),
        ("sap", "[targets.one.headers]\nAuthorization = \"Basic x\"", "requests have their own"),
        ("sap", "[targets.one.headers]\nAPIKey = \"x\"", "looks like a secret"),
        ("sap", "[targets.one.headers]\nsap-client = 100", "must be a string"),
    ] {
        let mistakes = read(system, lines).unwrap_err();
        assert!(mistakes.contains(said), "{lines}: {mistakes}");
    }
}
