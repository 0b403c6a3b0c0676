//! SAP S/4HANA: the balance of a customer.

use std::time::Duration;

use crate::{
    ApiVersion, Capabilities, ClientAuthentication, Limits, Login, ProfileField, QueryLanguage, Rate,
    StandardProfile, StandardRelated,
};

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "sap",
    limits: Limits {
        // A cautious share of what an organisation may call.
        default_rate: Rate { calls: 10, per: Duration::from_secs(1) },
        window: None,
    },
    logins: &[Login::Basic, Login::ClientCredentials],
    client_authentication: ClientAuthentication::Header,
    // Every service has a path of its own, which tells its version.
    api_version: ApiVersion::InPaths,
    probe: Some(
        "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube?$top=1&$format=json",
    ),
    probe_permissions: "a communication arrangement for API_OPLACCTGDOCITEMCUBE_SRV (cloud), or S_SERVICE for it, and \
                        display for documents of the company codes (F_BKPF_BUK)",
    profile_fields: &[ProfileField::Balance],
    profile_classes: &["business_partner", "open_items"],
    standard_profile: Some(&BUSINESS_PARTNERS),
    contacts_class: None,
    contacts_permissions: "",
    sources_class: None,
    operations: &[],
};

/// Business partners, whose addresses have the phone numbers and e-mail addresses, and their open items as customers.
const BUSINESS_PARTNERS: StandardProfile = StandardProfile {
    language: QueryLanguage::OData,
    object: "API_BUSINESS_PARTNER/A_BusinessPartner",
    id: "BusinessPartner",
    key: "Customer",
    phone: &["A_AddressPhoneNumber/InternationalPhoneNumber"],
    email: &["A_AddressEmailAddress/EmailAddress"],
    fields: &[],
    readable: &[ProfileField::AccountName, ProfileField::LoyaltyTier],
    permissions: "a communication arrangement for the services (cloud), or S_SERVICE for them, and display for business \
                  partners (B_BUPA_RLT) and for documents of the company codes (F_BKPF_BUK)",
    describe_permissions: "the same as for lookups: $metadata belongs to each service",
    related: Some(StandardRelated {
        name: "items",
        object: "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube",
        key: "Customer",
        // D: an item of a customer's account, which may be a supplier's as well.
        filter: "FinancialAccountType eq 'D' and ClearingAccountingDocument eq ''",
        money: Some(("AmountInCompanyCodeCurrency", "CompanyCodeCurrency")),
    }),
};
