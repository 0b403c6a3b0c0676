//! Customers at the simulated systems, by each kind of key: in the standard products, and in an organisation's own
//! objects and fields.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

mod sandboxed;

use std::time::{Duration, Instant};

use trunkline_connect::{Found, ProfileKey};
use trunkline_load::customers::{Balance, Customer};
use trunkline_schemas::{Resolution, SourceStatus};
use trunkline_simulators::{Fact, OwnField, System};

use crate::sandboxed::{World, find, one};

/// One with a tier, open items in one currency and a ticket.
fn somebody() -> Customer {
    let has_all = |customer: &Customer| {
        customer.tier.is_some()
            && customer.open_tickets > 0
            && matches!(customer.balance(), Balance::Single { .. })
    };
    (1..500).map(Customer::of).find(has_all).unwrap()
}

#[tokio::test]
async fn every_kind_of_key_leads_to_the_same_customer_of_the_standard_products() {
    let world = World::start(Vec::new()).await;
    let directory = world.directory("");
    let customer = somebody();
    for key in [ProfileKey::Number(customer.id.clone()), ProfileKey::Phone(customer.phone.clone())] {
        let account = one(&directory, "salesforce", key.clone()).await;
        assert_eq!(account.data.account_name.as_ref(), Some(&customer.name));
        assert_eq!(account.data.loyalty_tier, None);
        let by_id =
            one(&directory, "salesforce", ProfileKey::RecordId(account.record_id.clone().unwrap())).await;
        assert_eq!(by_id, account);
        assert_eq!(one(&directory, "sap", key.clone()).await.data.balances.len(), 1);
        let tickets = one(&directory, "servicenow", key).await.data.open_tickets;
        assert_eq!(tickets, i32::try_from(customer.open_tickets).ok());
    }
    let email = || ProfileKey::Email(customer.email.clone());
    assert_eq!(one(&directory, "sap", email()).await.number.as_ref(), Some(&customer.id));
    assert_eq!(one(&directory, "servicenow", email()).await.number.as_ref(), Some(&customer.id));
    let refused = find(&directory, "salesforce", email()).await.unwrap_err();
    assert!(refused.to_string().contains("[targets.salesforce.profile]"), "{refused}");
    for target in ["salesforce", "sap", "servicenow"] {
        let nobody = find(&directory, target, ProfileKey::Phone("+4930123456".to_owned())).await;
        assert!(matches!(nobody, Ok(Found::None)), "{target}: {nobody:?}");
    }
}

#[tokio::test]
async fn an_organisations_own_objects_and_fields_make_the_same_profile() {
    let own = |object, name, fact| OwnField::new(System::Salesforce, object, name, Some(fact));
    let world = World::start(vec![
        own("Client__c", "Debtor__c", Fact::Number),
        own("Client__c", "Status__c", Fact::Tier),
        own("Client__c", "Seen__c", Fact::LastActivity),
    ])
    .await;
    let directory = world.directory(
        r#"
[targets.salesforce.profile]
object = "Client__c"
key = "Debtor__c"
filter = "IsDeleted = false"
[targets.salesforce.profile.fields]
accountName = "Name"
loyaltyTier = "Status__c"
lastInteractionDate = "Seen__c"
[targets.servicenow.profile.tickets]
object = "sn_customerservice_case"
key = "account.number"
filter = "active=true"
[targets.sap.profile.items]
amount = "AmountInTransactionCurrency"
currency = "TransactionCurrency"
"#,
    );
    let customer = somebody();
    let found = one(&directory, "salesforce", ProfileKey::Number(customer.id.clone())).await;
    assert_eq!(found.data.loyalty_tier.as_deref(), customer.tier);
    let found = one(&directory, "servicenow", ProfileKey::Number(customer.id.clone())).await;
    assert_eq!(found.data.open_tickets, i32::try_from(customer.open_tickets).ok());
    assert_eq!(one(&directory, "sap", ProfileKey::Number(customer.id)).await.data.balances.len(), 1);
}

#[tokio::test]
async fn what_a_system_does_not_have_is_an_error_and_no_unknown_customer() {
    let world = World::start(Vec::new()).await;
    for sections in [
        "[targets.salesforce.profile]\nkey = \"CustomerNumber__c\"\n",
        "[targets.salesforce.profile]\nobject = \"Nonsense__c\"\nkey = \"Name\"\nfields = { accountName = \"Name\" }\n",
    ] {
        let directory = world.directory(sections);
        let deadline = Instant::now() + Duration::from_secs(30);
        let parts = directory.profile_parts("Customer", &[], deadline, None, None, &|| 5).await;
        assert_eq!(parts[0].status, SourceStatus::Error, "{sections}");
        assert_ne!(parts[2].status, SourceStatus::Error, "the others answer");
    }
}

#[tokio::test]
async fn a_key_that_many_records_share_chooses_none_of_them() {
    let world = World::start(Vec::new()).await;
    let directory =
        world.directory("[targets.salesforce.profile]\nkey = \"Type\"\nfilter = \"Phone != null\"\n");
    let deadline = Instant::now() + Duration::from_secs(30);
    let parts = directory.profile_parts("Customer", &[], deadline, None, None, &|| 5).await;
    let identity = parts[0].identity.as_ref().unwrap();
    assert_eq!((parts[0].status, identity.resolution), (SourceStatus::NotFound, Resolution::Ambiguous));
    assert!(identity.candidates.is_some_and(|candidates| candidates > 1), "{identity:?}");
    assert_eq!(parts[0].data.account_name, None);
}

#[tokio::test]
async fn a_value_of_another_type_is_told_by_its_field() {
    let world = World::start(Vec::new()).await;
    let directory =
        world.directory("[targets.salesforce.profile]\nfields = { accountName = \"IsDeleted\" }\n");
    let error = find(&directory, "salesforce", ProfileKey::Number(somebody().id)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "salesforce: the answer cannot be read: field 'IsDeleted' is true or false, must be a text"
    );
}
